//! Convolutions on a processor.
//!
//! No columns are written to memory: the pixels under the kernel are read where they stand, through
//! a table of their places ([`gather`]), and multiplied with weights that stand in the order in
//! which they are read ([`panels`]). One loop over registers ([`product`]) serves the output and
//! the gradient of the input; what an instruction set offers is chosen when the program runs.

mod gather;
mod lanes;
mod panels;
mod patches;
mod product;
mod weight_gradient;

#[cfg(test)]
mod tests;

pub use gather::Extent;
pub use panels::{backward as pack_backward, forward as pack_forward};

use self::gather::Gather;
use self::product::Product;
use self::weight_gradient::WeightGradient;
use super::layer::Layer;

/// The output, `[images, height, width, out]`, of `x`, `[images, height, width, in]`.
pub fn output(
    layer: &Layer,
    extent: Extent,
    x: &[f32],
    panels: &[f32],
    bias: Option<&[f32]>,
) -> Vec<f32> {
    let ([input, columns], taps) = (layer.channels, layer.taps());
    let gather = Gather::forward(layer, extent);
    let mut out = vec![0.0; gather.targets.len() * columns];
    if layer.is_thin() {
        let patches = patches::collect(&gather, x, input);
        let (x, gather) = (&patches, &Gather::itself(gather.targets.len()));
        let [taps, depth] = [1, taps * input];
        Product { gather, x, panels, bias, taps, depth, columns, out: &mut out }.run();
    } else {
        let (gather, depth, out) = (&gather, input, &mut out);
        Product { gather, x, panels, bias, taps, depth, columns, out }.run();
    }
    out
}

/// The gradient of the input, whose `extent` is given, of the output's.
pub fn input_gradient(layer: &Layer, extent: Extent, gradient: &[f32], panels: &[f32]) -> Vec<f32> {
    let ([input, depth], taps) = (layer.channels, layer.taps());
    let (x, bias) = (gradient, None);
    let mut out = vec![0.0; extent.iter().product::<usize>() * input];
    if layer.is_thin() {
        let (columns, gather) = (taps * input, &Gather::itself(gradient.len() / depth));
        let mut patches = vec![0.0; gather.targets.len() * columns];
        Product { gather, x, panels, bias, taps: 1, depth, columns, out: &mut patches }.run();
        patches::scatter(&Gather::forward(layer, extent), &patches, &mut out, input);
    } else {
        for gather in &Gather::backward(layer, extent) {
            let (columns, out) = (input, &mut out);
            Product { gather, x, panels, bias, taps, depth, columns, out }.run();
        }
    }
    out
}

/// The gradient of the weights, `[out, in, kernel, kernel]`.
pub fn weight_gradient(layer: &Layer, extent: Extent, x: &[f32], gradient: &[f32]) -> Vec<f32> {
    let [depth, columns] = layer.channels;
    let gather = Gather::forward(layer, extent);
    panels::unpack(layer, &WeightGradient { gather: &gather, x, gradient, depth, columns }.run())
}
