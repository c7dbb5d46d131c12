//! Weights in the order in which they are read.
//!
//! `[columns / width][taps][depth][width]`, the last panel filled up with zeros: whatever is
//! multiplied with one pixel's channel stands together, and a panel is read from front to back.

use super::lanes::panel_width;
use crate::engine::kernels::convolution::layer::Layer;

/// Lays out `value(tap, c, column)`.
fn pack(
    [taps, depth, columns]: [usize; 3],
    value: impl Fn(usize, usize, usize) -> f32,
) -> Vec<f32> {
    let width = panel_width();
    let mut panels = Vec::with_capacity(columns.div_ceil(width) * taps * depth * width);
    for first in (0..columns).step_by(width) {
        for tap in 0..taps {
            for c in 0..depth {
                let used = width.min(columns - first);
                panels.extend((first..first + used).map(|column| value(tap, c, column)));
                panels.extend(std::iter::repeat_n(0.0, width - used));
            }
        }
    }
    panels
}

/// `weight` is `[out, in, kernel, kernel]`; the panels compute outputs from inputs.
pub fn forward(layer: &Layer, weight: &[f32]) -> Vec<f32> {
    let ([input, output], taps) = (layer.channels, layer.taps());
    pack([taps, input, output], |tap, c, k| weight[(k * input + c) * taps + tap])
}

/// The panels compute the gradient of inputs from that of outputs. Where the input has few
/// channels, all taps of a channel are columns: a panel is never nearly empty.
pub fn backward(layer: &Layer, weight: &[f32]) -> Vec<f32> {
    let ([input, output], taps) = (layer.channels, layer.taps());
    if layer.is_thin() {
        let at = |_, k: usize, column: usize| {
            let (tap, c) = (column / input, column % input);
            weight[(k * input + c) * taps + tap]
        };
        pack([1, output, taps * input], at)
    } else {
        pack([taps, output, input], |tap, k, c| weight[(k * input + c) * taps + tap])
    }
}

/// The weight `[out, in, kernel, kernel]` that `panels` of the forward pass hold.
pub fn unpack(layer: &Layer, panels: &[f32]) -> Vec<f32> {
    let ([input, output], taps, width) = (layer.channels, layer.taps(), panel_width());
    let mut weight = vec![0.0; output * input * taps];
    for (i, row) in panels.chunks_exact(width).enumerate() {
        let (panel, tap, c) = (i / (taps * input), i / input % taps, i % input);
        for (k, value) in (panel * width..output).zip(row) {
            weight[(k * input + c) * taps + tap] = *value;
        }
    }
    weight
}
