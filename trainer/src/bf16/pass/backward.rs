//! The way back.

use super::{Kept, Pass};
use crate::bf16::blur::Blur;
use crate::bf16::head::Head;
use crate::bf16::junction::{Junction, Notes};
use crate::bf16::line::{Line, Wide, vectorised};
use crate::bf16::norm::Moments;
use crate::bf16::product::At;
use crate::bf16::tile::{SIDE, Sums};
use crate::bf16::weight_gradient::Learnt;

impl Pass<'_> {
    /// Back from the representation's gradient `[line][image]` to that of the stem's sums, before
    /// their normalisation in training mode, where all gradients of parameters but the last layer's
    /// are written to `learnt`.
    pub fn back(
        &mut self,
        kept: &Kept,
        of_representation: &[Wide],
        mut learnt: Option<&mut [Wide]>,
    ) -> Vec<Line> {
        let (network, plan, images) = (self.network, self.plan, self.images);
        let Some(last) = network.blocks.last() else { return Vec::new() };
        let mut gradient = self.memory.take(kept.last().len());
        let junction =
            Junction { active: Some(kept.last()), beside: None, norms: kept.normed_by(last) };
        let mut notes =
            junction.pass_all(&mut gradient, network.head.blocks, images, |at, sums| {
                Head::spread(of_representation, at, plan.places, images, sums);
            });
        for (i, block) in network.blocks.iter().enumerate().rev() {
            let before = kept.before(i);
            let beside = block.shortcut.map(|conv| {
                let mut of_raw = self.memory.take(gradient.len());
                self.through_norm(
                    conv,
                    kept,
                    &mut of_raw,
                    Some(&gradient),
                    of(&notes, 1),
                    learnt.as_deref_mut(),
                );
                self.learn(conv, before, &of_raw, learnt.as_deref_mut());
                let mut out = self.memory.take(before.len());
                let scale = scale(kept, conv, learnt.is_some());
                self.turn(conv, &of_raw, scale, &mut out, plain);
                self.memory.give(of_raw);
                out
            });
            // What goes past the block unchanged is needed to the block's beginning.
            let mut through = self.memory.take(gradient.len());
            let mut from = Some(&gradient);
            for (j, &conv) in block.body.iter().enumerate().rev() {
                self.through_norm(
                    conv,
                    kept,
                    &mut through,
                    from.take().map(Vec::as_slice),
                    of(&notes, 0),
                    learnt.as_deref_mut(),
                );
                let input = kept.input(i, block, j);
                self.learn(conv, input, &through, learnt.as_deref_mut());
                let mut next = self.memory.take(input.len());
                let norms = match (j, i) {
                    (0, 0) if plan.pool.is_some() => [None, None],
                    (0, 0) => [kept.normed(0), None],
                    (0, _) => kept.normed_by(&network.blocks[i - 1]),
                    _ => [kept.normed(block.body[j - 1]), None],
                };
                let beside = (j == 0).then(|| beside.as_deref().unwrap_or(&gradient));
                let scale = scale(kept, conv, learnt.is_some());
                let blur = plan.blurs[i].as_ref().filter(|_| block.blur_after == Some(j));
                let active = if blur.is_some() { &kept.blocks[i][j - 1] } else { input };
                let junction = Junction { active: Some(active), beside, norms };
                if let Some(blur) = blur {
                    self.turn(conv, &through, scale, &mut next, plain);
                    let before = self.memory.take(active.len());
                    let after = std::mem::replace(&mut next, before);
                    notes = self.unblurred(blur, &junction, &mut next, &after);
                    self.memory.give(after);
                } else {
                    notes = self.turn(conv, &through, scale, &mut next, |at, sums, out, notes| {
                        junction.pass(at, sums, out, notes);
                    });
                }
                self.memory.give(std::mem::replace(&mut through, next));
            }
            beside.into_iter().for_each(|lines| self.memory.give(lines));
            self.memory.give(std::mem::replace(&mut gradient, through));
        }
        if let Some(blur) = &plan.stem_blur {
            let junction = Junction { active: Some(&kept.pooled), beside: None, norms: [None; 2] };
            let mut out = self.memory.take(kept.pooled.len());
            self.unblurred(blur, &junction, &mut out, &gradient);
            self.memory.give(std::mem::replace(&mut gradient, out));
        }
        if let Some(pool) = &plan.pool {
            let blocks = network.convs[0].filter.blocks()[1];
            let mut out = self.memory.take(self.lines_after(0));
            // The ReLU was passed behind the pooling (and before a blur): a window whose largest value is 0 gives nothing.
            let junction = Junction { active: None, beside: None, norms: [kept.normed(0), None] };
            notes = junction.pass_all(&mut out, blocks, images, |at, sums| {
                pool.backward(at, sums, &kept.winners, &gradient, blocks, images);
            });
            self.memory.give(std::mem::replace(&mut gradient, out));
        }
        if learnt.is_some() {
            self.through_norm(0, kept, &mut gradient, None, of(&notes, 0), learnt.as_deref_mut());
            self.learn(0, &kept.input, &gradient, learnt);
        }
        gradient
    }

    /// The gradient before a blur from that after it.
    fn unblurred(
        &self,
        blur: &Blur,
        junction: &Junction<'_>,
        out: &mut [Line],
        gradient: &[Line],
    ) -> Vec<Vec<Notes>> {
        let images = self.images;
        let blocks = out.len() / blur.inputs() / images.rows();
        junction.pass_all(out, blocks, images, |at, sums| {
            blur.backward(at, sums, gradient, blocks, images);
        })
    }

    /// The gradient of what a convolution gave from that of what its normalisation made of it, which
    /// is in `out`, or in `from` where that is given. In evaluation mode they are the same.
    fn through_norm(
        &mut self,
        conv: usize,
        kept: &Kept,
        out: &mut [Line],
        from: Option<&[Line]>,
        moments: Vec<Moments>,
        learnt: Option<&mut [Wide]>,
    ) {
        match (kept.normed(conv), learnt) {
            (Some((raw, norm)), Some(learnt)) => {
                let spec = &self.network.convs[conv];
                let samples = self.plan.taps[conv].forward.outputs() * self.images.count;
                let both = &mut learnt[spec.gamma.start..spec.beta.end];
                let (of_gamma, of_beta) = both.split_at_mut(spec.gamma.len());
                let back = norm.backward(&moments, samples, [of_gamma, of_beta]);
                back.apply(out, from, raw, self.images);
            }
            _ => from.into_iter().for_each(|from| out.copy_from_slice(from)),
        }
    }

    /// The gradient of a convolution's weights.
    fn learn(
        &mut self,
        conv: usize,
        input: &[Line],
        gradient: &[Line],
        learnt: Option<&mut [Wide]>,
    ) {
        let Some(learnt) = learnt else { return };
        let spec = &self.network.convs[conv];
        let (filter, blocks) = (spec.filter, spec.filter.blocks());
        let (taps, used) = (&self.plan.taps[conv].forward, filter.inputs_that_learn());
        let job = Learnt { taps, input, gradient, blocks, used, images: self.images };
        let out = &mut learnt[spec.weight.clone()];
        if filter.first {
            let mut sums = vec![[Wide::default(); SIDE]; blocks[1] * filter.taps()];
            self.multiplier.learn(job, &mut sums);
            filter.gather(&sums, out);
        } else {
            self.multiplier.learn(job, out.as_chunks_mut().0);
        }
    }

    /// The gradient of the images, after [`Pass::back`] in evaluation mode: `[place][image]` lines of
    /// runs, as the first convolution reads them.
    pub fn of_images(&mut self, kept: &Kept, gradient: &[Line]) -> Vec<Wide> {
        let mut out = vec![Wide::default(); self.plan.taps[0].forward.inputs * self.images.rows()];
        let copy = |_, sums: &mut Sums, out: &mut [Wide], _: &mut ()| out.copy_from_slice(sums);
        self.turn(0, gradient, Some(&kept.norms[0].scale), &mut out, copy);
        out
    }
}

/// Writes sums as they are.
fn plain(at: At, sums: &mut Sums, out: &mut [Line], _: &mut ()) {
    vectorised(
        #[inline(always)]
        || {
            out.iter_mut().zip(&*sums).for_each(|(out, row)| *out = row.nearest());
            out[at.images..].fill(Line::default());
        },
    );
}

/// In evaluation mode, what a convolution's outputs are multiplied with.
fn scale(kept: &Kept, conv: usize, training: bool) -> Option<&[Wide]> {
    (!training).then(|| kept.norms[conv].scale.as_slice())
}

/// All parts' notes for the first or second normalisation.
fn of(notes: &[Vec<Notes>], which: usize) -> Vec<Moments> {
    Moments::total(notes.iter().map(|part| part.iter().map(|notes| notes[which]).collect()))
}
