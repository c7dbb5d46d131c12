//! Convolutions on graphics devices.

mod tiled;

use burn::backend::TensorMetadata;
use burn::backend::ops::{ConvOptions, FloatTensorOps, ModuleOps};
use burn::tensor::Slice;
use burn_cubecl::CubeBackend;
use burn_cubecl::tensor::CubeTensor;

use self::tiled::CHANNELS;
use super::{After, Kernels, Layer, Pass};

/// Burn's operations want channels first; its kernels want them last in memory. A view of a
/// channels-last tensor is both, and nothing is copied.
fn channels_first(x: CubeTensor) -> CubeTensor {
    CubeBackend::float_permute(x, &[0, 3, 1, 2])
}

/// With as many zeros at the end of an axis as make it whole tiles: an image has but three
/// channels.
fn padded(x: CubeTensor, axis: usize) -> CubeTensor {
    let mut shape = x.shape();
    let missing = shape[axis].next_multiple_of(CHANNELS) - shape[axis];
    if missing == 0 {
        return x;
    }
    shape[axis] = missing;
    let zeros = CubeBackend::float_zeros(shape, &x.device, x.dtype.into());
    CubeBackend::float_cat(vec![x, zeros], axis)
}

/// The first channels of what [`padded`] ones gave.
fn first(x: CubeTensor, channels: usize) -> CubeTensor {
    if x.shape()[3] == channels {
        return x;
    }
    let all = Slice::from(..);
    CubeBackend::float_slice(x, &[all, all, all, Slice::from(0..channels)])
}

impl Kernels for CubeBackend {
    fn packed(weight: CubeTensor, _: Layer, pass: Pass) -> CubeTensor {
        let weight = padded(padded(weight, 0), 1);
        let axes = match pass {
            Pass::Output => [2, 3, 1, 0],
            Pass::InputGradient => [2, 3, 0, 1],
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
        let shape = x.shape();
        let extent = layer.extent([shape[0], shape[1], shape[2]]);
        let (x, bias) = (padded(x, 3), bias.map(|bias| padded(bias, 0)));
        let after = after.map(|t| padded(t, 3));
        let out = tiled::launch(x, weight, bias, layer, Pass::Output, extent, after);
        first(out, layer.channels[1])
    }

    fn input_gradient(
        gradient: CubeTensor,
        weight: CubeTensor,
        layer: Layer,
        extent: [usize; 3],
        after: After<CubeTensor>,
    ) -> CubeTensor {
        let (gradient, after) = (padded(gradient, 3), after.map(|t| padded(t, 3)));
        let out = tiled::launch(gradient, weight, None, layer, Pass::InputGradient, extent, after);
        first(out, layer.channels[0])
    }

    // Burn's, which the page does not contain: it never trains.
    fn weight_gradient(x: CubeTensor, gradient: CubeTensor, layer: Layer) -> CubeTensor {
        let ([input, output], kernel) = (layer.channels, layer.kernel);
        let (device, dtype) = (x.device.clone(), x.dtype);
        let shape = [output, input, kernel, kernel].into();
        let weight = Self::float_empty(shape, &device, dtype.into());
        let (x, gradient) = (channels_first(x), channels_first(gradient));
        let options = ConvOptions::new([layer.stride; 2], [layer.padding(); 2], [1, 1], 1);
        Self::conv2d_weight_backward(x, weight, gradient, options)
    }
}
