//! Max pooling of the stem `imagenet`: 3x3, padding 1; stride 2, or 1 where a blur follows.

use rayon::prelude::*;

use super::line::{Bf16, LANES, Line, alone, vectorised};
use super::norm::{Norm, positive};
use super::product::{At, Images};
use super::taps::{Taps, side_after};
use super::tile::Sums;

/// Which of its window's nine values is the largest, for each lane of a line; the first of several.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Winners([u16; LANES]);

impl Winners {
    /// Takes in another value, where it is larger than the best so far. None is negative, so that
    /// they are ordered as their bits are.
    #[inline(always)]
    fn challenge(&mut self, best: &mut Line, value: Line, number: u16) {
        alone();
        for lane in 0..LANES {
            let (old, new) = (best.0[lane].bits(), value.0[lane].bits());
            best.0[lane] = Bf16::from_bits(if new > old { new } else { old });
            self.0[lane] = if new > old { number } else { self.0[lane] };
        }
    }
}

/// A pooling of maps of one size.
pub struct Pool {
    forward: Taps,
    backward: Taps,
}

impl Pool {
    /// Of maps of `side` by `side`.
    pub fn new(side: usize, stride: usize) -> Self {
        let forward = Taps::convolution(side, 3, stride);
        Self { backward: forward.turned(), forward }
    }

    /// Side of the map after it.
    pub fn side_after(side: usize, stride: usize) -> usize {
        side_after(side, 3, stride)
    }

    /// Places of the map after it.
    pub fn outputs(&self) -> usize {
        self.forward.outputs()
    }

    /// The largest values, and where they were. `x` is normalised and rectified as it is read,
    /// where there is a `norm`; values are not negative.
    pub fn forward(
        &self,
        out: &mut [Line],
        winners: &mut [Winners],
        x: &[Line],
        norm: Option<&Norm>,
        blocks: usize,
        images: Images,
    ) {
        let rows = images.rows();
        let chunks = out.par_chunks_mut(rows).zip(winners.par_chunks_mut(rows)).enumerate();
        chunks.for_each(|(i, (out, winners))| {
            let (place, block) = (i / blocks, i % blocks);
            vectorised(
                #[inline(always)]
                || {
                    let (taps, norm) = (self.forward.of(place), norm.map(|norm| norm.of(block)));
                    let first = taps.first().map_or(0, |tap| tap.weight as u16);
                    out.fill(Line::default());
                    winners.fill(Winners([first; LANES]));
                    for tap in taps {
                        let x = &x[(tap.place * blocks + block) * rows..][..images.count];
                        for row in 0..images.count {
                            let x = &x[row];
                            let x = match norm {
                                Some(norm) => Line::of(|i| positive(norm.at(x, i))),
                                None => *x,
                            };
                            winners[row].challenge(&mut out[row], x, tap.weight as u16);
                        }
                    }
                },
            );
        });
    }

    /// Adds to `sums`, of a place before the pooling, the gradients of the windows that it won.
    pub fn backward(
        &self,
        at: At,
        sums: &mut Sums,
        winners: &[Winners],
        gradient: &[Line],
        blocks: usize,
        images: Images,
    ) {
        vectorised(
            #[inline(always)]
            || {
                for tap in self.backward.of(at.place) {
                    let line = (tap.place * blocks + at.block) * images.rows() + at.group * 32;
                    let rows = gradient[line..].iter().zip(&winners[line..]).take(at.images);
                    for (sums, (gradient, winners)) in sums.iter_mut().zip(rows) {
                        sums.update(|sum, i| {
                            let won = winners.0[i] == tap.weight as u16;
                            sum + if won { gradient.at(i) } else { 0.0 }
                        });
                    }
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bf16::junction::Junction;
    use crate::bf16::tests::{draw, lines_of, rounded};

    /// One channel on a map of 7 by 7, whose values repeat so that windows have ties.
    #[test]
    fn the_first_of_the_largest_gets_the_gradient() {
        let (side, images) = (7, Images { count: 3 });
        let values: Vec<f32> =
            draw(3 * side * side, 1).iter().map(|v| (v * 3.0).round().abs()).collect();
        let x = lines_of(&values, images, 1);
        let pool = Pool::new(side, 2);
        let rows = images.rows();
        let mut out = vec![Line::default(); 16 * rows];
        let mut winners = vec![Winners::default(); out.len()];
        pool.forward(&mut out, &mut winners, &x, None, 1, images);
        let of_out = rounded(&draw(3 * 16, 2));
        let gradient = lines_of(&of_out, images, 1);
        let mut back = vec![Line::default(); x.len()];
        let junction = Junction { active: None, beside: None, norms: [None; 2] };
        junction.pass_all(&mut back, 1, images, |at, sums| {
            pool.backward(at, sums, &winners, &gradient, 1, images);
        });
        for image in 0..3 {
            let mut expected = vec![0.0; side * side];
            for window in 0..16usize {
                let (y, x) = (window / 4 * 2, window % 4 * 2);
                let places = (0..9).filter_map(|tap| {
                    let (y, x) = ((y + tap / 3).checked_sub(1)?, (x + tap % 3).checked_sub(1)?);
                    (y < side && x < side).then_some(y * side + x)
                });
                let of = |place: usize| values[image * side * side + place];
                let best =
                    places.reduce(|best, p| if of(p) > of(best) { p } else { best }).unwrap();
                assert_eq!(out[window * rows + image].0[0].wide(), of(best));
                expected[best] += of_out[image * 16 + window];
            }
            for (place, expected) in expected.iter().enumerate() {
                let found = back[place * rows + image].0[0].wide();
                // At most four windows, then one rounding.
                assert!((found - expected).abs() <= expected.abs() / 256.0 + 1e-6, "{place}");
            }
        }
    }
}
