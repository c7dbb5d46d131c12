//! The loop that most of the time goes into: weighted sums of pixels' channels.

use pulp::{Arch, Simd, WithSimd};

use super::destination::Destination;
use super::gather::{Gather, PADDING, Tap};
use super::lanes::{Columns, MOST_COLUMNS, MOST_ROWS, rows, splat, vectors, width};
use crate::engine::kernels::threads::for_each;

/// For every target of `gather` and column `k`:
/// `out[target][k] = bias[k] + Σ tap Σ c x[source][c] · w[tap][c][k]`, and what is done after.
pub struct Product<'a> {
    pub gather: &'a Gather,
    /// `[pixels][depth]`.
    pub x: &'a [f32],
    /// The weights as [`super::panels`] lays them out, with `taps` of which `gather` may use some.
    pub panels: &'a [f32],
    /// `[columns]`; none is 0.
    pub bias: Option<&'a [f32]>,
    pub taps: usize,
    pub depth: usize,
    /// Every pixel is written by one product alone.
    pub out: &'a Destination<'a>,
}

impl Product<'_> {
    /// Computes it.
    ///
    /// # Panics
    ///
    /// Where the lengths of the slices contradict each other.
    pub fn run(self) {
        Arch::new().dispatch(self);
    }

    fn check(&self, panel: usize) {
        let Self { gather, x, panels, taps, depth, out, .. } = self;
        assert_eq!(panels.len(), out.columns.div_ceil(panel) * taps * depth * panel);
        assert!(gather.taps.iter().all(|tap| tap.number < *taps));
        assert_eq!(x.len(), gather.pixels()[1] * depth);
    }
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let panel = width::<S>();
        self.check(panel);
        let count = self.gather.len();
        let tiles = count.div_ceil(rows::<S>());
        let zeros = vec![0.0; self.depth];
        let panel_len = self.taps * self.depth * panel;
        let Self { gather, x, panels, bias, depth, out, .. } = self;
        let table = gather.table();
        for_each(out.columns.div_ceil(panel), tiles, |index, tiles_here| {
            let first = index * panel;
            let used = panel.min(out.columns - first);
            let mut start = vec![0.0; panel];
            if let Some(bias) = bias {
                start[..used].copy_from_slice(&bias[first..first + used]);
            }
            simd.vectorize(Strip {
                simd,
                taps: &gather.taps,
                table: &table,
                x,
                zeros: &zeros,
                panel: &panels[index * panel_len..][..panel_len],
                start: &start,
                depth,
                tiles: tiles_here.map(|tile| tile * count / tiles..(tile + 1) * count / tiles),
                write: |pixel: usize, values: &mut [f32]| {
                    // SAFETY: one strip alone writes these columns of this pixel.
                    #[allow(unsafe_code)]
                    unsafe {
                        out.write(pixel, first, &mut values[..used]);
                    };
                },
            });
        });
    }
}

/// One panel of columns for some tiles of targets.
struct Strip<'a, S, T, W> {
    simd: S,
    taps: &'a [Tap],
    /// See [`Gather::table`].
    table: &'a [u32],
    x: &'a [f32],
    zeros: &'a [f32],
    panel: &'a [f32],
    start: &'a [f32],
    depth: usize,
    tiles: T,
    write: W,
}

impl<S: Simd, T, W> WithSimd for Strip<'_, S, T, W>
where
    T: Iterator<Item = std::ops::Range<usize>>,
    W: Fn(usize, &mut [f32]),
{
    type Output = ();

    #[inline(always)]
    fn with_simd<Same: Simd>(self, _: Same) {
        match vectors::<S>() {
            4 => self.run::<4>(),
            _ => self.run::<2>(),
        }
    }
}

impl<S: Simd, T, W> Strip<'_, S, T, W>
where
    T: Iterator<Item = std::ops::Range<usize>>,
    W: Fn(usize, &mut [f32]),
{
    #[inline(always)]
    fn run<const V: usize>(mut self) {
        while let Some(tile) = self.tiles.next() {
            match tile.len() {
                1 => self.tile::<V, 1>(tile.start),
                2 => self.tile::<V, 2>(tile.start),
                3 => self.tile::<V, 3>(tile.start),
                4 => self.tile::<V, 4>(tile.start),
                5 => self.tile::<V, 5>(tile.start),
                _ => self.tile::<V, MOST_ROWS>(tile.start),
            }
        }
    }

    #[inline(always)]
    fn tile<const V: usize, const R: usize>(&self, first: usize) {
        let simd = self.simd;
        let rows = &self.table[first * (1 + self.taps.len())..][..R * (1 + self.taps.len())];
        let entry = |row: usize, at: usize| rows[row * (1 + self.taps.len()) + at];
        let mut sums = [Columns::<S, V>::load(self.start); R];
        for (t, tap) in self.taps.iter().enumerate() {
            if (0..R).all(|row| entry(row, 1 + t) == PADDING) {
                continue;
            }
            let mut pixels = [self.zeros.as_ptr(); R];
            for (row, pixel) in pixels.iter_mut().enumerate() {
                let source = entry(row, 1 + t);
                if source != PADDING {
                    *pixel = self.x[source as usize * self.depth..][..self.depth].as_ptr();
                }
            }
            let width = width::<S>();
            let weights = &self.panel[tap.number * self.depth * width..][..self.depth * width];
            for (c, weights) in weights.chunks_exact(width).enumerate() {
                let weights = Columns::<S, V>::load(weights);
                for (sums, pixel) in sums.iter_mut().zip(pixels) {
                    // SAFETY: c is below depth, and every pixel is that long.
                    #[allow(unsafe_code)]
                    let value = unsafe { *pixel.add(c) };
                    sums.add(simd, splat(simd, value), &weights);
                }
            }
        }
        let mut values = [0.0; MOST_COLUMNS];
        for (row, sums) in sums.iter().enumerate() {
            sums.store(&mut values);
            (self.write)(entry(row, 0) as usize, &mut values);
        }
    }
}
