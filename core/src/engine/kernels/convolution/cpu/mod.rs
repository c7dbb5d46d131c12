//! Convolutions on a processor.
//!
//! No columns are written to memory: the pixels under the kernel are read where they stand, through
//! a table of their places (`gather`), and multiplied with weights that stand in the order in
//! which they are read (`panels`). One loop over registers (`product`) serves the output and
//! the gradient of the input; what an instruction set offers is chosen when the program runs.

mod destination;
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

use self::destination::Destination;
use self::gather::Gather;
use self::product::Product;
use self::weight_gradient::WeightGradient;
use super::After;
use super::layer::Layer;
use crate::engine::kernels::threads::written;

/// The output, `[images, height, width, out]`, of `x`, `[images, height, width, in]`.
pub fn output(
    layer: &Layer,
    extent: Extent,
    x: &[f32],
    panels: &[f32],
    bias: Option<&[f32]>,
    after: &After<&[f32]>,
) -> Vec<f32> {
    let ([depth, columns], taps) = (layer.channels, layer.taps());
    let gather = Gather::forward(layer, extent);
    if layer.is_thin() {
        let gather = gather.in_order();
        let x = &patches::collect(layer, &gather, x);
        let (gather, depth) = (&[Gather::itself(gather.len())], taps * depth);
        products(gather, x, panels, bias, [1, depth, columns], after)
    } else {
        products(&[gather], x, panels, bias, [taps, depth, columns], after)
    }
}

/// The gradient of the input, whose `extent` is given, of the output's.
pub fn input_gradient(
    layer: &Layer,
    extent: Extent,
    gradient: &[f32],
    panels: &[f32],
    after: &After<&[f32]>,
) -> Vec<f32> {
    let ([columns, depth], taps) = (layer.channels, layer.taps());
    let phases = Gather::backward(layer, extent);
    if layer.is_thin() {
        let whole = [Gather::itself(gradient.len() / depth)];
        let nothing = After::default();
        let sizes = [1, depth, taps * columns];
        let patches = products(&whole, gradient, panels, None, sizes, &nothing);
        patches::scatter(layer, &phases, &patches, after)
    } else {
        products(&phases, gradient, panels, None, [taps, depth, columns], after)
    }
}

/// `[pixels][columns]`: products whose targets are all pixels, each once.
fn products(
    gathers: &[Gather],
    x: &[f32],
    panels: &[f32],
    bias: Option<&[f32]>,
    [taps, depth, columns]: [usize; 3],
    after: &After<&[f32]>,
) -> Vec<f32> {
    collected(gathers, columns, after, |out| {
        for gather in gathers {
            Product { gather, x, panels, bias, taps, depth, out }.run();
        }
    })
}

/// `[pixels][columns]`, of which `write` writes every target of every gather.
fn collected(
    gathers: &[Gather],
    columns: usize,
    after: &After<&[f32]>,
    write: impl FnOnce(&Destination<'_>),
) -> Vec<f32> {
    let pixels = gathers.first().map_or(0, |gather| gather.pixels()[0]);
    assert_eq!(gathers.iter().map(Gather::len).sum::<usize>(), pixels, "a pixel is left out");
    // SAFETY: no two phases of a gather share a pixel, so they are all pixels.
    #[allow(unsafe_code)]
    unsafe {
        written(pixels * columns, |out| write(&Destination::new(out, columns, after)))
    }
}

/// The gradient of the weights, `[out, in, kernel, kernel]`.
pub fn weight_gradient(layer: &Layer, extent: Extent, x: &[f32], gradient: &[f32]) -> Vec<f32> {
    let ([depth, columns], taps) = (layer.channels, layer.taps());
    let gather = &Gather::forward(layer, extent);
    panels::unpack(layer, &WeightGradient { gather, x, gradient, taps, depth, columns }.run())
}
