//! Which pixels meet which weights.

use crate::convolution::layer::Layer;

/// In place of a pixel: the padding, which is zero.
pub const PADDING: u32 = u32::MAX;

/// Number of images, their height and their width.
pub type Extent = [usize; 3];

/// Pixels that are computed alike: each from as many others, by the same positions of the kernel.
#[derive(Debug, PartialEq, Eq)]
pub struct Gather {
    /// The positions, row by row of the kernel.
    pub taps: Vec<usize>,
    /// The pixels that are computed.
    pub targets: Vec<u32>,
    /// For every target and tap the pixel that is read, `[targets][taps]`.
    pub sources: Vec<u32>,
}

impl Gather {
    /// Every pixel from itself alone, as a matrix product has it.
    pub fn itself(count: usize) -> Self {
        let pixels: Vec<u32> = (0..count as u32).collect();
        Self { taps: vec![0], sources: pixels.clone(), targets: pixels }
    }

    /// The output of a convolution from its input.
    pub fn forward(layer: &Layer, input: Extent) -> Self {
        let (stride, padding) = (layer.stride, layer.padding());
        let output = [input[0], layer.output(input[1]), layer.output(input[2])];
        let read = |at: usize, tap: usize| (at * stride + tap).checked_sub(padding);
        Self::new(layer, output, input, [0, 0], 1, read)
    }

    /// The gradient of a convolution's input from that of its output: one group for every phase
    /// of the stride, since each meets other positions of the kernel.
    pub fn backward(layer: &Layer, input: Extent) -> Vec<Self> {
        let (stride, padding) = (layer.stride, layer.padding());
        let output = [input[0], layer.output(input[1]), layer.output(input[2])];
        let read = |at: usize, tap: usize| {
            let reached = (at + padding).checked_sub(tap)?;
            reached.is_multiple_of(stride).then_some(reached / stride)
        };
        (0..stride * stride)
            .map(|phase| {
                let phase = [phase / stride, phase % stride];
                Self::new(layer, input, output, phase, stride, read)
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
        let axis =
            |axis: usize| Axis::new(layer.kernel, target[axis], phase[axis - 1], step, &read);
        let (rows, columns) = (axis(1), axis(2));
        let taps = rows.taps.iter().flat_map(|y| columns.taps.iter().map(move |x| [*y, *x]));
        let taps: Vec<[usize; 2]> = taps.collect();
        let mut gather = Self {
            taps: taps.iter().map(|[y, x]| y * layer.kernel + x).collect(),
            targets: Vec::new(),
            sources: Vec::new(),
        };
        let mut add = |image: usize, y: usize, x: usize| {
            gather.targets.push(((image * target[1] + y) * target[2] + x) as u32);
            gather.sources.extend(taps.iter().map(|[tap_y, tap_x]| {
                let inside = |at: Option<usize>, side| at.filter(|at| *at < side);
                match (inside(read(y, *tap_y), source[1]), inside(read(x, *tap_x), source[2])) {
                    (Some(y), Some(x)) => ((image * source[1] + y) * source[2] + x) as u32,
                    _ => PADDING,
                }
            }));
        };
        // In small images much is padding. Where neighbours in the list are the same place in
        // several images, all of them lack the same taps, which are then skipped.
        if rows.at.len() * columns.at.len() <= 64 {
            for (y, x) in grid(&rows.at, &columns.at) {
                (0..target[0]).for_each(|image| add(image, y, x));
            }
        } else {
            for image in 0..target[0] {
                grid(&rows.at, &columns.at).for_each(|(y, x)| add(image, y, x));
            }
        }
        gather
    }
}

/// One direction: the coordinates that are computed, and the positions of the kernel that any of
/// them meets.
struct Axis {
    at: Vec<usize>,
    taps: Vec<usize>,
}

impl Axis {
    fn new(
        kernel: usize,
        side: usize,
        phase: usize,
        step: usize,
        read: impl Fn(usize, usize) -> Option<usize>,
    ) -> Self {
        let at: Vec<usize> = (phase..side).step_by(step).collect();
        let met = |tap: &usize| at.iter().any(|at| read(*at, *tap).is_some());
        Self { taps: (0..kernel).filter(met).collect(), at }
    }
}

fn grid<'a>(rows: &'a [usize], columns: &'a [usize]) -> impl Iterator<Item = (usize, usize)> + 'a {
    rows.iter().flat_map(|y| columns.iter().map(move |x| (*y, *x)))
}
