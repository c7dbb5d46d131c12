//! Convolutions of Burn's backends for graphics devices.

mod tiled;

use burn::backend::TensorMetadata;
use burn::backend::ops::{ConvOptions, FloatTensorOps, ModuleOps};
use burn_cubecl::CubeBackend;
use burn_cubecl::tensor::CubeTensor;

use super::{Kernels, Layer, Pass};

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

/// The extents of the output: images, height, width.
fn output_extent(x: &CubeTensor, layer: Layer) -> [usize; 3] {
    let shape = x.shape();
    [shape[0], layer.output(shape[1]), layer.output(shape[2])]
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
    ) -> CubeTensor {
        if tiled::fits(layer) {
            let extent = output_extent(&x, layer);
            return tiled::launch(x, weight, bias, layer, Pass::Output, extent);
        }
        let (x, weight) = (channels_first(x), channels_first(weight));
        channels_last(Self::conv2d(x, weight, bias, options(layer)))
    }

    fn input_gradient(
        gradient: CubeTensor,
        weight: CubeTensor,
        layer: Layer,
        extent: [usize; 3],
    ) -> CubeTensor {
        if tiled::fits(layer) {
            return tiled::launch(gradient, weight, None, layer, Pass::InputGradient, extent);
        }
        // Only its shape is looked at.
        let [images, height, width] = extent;
        let shape = [images, layer.channels[0], height, width].into();
        let (device, dtype) = (gradient.device.clone(), gradient.dtype);
        let x = Self::float_empty(shape, &device, dtype.into());
        let (gradient, weight) = (channels_first(gradient), channels_first(weight));
        channels_last(Self::conv2d_x_backward(x, weight, gradient, options(layer)))
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
