//! The way forward.

use super::{Kept, Pass};
use crate::bf16::blur::Blur;
use crate::bf16::line::{Line, Wide, vectorised};
use crate::bf16::network::Conv;
use crate::bf16::norm::{Beside, Moments, Norm, positive, rectified};
use crate::bf16::pool::Winners;
use crate::bf16::product::At;
use crate::bf16::tile::Sums;

impl Pass<'_> {
    /// In evaluation mode, normalisation folded into weights: `relu(sum + shift + beside)`, or
    /// without the ReLU.
    fn folded(
        &mut self,
        conv: usize,
        input: &[Line],
        norm: &Norm,
        beside: Option<&[Line]>,
        rectifies: bool,
    ) -> Vec<Line> {
        let finish = |at: At, sums: &mut Sums, out: &mut [Line], _: &mut ()| {
            vectorised(
                #[inline(always)]
                || {
                    for i in 0..at.images {
                        let row = &mut sums[i];
                        if let Some(beside) = beside {
                            let beside = &beside[at.line + i];
                            row.update(|sum, lane| sum + beside.at(lane));
                        }
                        let (row, shift) = (&*row, &norm.shift[at.block]);
                        out[i] = match rectifies {
                            true => Line::of(|lane| positive(row.0[lane] + shift.0[lane])),
                            false => Line::of(|lane| row.0[lane] + shift.0[lane]),
                        };
                    }
                    out[at.images..].fill(Line::default());
                },
            );
        };
        self.convolve(conv, input, Some(&norm.scale), finish).0
    }

    /// In training mode: what is to be normalised, and by what.
    fn observed(&mut self, conv: usize, input: &[Line], running: &mut [Wide]) -> (Vec<Line>, Norm) {
        let finish = |at: At, sums: &mut Sums, out: &mut [Line], notes: &mut Moments| {
            vectorised(
                #[inline(always)]
                || {
                    notes.observe(sums, at.images);
                    out.iter_mut().zip(&*sums).for_each(|(out, row)| *out = row.nearest());
                },
            );
        };
        let (raw, moments) = self.convolve(conv, input, None, finish);
        let spec = &self.network.convs[conv];
        let affine = [&spec.gamma, &spec.beta].map(|range| &self.parameters[range.clone()]);
        let samples = self.plan.taps[conv].forward.outputs() * self.images.count;
        let moments = Moments::total(moments.into_iter());
        let norm = Norm::of_batch(&moments, samples, affine, &mut running[spec.running.clone()]);
        (raw, norm)
    }

    /// Forward in evaluation mode, by running statistics.
    pub fn evaluate(&mut self, input: Vec<Line>, running: &[Wide]) -> Kept {
        let norm = |conv: &Conv| {
            let (mean, variance) = running[conv.running.clone()].split_at(conv.running.len() / 2);
            let [gamma, beta] =
                [&conv.gamma, &conv.beta].map(|range| &self.parameters[range.clone()]);
            Norm::new(mean, variance, gamma, beta)
        };
        let norms: Vec<Norm> = self.network.convs.iter().map(norm).collect();
        let mut kept = Kept::of(input, self.network);
        let stem = self.folded(0, &kept.input, &norms[0], None, true);
        (kept.stem, kept.winners) = self.pooled(stem, None);
        self.blur_stem(&mut kept);
        let network = self.network;
        for (i, block) in network.blocks.iter().enumerate() {
            let shortcut = block
                .shortcut
                .map(|conv| self.folded(conv, kept.before(i), &norms[conv], None, false));
            kept.blocks.push(Vec::new());
            for (j, &conv) in block.body.iter().enumerate() {
                self.blur_before(j, i, &mut kept);
                let input = kept.input(i, block, j);
                let last = j + 1 == block.body.len();
                let beside = last.then(|| shortcut.as_deref().unwrap_or(kept.before(i)));
                let out = self.folded(conv, input, &norms[conv], beside, true);
                kept.blocks[i].push(out);
            }
            shortcut.into_iter().for_each(|lines| self.memory.give(lines));
        }
        kept.norms = norms;
        kept
    }

    /// Forward in training mode, from which running statistics learn.
    pub fn train(&mut self, input: Vec<Line>, running: &mut [Wide]) -> Kept {
        let mut kept = Kept::of(input, self.network);
        let (raw, norm) = self.observed(0, &kept.input, running);
        (kept.stem, kept.winners) = if self.plan.pool.is_some() {
            self.pooled_of(&raw, Some(&norm))
        } else {
            let mut stem = self.memory.take(raw.len());
            rectified(&mut stem, &raw, &norm, Beside::Nothing, self.images);
            (stem, Vec::new())
        };
        self.blur_stem(&mut kept);
        kept.raw.push(raw);
        kept.norms.push(norm);
        let network = self.network;
        for (i, block) in network.blocks.iter().enumerate() {
            kept.blocks.push(Vec::new());
            let shortcut = block.shortcut.map(|conv| self.observed(conv, kept.before(i), running));
            for (j, &conv) in block.body.iter().enumerate() {
                self.blur_before(j, i, &mut kept);
                let input = kept.input(i, block, j);
                let (raw, norm) = self.observed(conv, input, running);
                let beside = match (j + 1 == block.body.len(), &shortcut) {
                    (false, _) => Beside::Nothing,
                    (true, Some((raw, norm))) => Beside::Normalised(raw, norm),
                    (true, None) => Beside::Value(kept.before(i)),
                };
                let mut out = self.memory.take(raw.len());
                rectified(&mut out, &raw, &norm, beside, self.images);
                kept.blocks[i].push(out);
                kept.raw.push(raw);
                kept.norms.push(norm);
            }
            if let Some((raw, norm)) = shortcut {
                kept.raw.push(raw);
                kept.norms.push(norm);
            }
        }
        kept
    }

    /// Blurs what the pooling gave, where a blur follows it.
    fn blur_stem(&mut self, kept: &mut Kept) {
        if let Some(blur) = &self.plan.stem_blur {
            let blurred = self.blurred(blur, &kept.stem);
            kept.pooled = std::mem::replace(&mut kept.stem, blurred);
        }
    }

    /// Blurs what a block's newest convolution gave, where convolution `conv` reads that blurred.
    fn blur_before(&mut self, conv: usize, block: usize, kept: &mut Kept) {
        let blur = self.plan.blurs[block].as_ref();
        let blur = blur.filter(|_| self.network.blocks[block].blur_after == Some(conv));
        if let (Some(blur), Some(x)) = (blur, kept.blocks[block].last()) {
            kept.blurred[block] = self.blurred(blur, x);
        }
    }

    fn blurred(&mut self, blur: &Blur, x: &[Line]) -> Vec<Line> {
        let blocks = x.len() / blur.inputs() / self.images.rows();
        let mut out = self.memory.take(blur.outputs() * blocks * self.images.rows());
        blur.forward(&mut out, x, blocks, self.images);
        out
    }

    /// What follows the stem's ReLU: nothing, or a pooling.
    fn pooled(&mut self, x: Vec<Line>, norm: Option<&Norm>) -> (Vec<Line>, Vec<Winners>) {
        if self.plan.pool.is_none() {
            return (x, Vec::new());
        }
        let pooled = self.pooled_of(&x, norm);
        self.memory.give(x);
        pooled
    }

    fn pooled_of(&mut self, x: &[Line], norm: Option<&Norm>) -> (Vec<Line>, Vec<Winners>) {
        let Some(pool) = &self.plan.pool else { return Default::default() };
        let blocks = self.network.convs[0].filter.blocks()[1];
        let len = pool.outputs() * blocks * self.images.rows();
        let (mut out, mut winners) = (self.memory.take(len), vec![Winners::default(); len]);
        pool.forward(&mut out, &mut winners, x, norm, blocks, self.images);
        (out, winners)
    }
}
