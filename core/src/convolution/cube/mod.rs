//! Convolutions of Burn's backends for graphics devices.

mod tiled;

use burn::backend::TensorMetadata;
use burn::backend::ops::{ActivationOps, ConvOptions, FloatTensorOps, ModuleOps};
use burn_cubecl::CubeBackend;
use burn_cubecl::tensor::CubeTensor;

use super::{After, Kernels, Layer, Pass};

/// Burn's operations want channels first; its kernels want them last in memory. A view of a
/// channels-last tensor is both, and nothing is copied.
fn channels_first(x: CubeTensor) -> CubeTensor {
    CubeBackend::float_permute(x, &[0, 3, 1, 2])
}

fn channels_last(x: CubeTensor) -> CubeTensor {
    CubeBackend::float_permute(x, &[0, 2, 3, 1])
}

fn options(layer: Layer) -> ConvOptions<2> {
    ConvOptions::new([layer.stride; 2], [layer.padding(); 2], [1, 1], 1)
}

/// What a kernel of ours does before it writes, as operations of its own.
fn finish(sum: CubeTensor, after: After<CubeTensor>) -> CubeTensor {
    let After { plus, rectify, where_positive } = after;
    let sum = match plus {
        Some(plus) => CubeBackend::float_add(sum, plus),
        None => sum,
    };
    let sum = if rectify { CubeBackend::relu(sum) } else { sum };
    match where_positive {
        Some(x) => CubeBackend::relu_backward(x, sum),
        None => sum,
    }
}

impl Kernels for CubeBackend {
    fn packed(weight: CubeTensor, layer: Layer, pass: Pass) -> CubeTensor {
        let axes = match (tiled::fits(layer), pass) {
            (false, _) => [0, 2, 3, 1],
            (true, Pass::Output) => [2, 3, 1, 0],
            (true, Pass::InputGradient) => [2, 3, 0, 1],
        };
        burn_cubecl::kernel::into_contiguous(Self::float_permute(weight, &axes))
    }

    fn output(
        x: CubeTensor,
        weight: CubeTensor,
        bias: Option<CubeTensor>,
        layer: Layer,
        after: After<CubeTensor>,
    ) -> CubeTensor {
        if tiled::fits(layer) {
            let shape = x.shape();
            let extent = layer.extent([shape[0], shape[1], shape[2]]);
            return tiled::launch(x, weight, bias, layer, Pass::Output, extent, after);
        }
        let (x, weight) = (channels_first(x), channels_first(weight));
        finish(channels_last(Self::conv2d(x, weight, bias, options(layer))), after)
    }

    fn input_gradient(
        gradient: CubeTensor,
        weight: CubeTensor,
        layer: Layer,
        extent: [usize; 3],
        after: After<CubeTensor>,
    ) -> CubeTensor {
        if tiled::fits(layer) {
            let pass = Pass::InputGradient;
            return tiled::launch(gradient, weight, None, layer, pass, extent, after);
        }
        // Only its shape is looked at.
        let [images, height, width] = extent;
        let shape = [images, layer.channels[0], height, width].into();
        let (device, dtype) = (gradient.device.clone(), gradient.dtype);
        let x = Self::float_empty(shape, &device, dtype.into());
        let (gradient, weight) = (channels_first(gradient), channels_first(weight));
        finish(channels_last(Self::conv2d_x_backward(x, weight, gradient, options(layer))), after)
    }

    fn weight_gradient(x: CubeTensor, gradient: CubeTensor, layer: Layer) -> CubeTensor {
        let ([input, output], kernel) = (layer.channels, layer.kernel);
        let (device, dtype) = (x.device.clone(), x.dtype);
        let shape = [output, input, kernel, kernel].into();
        let weight = Self::float_empty(shape, &device, dtype.into());
        let (x, gradient) = (channels_first(x), channels_first(gradient));
        Self::conv2d_weight_backward(x, weight, gradient, options(layer))
    }
}
