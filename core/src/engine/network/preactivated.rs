//! Networks that normalise before their convolutions and stay as they are.
//!
//! A normalisation between two convolutions is folded into the first of them. What stands before a
//! block's first convolution has none to go into, since the block's own input is added again later:
//! it stays a scale and a shift.

use burn::module::Module;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, TensorData};

use super::folded::frozen;
use super::{LastRelu, fake_relu};
use crate::engine::kernels::convolution::frozen::{Frozen, affine};
use crate::model::architecture::{ConvSpec, Family, ResNetConfig};
use crate::model::weights::Weights;

/// All layers but the last.
#[derive(Module, Debug)]
pub struct Preactivated {
    stem: Frozen,
    blocks: Vec<Block>,
    /// The normalisation at the end, if there is one; a ReLU follows it.
    last: Option<Scale>,
}

#[derive(Module, Debug)]
struct Block {
    first: Scale,
    body: Vec<Frozen>,
    shortcut: Option<Shortcut>,
}

/// A convolution beside a block's own.
#[derive(Module, Debug)]
struct Shortcut {
    conv: Frozen,
    /// Whether it takes the block's input, and not what the first ReLU gave.
    #[module(skip)]
    raw: bool,
}

/// A normalisation whose statistics stay as they are.
#[derive(Module, Debug)]
struct Scale {
    /// `[1, 1, 1, channels]`.
    scale: Tensor<4>,
    /// `[1, 1, 1, channels]`.
    shift: Tensor<4>,
}

impl Scale {
    fn read(norm: &str, weights: &Weights, device: &Device) -> Self {
        let [scale, shift] = weights.affine_norm(norm).map(|values| {
            let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
            let shape = [1, 1, 1, values.len()];
            Tensor::from_data(TensorData::new(values, shape), device)
        });
        Self { scale, shift }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        x * self.scale.clone() + self.shift.clone()
    }
}

impl Preactivated {
    /// The network of a model file's weights.
    pub fn new(weights: &Weights, device: &Device) -> Self {
        let config = &weights.card().architecture;
        let conv = |spec: &ConvSpec| frozen(spec, weights, device);
        let scale = |norm: &str| Scale::read(norm, weights, device);
        let Family { raw_shortcuts: raw, normalises_last, .. } = config.family();
        let blocks = config.residual_blocks();
        let blocks = blocks.iter().map(|block| Block {
            first: scale(block.first_norm.as_deref().unwrap_or_default()),
            body: block.body.iter().map(conv).collect(),
            shortcut: block.shortcut.as_ref().map(|spec| Shortcut { conv: conv(spec), raw }),
        });
        Self {
            stem: conv(&config.stem_conv()),
            blocks: blocks.collect(),
            last: normalises_last.then(|| scale(ResNetConfig::LAST_NORM)),
        }
    }

    /// `[batch, height, width, channels]`, in and out.
    pub fn forward(&self, x: Tensor<4>, last_relu: LastRelu) -> Tensor<4> {
        let x = self.blocks.iter().fold(affine(x, &self.stem), |x, block| block.forward(x));
        // Without a last ReLU there is no other gradient to choose.
        let Some(last) = &self.last else { return x };
        let z = last.forward(x);
        match last_relu {
            LastRelu::True => relu(z),
            LastRelu::Fake => fake_relu(z),
        }
    }
}

impl Block {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let first = relu(self.first.forward(x.clone()));
        let shortcut = match &self.shortcut {
            Some(Shortcut { conv, raw: false }) => affine(first.clone(), conv),
            Some(Shortcut { conv, raw: true }) => affine(x, conv),
            None => x,
        };
        let body = self.body.iter().enumerate().fold(first, |x, (i, conv)| {
            let x = if i == 0 { x } else { relu(x) };
            affine(x, conv)
        });
        body + shortcut
    }
}
