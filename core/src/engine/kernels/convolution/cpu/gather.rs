//! Which pixels meet which weights.

use crate::engine::kernels::convolution::layer::Layer;
use crate::engine::kernels::threads::for_each_chunk;

/// In place of a pixel: the padding, which is zero.
pub const PADDING: u32 = u32::MAX;

/// Number of images, their height and their width.
pub type Extent = [usize; 3];

/// Pixels that are computed alike: each from as many others, by the same positions of the kernel.
#[derive(Debug)]
pub struct Gather {
    /// The positions that any pixel meets, row by row of the kernel.
    pub taps: Vec<Tap>,
    /// Images, height and width of what is computed and of what is read.
    target: Extent,
    source: Extent,
    rows: Axis,
    columns: Axis,
    /// Whether the same place in all images comes before the next place.
    by_place: bool,
}

/// A position of the kernel.
#[derive(Clone, Copy, Debug)]
pub struct Tap {
    /// Its number in the kernel.
    pub number: usize,
    row: usize,
    column: usize,
}

/// A pixel that is computed.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its number among all pixels of all images.
    pub pixel: usize,
    image: usize,
    row: usize,
    column: usize,
}

impl Gather {
    /// Every pixel from itself alone, as a matrix product has it.
    pub fn itself(count: usize) -> Self {
        let point = Layer { channels: [1, 1], kernel: 1, stride: 1 };
        Self::forward(&point, [1, 1, count])
    }

    /// The output of a convolution from its input.
    pub fn forward(layer: &Layer, input: Extent) -> Self {
        let (stride, padding) = (layer.stride, layer.padding());
        let read = |at: usize, tap: usize| (at * stride + tap).checked_sub(padding);
        Self::new(layer, layer.extent(input), input, [0, 0], 1, read)
    }

    /// The gradient of a convolution's input from that of its output: one group for every phase
    /// of the stride, since each meets other positions of the kernel.
    pub fn backward(layer: &Layer, input: Extent) -> Vec<Self> {
        let (stride, padding) = (layer.stride, layer.padding());
        let read = |at: usize, tap: usize| {
            let reached = (at + padding).checked_sub(tap)?;
            reached.is_multiple_of(stride).then_some(reached / stride)
        };
        (0..stride * stride)
            .map(|phase| {
                let phase = [phase / stride, phase % stride];
                Self::new(layer, input, layer.extent(input), phase, stride, read)
            })
            .collect()
    }

    /// The targets at `phase + i * step`; `read` gives the source of a target and a tap along one
    /// axis, if there is any.
    fn new(
        layer: &Layer,
        target: Extent,
        source: Extent,
        phase: [usize; 2],
        step: usize,
        read: impl Fn(usize, usize) -> Option<usize>,
    ) -> Self {
        let axis = |axis: usize| {
            let at = (phase[axis - 1]..target[axis]).step_by(step).collect();
            Axis::new(layer.kernel, at, |at, tap| read(at, tap).filter(|at| *at < source[axis]))
        };
        let (rows, columns) = (axis(1), axis(2));
        let taps = rows.taps.iter().enumerate().flat_map(|(row, y)| {
            let kernel = layer.kernel;
            let tap =
                move |(column, x): (usize, &usize)| Tap { number: y * kernel + x, row, column };
            columns.taps.iter().enumerate().map(tap)
        });
        // In small images much is padding. Where neighbours in the list are the same place in
        // several images, all of them lack the same taps, which are then skipped.
        let by_place = rows.at.len() * columns.at.len() <= 64;
        Self { taps: taps.collect(), target, source, rows, columns, by_place }
    }

    /// With the targets in the order of their pixels.
    pub fn in_order(self) -> Self {
        Self { by_place: false, ..self }
    }

    /// How many pixels are computed.
    pub fn len(&self) -> usize {
        self.target[0] * self.rows.at.len() * self.columns.at.len()
    }

    /// How many pixels there are where they are written, and where they are read.
    pub fn pixels(&self) -> [usize; 2] {
        [self.target, self.source].map(|extent| extent.iter().product())
    }

    /// One of them; `index` is below [`Self::len`].
    #[inline(always)]
    pub fn target(&self, index: usize) -> Target {
        let [images, height, width] = self.target;
        let (rows, columns) = (self.rows.at.len(), self.columns.at.len());
        let places = rows * columns;
        let (image, place) = if self.by_place {
            (index % images, index / images)
        } else {
            (index / places, index % places)
        };
        let (row, column) = (place / columns, place % columns);
        let pixel = (image * height + self.rows.at[row]) * width + self.columns.at[column];
        Target { pixel, image, row, column }
    }

    /// Everything about the targets at once: `[targets][1 + taps]`, the pixel and then for every tap
    /// the pixel that it meets, or [`PADDING`]. Worth it where it is read many times.
    pub fn table(&self) -> Vec<u32> {
        /// Rows that a core makes at once.
        const BLOCK: usize = 256;
        let width = 1 + self.taps.len();
        let mut table = vec![PADDING; self.len() * width];
        for_each_chunk(&mut table, BLOCK * width, |block, rows| {
            for (i, row) in rows.chunks_exact_mut(width).enumerate() {
                let target = self.target(block * BLOCK + i);
                row[0] = target.pixel as u32;
                self.fill(&mut row[1..], &target);
            }
        });
        table
    }

    /// The pixels that a target meets, tap by tap.
    fn fill(&self, places: &mut [u32], target: &Target) {
        let (columns, [_, height, width]) = (self.columns.of(target.column), self.source);
        if columns.is_empty() {
            return;
        }
        for (places, row) in places.chunks_exact_mut(columns.len()).zip(self.rows.of(target.row)) {
            let Some(row) = row else { continue };
            let start = (target.image * height + row) * width;
            for (place, column) in places.iter_mut().zip(columns) {
                if let Some(column) = column {
                    *place = (start + column) as u32;
                }
            }
        }
    }

    /// The pixel that a target meets with a tap; none where that is padding, which is zero.
    #[inline(always)]
    pub fn source(&self, target: &Target, tap: &Tap) -> Option<usize> {
        let [_, height, width] = self.source;
        let (row, column) =
            (self.rows.of(target.row)[tap.row]?, self.columns.of(target.column)[tap.column]?);
        Some((target.image * height + row) * width + column)
    }
}

/// One direction.
#[derive(Debug)]
struct Axis {
    /// The coordinates that are computed.
    at: Vec<usize>,
    /// The positions of the kernel that any of them meets.
    taps: Vec<usize>,
    /// What is read, `[at][taps]`; none is padding.
    sources: Vec<Option<usize>>,
}

impl Axis {
    fn new(kernel: usize, at: Vec<usize>, read: impl Fn(usize, usize) -> Option<usize>) -> Self {
        let met = |tap: &usize| at.iter().any(|at| read(*at, *tap).is_some());
        let taps: Vec<usize> = (0..kernel).filter(met).collect();
        let sources = at.iter().flat_map(|at| taps.iter().map(|tap| read(*at, *tap)));
        Self { sources: sources.collect(), taps, at }
    }

    /// What the coordinate of this number reads, tap by tap.
    #[inline(always)]
    fn of(&self, index: usize) -> &[Option<usize>] {
        &self.sources[index * self.taps.len()..][..self.taps.len()]
    }
}
