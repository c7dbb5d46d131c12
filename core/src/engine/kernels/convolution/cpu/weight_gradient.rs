//! The gradient of a convolution's weights, which only training needs.

use pulp::{Arch, Simd, WithSimd};

use super::gather::{Gather, Target};
use super::lanes::{Columns, MOST_ROWS, splat, vectors, width};
use crate::engine::kernels::threads::for_each_chunk;

/// Numbers of which a part of the images consists that is finished before the next one is looked
/// at: what a core's cache holds.
const CACHED: usize = 1 << 17;

/// `out[tap][c][k] = Σ target x[source][c] · gradient[target][k]`.
pub struct WeightGradient<'a> {
    /// Of the forward pass.
    pub gather: &'a Gather,
    /// `[pixels][depth]`.
    pub x: &'a [f32],
    /// `[pixels][columns]`.
    pub gradient: &'a [f32],
    /// Positions of the kernel.
    pub taps: usize,
    pub depth: usize,
    pub columns: usize,
}

impl WeightGradient<'_> {
    /// Laid out as [`super::panels`] lays out weights.
    ///
    /// # Panics
    ///
    /// Where the lengths of the slices contradict each other.
    pub fn run(self) -> Vec<f32> {
        Arch::new().dispatch(self)
    }
}

impl WithSimd for WeightGradient<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        let Self { gather, x, gradient, taps, depth, columns } = self;
        let width = width::<S>();
        let panels = columns.div_ceil(width);
        let [written, read] = gather.pixels();
        assert_eq!([gradient.len(), x.len()], [written * columns, read * depth]);
        let mut out = vec![0.0; panels * taps * depth * width];
        let targets: Vec<Target> = (0..gather.len()).map(|i| gather.target(i)).collect();
        for part in targets.chunks((CACHED / (depth + columns)).max(64)) {
            let packed = pack(part, gradient, [columns, width]);
            for_each_chunk(&mut out, depth * width, |index, sums| {
                let (panel, number) = (index / taps, index % taps);
                let Some(tap) = gather.taps.iter().find(|tap| tap.number == number) else {
                    return;
                };
                let pairs: Vec<(usize, usize)> = part
                    .iter()
                    .zip(panel * part.len()..)
                    .filter_map(|(target, row)| Some((gather.source(target, tap)?, row)))
                    .map(|(source, row)| (source * depth, row * width))
                    .collect();
                simd.vectorize(Tap { simd, x, packed: &packed, pairs: &pairs, sums });
            });
        }
        out
    }
}

/// The gradients of some targets, `[columns / width][targets][width]`.
fn pack(part: &[Target], gradient: &[f32], [columns, width]: [usize; 2]) -> Vec<f32> {
    let mut packed = Vec::with_capacity(columns.next_multiple_of(width) * part.len());
    for first in (0..columns).step_by(width) {
        let used = width.min(columns - first);
        for target in part {
            let at = target.pixel * columns + first;
            packed.extend_from_slice(&gradient[at..at + used]);
            packed.extend(std::iter::repeat_n(0.0, width - used));
        }
    }
    packed
}

/// One tap and one panel of columns, for some targets.
struct Tap<'a, S> {
    simd: S,
    x: &'a [f32],
    packed: &'a [f32],
    /// Where a pixel's channels begin in `x`, and where its gradient does in `packed`.
    pairs: &'a [(usize, usize)],
    /// `[depth][width]`.
    sums: &'a mut [f32],
}

impl<S: Simd> WithSimd for Tap<'_, S> {
    type Output = ();

    #[inline(always)]
    fn with_simd<Same: Simd>(self, _: Same) {
        match vectors::<S>() {
            4 => self.run::<4>(),
            _ => self.run::<2>(),
        }
    }
}

impl<S: Simd> Tap<'_, S> {
    #[inline(always)]
    fn run<const V: usize>(mut self) {
        let depth = self.sums.len() / width::<S>();
        let tiles = depth.div_ceil(super::lanes::rows::<S>());
        for tile in 0..tiles {
            let (first, end) = (tile * depth / tiles, (tile + 1) * depth / tiles);
            match end - first {
                1 => self.tile::<V, 1>(first),
                2 => self.tile::<V, 2>(first),
                3 => self.tile::<V, 3>(first),
                4 => self.tile::<V, 4>(first),
                5 => self.tile::<V, 5>(first),
                _ => self.tile::<V, MOST_ROWS>(first),
            }
        }
    }

    #[inline(always)]
    fn tile<const V: usize, const R: usize>(&mut self, first: usize) {
        let width = width::<S>();
        let rows = &mut self.sums[first * width..][..R * width];
        let mut sums = [Columns::<S, V>::load(rows); R];
        for (sums, row) in sums.iter_mut().zip(rows.chunks_exact(width)) {
            *sums = Columns::load(row);
        }
        for (x, gradient) in self.pairs {
            let gradient = Columns::<S, V>::load(&self.packed[*gradient..]);
            let channels: &[f32] = &self.x[x + first..][..R];
            for (sums, value) in sums.iter_mut().zip(channels) {
                sums.add(self.simd, splat(self.simd, *value), &gradient);
            }
        }
        for (sums, row) in sums.iter().zip(rows.chunks_exact_mut(width)) {
            sums.store(row);
        }
    }
}
