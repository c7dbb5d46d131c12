//! Networks that stay as they are: batch normalisation is folded into the convolutions.

use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, TensorData};

use super::LastRelu;
use super::layers::{Layers, layer};
use crate::engine::kernels::convolution::frozen::{Frozen, rectified, residual};
use crate::model::architecture::ConvSpec;
use crate::model::weights::Weights;

impl Layers<Frozen> {
    /// The network of a model file's weights.
    pub fn folded(weights: &Weights, device: &Device) -> Self {
        Self::new(&weights.card().architecture, |spec| frozen(spec, weights, device))
    }

    /// `[batch, height, width, channels]`, in and out.
    pub fn forward(&self, x: Tensor<4>, last_relu: LastRelu) -> Tensor<4> {
        let x = self.pooled(rectified(x, &self.stem));
        let x = self
            .blocks
            .iter()
            .fold(x, |x, block| residual(x, &block.body, block.shortcut.as_ref()));
        match last_relu {
            LastRelu::True => relu(x),
            LastRelu::Fake => x,
        }
    }
}

/// A convolution with the normalisation after it, if there is one.
pub fn frozen(spec: &ConvSpec, weights: &Weights, device: &Device) -> Frozen {
    let ConvSpec { channels: [input, output], kernel, .. } = *spec;
    let parts = weights.folded(spec);
    let weight = TensorData::new(parts.weight, [output, input, kernel, kernel]);
    let bias = TensorData::new(parts.bias, [output]);
    let weight = Tensor::from_data(weight, device);
    Frozen::new(weight, Tensor::from_data(bias, device), layer(spec))
}
