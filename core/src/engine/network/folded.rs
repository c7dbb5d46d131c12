//! Networks that stay as they are: batch normalisation is folded into the convolutions.

use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, TensorData};

use super::layers::{Block, Layers, layer};
use super::{LastRelu, fake_relu};
use crate::engine::kernels::convolution::frozen::{Frozen, affine, rectified, residual};
use crate::model::architecture::ConvSpec;
use crate::model::weights::Weights;

impl Layers<Frozen> {
    /// The network of a model file's weights.
    pub fn folded(weights: &Weights, device: &Device) -> Self {
        Self::new(&weights.card().architecture, |spec| frozen(spec, weights, device))
    }

    /// `[batch, height, width, channels]`, in and out.
    pub fn forward(&self, x: Tensor<4>, last_relu: LastRelu) -> Tensor<4> {
        let x = rectified(x, &self.stem);
        // A blur is positive where not all that it takes is: what comes after it cannot tell any more
        // what the ReLU let through.
        let x = self.pooled(if self.blurs { relu(x) } else { x });
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x));
        match last_relu {
            LastRelu::True => relu(x),
            LastRelu::Fake => x,
        }
    }
}

impl Block<Frozen> {
    /// As [`residual`], with a blur where the block has one: `x` is what a ReLU gave, and the gradient
    /// of the output that of the sum before the last ReLU.
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        if self.blur_after.is_none() {
            return residual(x, &self.body, self.shortcut.as_ref());
        }
        let x = relu(x);
        let shortcut = match &self.shortcut {
            Some(conv) => affine(x.clone(), conv),
            None => x.clone(),
        };
        fake_relu(self.body(x, affine) + shortcut)
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
