//! Gradients of convolutions' weights: sums over places and images.

use std::ops::Range;

use rayon::prelude::*;

use super::line::{Line, Wide, vectorised};
use super::product::{Images, Multiplier};
use super::shuffle;
use super::taps::Taps;
use super::tile::{Rows, SIDE, Step, Sums, Unit};

/// Bytes that a strip of the work turns and reads, which should stay in a core's second cache.
const NEAR: usize = 512 << 10;

/// Parts of the work at least.
const PARTS: usize = 8;

/// What a convolution's weights have learnt from.
#[derive(Clone, Copy)]
pub struct Learnt<'a> {
    pub taps: &'a Taps,
    /// `[input place][input block][images]`.
    pub input: &'a [Line],
    /// Of the output, `[output place][output block][images]`.
    pub gradient: &'a [Line],
    /// Lines of channels, in and out.
    pub blocks: [usize; 2],
    /// How many of the input's lines are used.
    pub used: usize,
    pub images: Images,
}

/// Part of the images and of the places.
struct Part {
    groups: Range<usize>,
    places: Range<usize>,
}

impl Multiplier {
    /// Sums of 32 inputs by 32 outputs, `[input block][output block][tap]`.
    ///
    /// The work is divided by blocks of inputs, and where those are few by images and places as
    /// well; how, follows from the sizes alone, so that the sums are the same on any number of cores.
    pub fn learn(&self, learnt: Learnt<'_>, out: &mut [Sums]) {
        let Learnt { taps, blocks: [_, outputs], used, images, .. } = learnt;
        assert_eq!(out.len(), used * outputs * taps.weights, "blocks of weights");
        let shares = (used / 2).clamp(1, PARTS);
        let share = used.div_ceil(shares);
        let parts = parts(images.groups(), taps.outputs(), PARTS.div_ceil(shares));
        let work = || {
            let mut others = vec![vec![[Wide::default(); SIDE]; out.len()]; parts.len() - 1];
            let all = std::iter::once(&mut *out).chain(others.iter_mut().map(Vec::as_mut_slice));
            let jobs: Vec<_> = all
                .zip(&parts)
                .flat_map(|(out, part)| {
                    let shares = out.chunks_mut(share * outputs * taps.weights).enumerate();
                    shares.map(move |(number, out)| (part, number * share, out))
                })
                .collect();
            jobs.into_par_iter().for_each(|(part, first, out)| {
                let count = out.len() / (outputs * taps.weights);
                learn_part(self.unit, learnt, part, first..first + count, out);
            });
            out.par_iter_mut().enumerate().for_each(|(i, out)| {
                for other in &others {
                    for (sum, part) in out.iter_mut().zip(&other[i]) {
                        sum.update(|sum, lane| sum + part.0[lane]);
                    }
                }
            });
        };
        self.count(taps.count() * used * outputs * images.groups(), work);
    }
}

fn parts(groups: usize, places: usize, wanted: usize) -> Vec<Part> {
    let by_groups = wanted.min(groups);
    let by_places = wanted.div_ceil(by_groups).min(places);
    let range = |i: usize, all: usize, parts: usize| i * all / parts..(i + 1) * all / parts;
    let part = |i: usize| Part {
        groups: range(i / by_places, groups, by_groups),
        places: range(i % by_places, places, by_places),
    };
    (0..by_groups * by_places).map(part).collect()
}

