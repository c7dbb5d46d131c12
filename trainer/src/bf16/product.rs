//! Convolutions' outputs and the gradients of their inputs: sums over taps.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use rayon::prelude::*;

use super::line::{LANES, Line, Wide};
use super::taps::Taps;
use super::tile::{SIDE, Step, Sums, Unit};

/// Bytes of input that a part of the work reads, which should stay in a core's second cache.
const NEAR: usize = 512 << 10;

/// Parts of the work at least, where there are as many places.
const PARTS: usize = 16;

/// What multiplies, with a count of what it did.
pub struct Multiplier {
    pub unit: Unit,
    flops: AtomicU64,
    nanoseconds: AtomicU64,
}

/// Products that were computed, with all that is computed while a sum is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Multiplications and additions; what tiles have in excess of a network's channels counts.
    pub flops: u64,
    /// Time in them.
    pub seconds: f64,
}

/// A batch on the way through a network: 32 images at a time, filled up with images of zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Images {
    pub count: usize,
}

impl Images {
    /// Groups of 32.
    pub fn groups(self) -> usize {
        self.count.div_ceil(SIDE)
    }

    /// With those that fill the last group.
    pub fn rows(self) -> usize {
        self.groups() * SIDE
    }

    /// Images of a group.
    pub fn of_group(self, group: usize) -> usize {
        self.count.saturating_sub(group * SIDE).min(SIDE)
    }
}

/// Sums over taps: `[input place][input block][images]` lines times weights `[output block][tap][input block]`.
#[derive(Clone, Copy)]
pub struct Product<'a> {
    pub taps: &'a Taps,
    pub input: &'a [Line],
    pub weights: &'a [Line],
    /// Lines of channels, in and out.
    pub blocks: [usize; 2],
    pub images: Images,
}

/// Which sums were computed: of 32 images, of a line of the output's channels, at a place.
#[derive(Clone, Copy, Debug)]
pub struct At {
    pub place: usize,
    pub block: usize,
    pub group: usize,
    /// Where the 32 lines begin in `[place][block][images]`.
    pub line: usize,
    /// Images among the 32 that are in the batch: what the others get must be zero.
    pub images: usize,
}

impl Multiplier {
    pub fn new(unit: Unit) -> Self {
        Self { unit, flops: AtomicU64::new(0), nanoseconds: AtomicU64::new(0) }
    }

    /// What was counted since the last call.
    pub fn take(&self) -> Tally {
        let flops = self.flops.swap(0, Ordering::Relaxed);
        Tally { flops, seconds: self.nanoseconds.swap(0, Ordering::Relaxed) as f64 * 1e-9 }
    }

    /// Counts `products` of 32 by 32 by 32, and the time of `work`.
    pub(super) fn count<R>(&self, products: usize, work: impl FnOnce() -> R) -> R {
        let started = Instant::now();
        let result = work();
        self.nanoseconds.fetch_add(started.elapsed().as_nanos() as u64, Ordering::Relaxed);
        self.flops.fetch_add((products * 2 * LANES * LANES * LANES) as u64, Ordering::Relaxed);
        result
    }

    /// Computes all sums; `finish` makes of each the 32 lines of the output, and may add to the
    /// notes of its part of the work and output block, which are returned part by part. What a part is
    /// follows from the sizes alone, so that sums of notes are the same on any number of cores.
    pub fn run<T: Send, N: Clone + Default + Send>(
        &self,
        product: Product<'_>,
        out: &mut [T],
        finish: impl Fn(At, &mut Sums, &mut [T], &mut N) + Sync,
    ) -> Vec<Vec<N>> {
        let Product { taps, input, weights, blocks: [inputs, outputs], images } = product;
        let place_lines = inputs * images.rows();
        assert_eq!(input.len(), taps.inputs * place_lines, "lines of the input");
        assert_eq!(out.len(), taps.outputs() * outputs * images.rows(), "lines of the output");
        let near = NEAR / (place_lines * size_of::<Line>());
        let part = near.min(taps.outputs().div_ceil(PARTS)).max(1);
        let of_a_block = taps.weights * inputs * SIDE;
        let compute = |(number, out): (usize, &mut [T])| {
            let first = number * part;
            let count = out.len() / (outputs * images.rows());
            let (steps, ends) = steps(product, first..first + count);
            let mut notes = vec![N::default(); outputs];
            let mut sums = [Wide::default(); SIDE];
            for (block, notes) in notes.iter_mut().enumerate() {
                let weights = &weights[block * of_a_block..][..of_a_block];
                for (i, ends) in ends.windows(2).enumerate() {
                    let steps = &steps[ends[0]..ends[1]];
                    for group in 0..images.groups() {
                        let input = &input[group * SIDE..];
                        self.unit.accumulate(&mut sums, true, input, weights, steps);
                        let line = (i * outputs + block) * images.rows() + group * SIDE;
                        let place = first + i;
                        let at = At {
                            place,
                            block,
                            group,
                            line: first * outputs * images.rows() + line,
                            images: images.of_group(group),
                        };
                        finish(at, &mut sums, &mut out[line..line + SIDE], notes);
                    }
                }
            }
            notes
        };
        let work = || {
            let parts = out.par_chunks_mut(part * outputs * images.rows()).enumerate();
            parts.map(compute).collect()
        };
        self.count(taps.count() * inputs * outputs * images.groups(), work)
    }
}

/// The steps of places one after another, for the first group and output block, and where each
/// place's begin and end.
fn steps(product: Product<'_>, places: std::ops::Range<usize>) -> (Vec<Step>, Vec<usize>) {
    let (Product { taps, blocks: [inputs, _], images, .. }, mut steps) = (product, Vec::new());
    let mut ends = vec![0];
    for place in places {
        for tap in taps.of(place) {
            let (a, b) = (tap.place * inputs * images.rows(), tap.weight * inputs * SIDE);
            let block =
                |i: usize| Step { a: (a + i * images.rows()) as u32, b: (b + i * SIDE) as u32 };
            steps.extend((0..inputs).map(block));
        }
        ends.push(steps.len());
    }
    (steps, ends)
}
