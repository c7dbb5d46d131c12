//! Convolutions of Burn's backend for processors.

use burn::backend::Flex;
use burn_flex::FlexTensor;

use super::{After, Kernels, Layer, Pass, cpu};
use crate::engine::kernels::slices::{numbers, tensor};

fn extent(x: &FlexTensor) -> [usize; 3] {
    let shape = x.layout().shape();
    [shape[0], shape[1], shape[2]]
}

impl Kernels for Flex {
    fn packed(weight: FlexTensor, layer: Layer, pass: Pass) -> FlexTensor {
        let weight = weight.to_contiguous();
        let panels = match pass {
            Pass::Output => cpu::pack_forward(&layer, numbers(&weight)),
            Pass::InputGradient => cpu::pack_backward(&layer, numbers(&weight)),
        };
        let length = panels.len();
        tensor(panels, [1, 1, 1, length])
    }

    fn output(
        x: FlexTensor,
        weight: FlexTensor,
        bias: Option<FlexTensor>,
        layer: Layer,
        after: After<FlexTensor>,
    ) -> FlexTensor {
        let (x, after) = (x.to_contiguous(), after.map(|t| t.to_contiguous()));
        let [images, height, width] = layer.extent(extent(&x));
        let bias = bias.map(|bias| bias.to_contiguous());
        let (bias, after) = (bias.as_ref().map(numbers), &after.as_ref().map(numbers));
        let out = cpu::output(&layer, extent(&x), numbers(&x), numbers(&weight), bias, after);
        tensor(out, [images, height, width, layer.channels[1]])
    }

    fn input_gradient(
        gradient: FlexTensor,
        weight: FlexTensor,
        layer: Layer,
        extent: [usize; 3],
        after: After<FlexTensor>,
    ) -> FlexTensor {
        let (gradient, after) = (gradient.to_contiguous(), after.map(|t| t.to_contiguous()));
        let (values, after) = (numbers(&gradient), &after.as_ref().map(numbers));
        let out = cpu::input_gradient(&layer, extent, values, numbers(&weight), after);
        tensor(out, [extent[0], extent[1], extent[2], layer.channels[0]])
    }

    fn weight_gradient(x: FlexTensor, gradient: FlexTensor, layer: Layer) -> FlexTensor {
        let (x, gradient) = (x.to_contiguous(), gradient.to_contiguous());
        let out = cpu::weight_gradient(&layer, extent(&x), numbers(&x), numbers(&gradient));
        let ([input, output], kernel) = (layer.channels, layer.kernel);
        tensor(out, [output, input, kernel, kernel])
    }
}