/// The part's sums for some blocks of inputs.
///
/// A strip of places is turned at a time: inputs to `[block][place][group]` of 32 channels by 32
/// images, where a place's memory is used again once no strip needs it; of the output's gradient one
/// block after another to pairs of images. All taps then go over the strip, and sums go on from
/// where the strip before left them.
fn learn_part(unit: Unit, learnt: Learnt<'_>, part: &Part, inputs: Range<usize>, out: &mut [Sums]) {
    let Learnt { taps, input, gradient, blocks: [all_inputs, outputs], images, .. } = learnt;
    let a_block = size_of::<Rows>() * (inputs.len() + 1);
    let together = (NEAR / a_block / part.places.len().max(1)).clamp(1, part.groups.len().max(1));
    let strip = (NEAR / a_block / together).max(1);
    let strips: Vec<Range<usize>> = part
        .places
        .clone()
        .step_by(strip)
        .map(|first| first..(first + strip).min(part.places.end))
        .collect();
    // Ends never go back, so that what the ring holds of earlier strips stays until it is left behind.
    let mut end = 0;
    let spans = strips.iter().map(|strip| {
        let span = span(taps, strip.clone());
        end = end.max(span.end);
        span.start..end
    });
    let spans: Vec<Range<usize>> = spans.collect();
    let ring = spans.iter().map(Range::len).max().unwrap_or(0).max(1);
    let mut turned = vec![Line::default(); inputs.len() * ring * together * SIDE];
    let mut pairs = vec![Line::default(); strip.min(part.places.len()) * together * SIDE];
    let mut steps: Vec<Vec<Step>> = vec![Vec::new(); taps.weights];
    let mut fresh = true;
    for first_group in part.groups.clone().step_by(together) {
        let groups = first_group..(first_group + together).min(part.groups.end);
        // Places before this one are turned already.
        let mut next = 0;
        for (places, span) in strips.iter().zip(&spans) {
            for place in span.start.max(next)..span.end {
                for (i, block) in inputs.clone().enumerate() {
                    let from = (place * all_inputs + block) * images.rows();
                    let to = (i * ring + place % ring) * together * SIDE;
                    reorder(&input[from..], groups.clone(), &mut turned[to..], Order::Transposed);
                }
            }
            next = next.max(span.end);
            steps.iter_mut().for_each(Vec::clear);
            for (i, place) in places.clone().enumerate() {
                for tap in taps.of(place) {
                    let (a, b) = (tap.place % ring * together, i * together);
                    let step =
                        |g: usize| Step { a: ((a + g) * SIDE) as u32, b: ((b + g) * SIDE) as u32 };
                    steps[tap.weight].extend((0..groups.len()).map(step));
                }
            }
            for output in 0..outputs {
                for (i, place) in places.clone().enumerate() {
                    let from = (place * outputs + output) * images.rows();
                    let to = &mut pairs[i * together * SIDE..];
                    reorder(&gradient[from..], groups.clone(), to, Order::Paired);
                }
                for (turned, out) in turned
                    .chunks_exact(ring * together * SIDE)
                    .zip(out.chunks_exact_mut(outputs * taps.weights))
                {
                    let out = &mut out[output * taps.weights..][..taps.weights];
                    for (steps, out) in steps.iter().zip(out) {
                        if fresh || !steps.is_empty() {
                            unit.accumulate(out, fresh, turned, &pairs, steps);
                        }
                    }
                }
            }
            fresh = false;
        }
    }
}

/// The input's places that some places of the output need.
fn span(taps: &Taps, places: Range<usize>) -> Range<usize> {
    let all = || places.clone().flat_map(|place| taps.of(place)).map(|tap| tap.place);
    all().min().unwrap_or(0)..all().max().map_or(0, |last| last + 1)
}

/// An order of [`shuffle`], by name: a function that is handed over would be compiled for the smallest
/// vectors.
#[derive(Clone, Copy)]
enum Order {
    Paired,
    Transposed,
}

/// Puts blocks of 32 lines, one a group of images, in another order.
fn reorder(from: &[Line], groups: Range<usize>, to: &mut [Line], order: Order) {
    vectorised(
        #[inline(always)]
        || {
            let from = from[groups.start * SIDE..groups.end * SIDE].chunks_exact(SIDE);
            for (from, to) in from.zip(to.chunks_exact_mut(SIDE)) {
                let Ok(rows) = from.try_into() else { continue };
                match order {
                    Order::Paired => shuffle::paired(rows, to),
                    Order::Transposed => shuffle::transposed(rows, to),
                }
            }
        },
    );
}
