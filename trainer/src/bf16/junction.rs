//! Where gradients meet: what a product writes on the way back.

use rayon::prelude::*;

use super::line::{Line, Wide, vectorised};
use super::norm::{Moments, Norm};
use super::product::{At, Images};
use super::tile::{SIDE, Sums};

/// The gradient of an activation becomes that of what was rectified: another gradient may come in
/// beside, and the normalisations before it want sums of the result.
#[derive(Clone, Copy)]
pub struct Junction<'a> {
    /// After the ReLU, where there is one.
    pub active: Option<&'a [Line]>,
    pub beside: Option<&'a [Line]>,
    /// What was normalised, and how: of the block's last convolution, then of its shortcut's.
    pub norms: [Option<(&'a [Line], &'a Norm)>; 2],
}

/// Sums for two normalisations.
pub type Notes = [Moments; 2];

impl Junction<'_> {
    /// The 32 lines of a gradient, from its sums.
    pub fn pass(&self, at: At, sums: &mut Sums, out: &mut [Line], notes: &mut Notes) {
        vectorised(
            #[inline(always)]
            || {
                if let Some(beside) = self.beside {
                    let beside = &beside[at.line..][..at.images];
                    for (row, beside) in sums.iter_mut().zip(beside) {
                        row.update(|g, i| g + beside.at(i));
                    }
                }
                if let Some(active) = self.active {
                    for (row, active) in sums.iter_mut().zip(&active[at.line..][..at.images]) {
                        row.update(|g, i| if active.at(i) > 0.0 { g } else { 0.0 });
                    }
                }
                for (out, row) in out.iter_mut().zip(&sums[..at.images]) {
                    *out = row.nearest();
                }
                out[at.images..].fill(Line::default());
                for (norm, moments) in self.norms.iter().zip(notes) {
                    let Some((x, norm)) = norm else { continue };
                    let mean = norm.mean(at.block);
                    let mut both = [Wide::default(); 2];
                    for (row, x) in sums.iter().zip(&x[at.line..][..at.images]) {
                        both[0].update(|sum, i| sum + row.0[i]);
                        both[1].update(|sum, i| sum + row.0[i] * (x.at(i) - mean.0[i]));
                    }
                    moments.add(both);
                }
            },
        );
    }

    /// The gradient of an activation whose sums, of 32 images each, `fill` gives rather than a product.
    pub fn pass_all(
        &self,
        out: &mut [Line],
        blocks: usize,
        images: Images,
        fill: impl Fn(At, &mut Sums) + Sync,
    ) -> Vec<Vec<Notes>> {
        let rows = images.rows();
        let pass = |(place, out): (usize, &mut [Line])| {
            let mut notes = vec![Notes::default(); blocks];
            for (i, out) in out.chunks_exact_mut(SIDE).enumerate() {
                let (block, group) = (i / images.groups(), i % images.groups());
                let line = (place * blocks + block) * rows + group * SIDE;
                let at = At { place, block, group, line, images: images.of_group(group) };
                let mut sums = [Wide::default(); SIDE];
                fill(at, &mut sums);
                self.pass(at, &mut sums, out, &mut notes[block]);
            }
            notes
        };
        out.par_chunks_mut(blocks * rows).enumerate().map(pass).collect()
    }
}
