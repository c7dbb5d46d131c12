//! A convolution's weights: as they learn, and as products read them.
//!
//! They learn in blocks of 32 input by 32 output channels, `[input block][output block][tap][32
//! inputs][32 outputs]`, which is the order in which products find their gradient; those of a first
//! layer as `[weight of a channel][output block][32 outputs]`. Channels beyond the last are zero,
//! and stay so.

use rayon::prelude::*;

use super::line::{LANES, Line, Wide, lines, vectorised};
use super::shuffle;
use super::taps::Runs;
use super::tile::{Rows, SIDE, Sums};

/// The weights' shape.
#[derive(Clone, Copy, Debug)]
pub struct Filter {
    /// Channels in and out.
    pub channels: [usize; 2],
    /// Side of the square kernel.
    pub kernel: usize,
    pub stride: usize,
    /// Whether this is a first layer, over runs of pixels.
    pub first: bool,
}

impl Filter {
    /// Lines of channels, in and out. A first layer reads two: its images are the sum of two bf16
    /// numbers, so that rounding costs them 2^-17 and not 2^-9 of their size.
    pub fn blocks(self) -> [usize; 2] {
        let [input, output] = self.channels.map(lines);
        [if self.first { 2 } else { input }, output]
    }

    /// Blocks of weights between a line in and a line out.
    pub fn taps(self) -> usize {
        match self.runs() {
            Some(runs) => runs.weights(),
            None => self.kernel * self.kernel,
        }
    }

    fn runs(self) -> Option<Runs> {
        self.first.then_some(Runs { kernel: self.kernel, stride: self.stride })
    }

    /// Lines that the weights take.
    pub fn len(self) -> usize {
        let [input, output] = self.blocks();
        match self.first {
            true => 3 * self.kernel * self.kernel * output,
            false => input * output * self.taps() * LANES,
        }
    }

    /// Where the weight from channel `input` to `output` at the kernel's `tap` is: line and lane.
    pub fn place(self, input: usize, output: usize, tap: usize) -> (usize, usize) {
        let [_, blocks] = self.blocks();
        let (block, lane) = (output / LANES, output % LANES);
        if self.first {
            return ((input * self.taps_of_a_channel() + tap) * blocks + block, lane);
        }
        let number = (input / LANES * blocks + block) * self.taps() + tap;
        (number * LANES + input % LANES, lane)
    }

    fn taps_of_a_channel(self) -> usize {
        self.kernel * self.kernel
    }

    /// The rounded weights from a line of inputs to a line of outputs at a tap, a row an input, each
    /// output times its `scale`.
    #[inline(always)]
    fn block(self, weights: &[Wide], at: [usize; 3], scale: Option<&[Wide]>) -> Rows {
        let ([input, output, tap], [_, outputs]) = (at, self.blocks());
        let row = |lane: usize| match self.runs() {
            Some(runs) => runs.source(tap, lane).map(|source| weights[source * outputs + output]),
            None => Some(weights[((input * outputs + output) * self.taps() + tap) * LANES + lane]),
        };
        let mut rows = [Line::default(); SIDE];
        for lane in 0..SIDE {
            rows[lane] = match (row(lane), scale) {
                (Some(row), Some(scale)) => Line::of(|i| row.0[i] * scale[output].0[i]),
                (Some(row), None) => row.nearest(),
                (None, _) => Line::default(),
            };
        }
        rows
    }

    /// For the product of inputs: `[output block][tap][input block]` of two tiles each.
    pub fn forward(self, weights: &[Wide], scale: Option<&[Wide]>, out: &mut [Line]) {
        let ([inputs, outputs], taps) = (self.blocks(), self.taps());
        debug_assert_eq!(out.len(), inputs * outputs * taps * SIDE);
        out.par_chunks_mut(inputs * SIDE).enumerate().for_each(|(i, out)| {
            vectorised(
                #[inline(always)]
                || {
                    for (input, out) in out.chunks_exact_mut(SIDE).enumerate() {
                        let at = [input, i / taps, i % taps];
                        shuffle::paired(&self.block(weights, at, scale), out);
                    }
                },
            );
        });
    }

    /// For the product of outputs' gradients: `[input block][tap][output block]` of two tiles each.
    /// Of a first layer's two input blocks, which have the same weights, there is one.
    pub fn turned(self, weights: &[Wide], scale: Option<&[Wide]>, out: &mut [Line]) {
        let ([_, outputs], taps) = (self.blocks(), self.taps());
        debug_assert_eq!(out.len(), self.inputs_that_learn() * outputs * taps * SIDE);
        out.par_chunks_mut(outputs * SIDE).enumerate().for_each(|(i, out)| {
            vectorised(
                #[inline(always)]
                || {
                    for (output, out) in out.chunks_exact_mut(SIDE).enumerate() {
                        let at = [i / taps, output, i % taps];
                        shuffle::turned(&self.block(weights, at, scale), out);
                    }
                },
            );
        });
    }

    /// Lines of inputs that gradients are computed of: of a first layer's images the upper half is
    /// as near as gradients are.
    pub fn inputs_that_learn(self) -> usize {
        if self.first { 1 } else { self.blocks()[0] }
    }

    /// The gradient of a first layer's weights from that of their blocks, `[output block][tap]`.
    pub fn gather(self, blocks: &[Sums], gradient: &mut [Wide]) {
        let ([_, outputs], taps) = (self.blocks(), self.taps());
        gradient.fill(Wide::default());
        let Some(runs) = self.runs() else { return };
        for (i, block) in blocks.iter().enumerate() {
            let (output, tap) = (i / taps, i % taps);
            for (lane, sums) in block.iter().enumerate() {
                if let Some(source) = runs.source(tap, lane) {
                    let place = &mut gradient[source * outputs + output];
                    place.update(|sum, i| sum + sums.0[i]);
                }
            }
        }
    }
}
