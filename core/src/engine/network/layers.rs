//! A residual network's layers, whatever they are.

use burn::module::Module;
use burn::nn::PaddingConfig2d;
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::tensor::Tensor;

use crate::engine::kernels::convolution::Layer;
use crate::model::architecture::{ConvSpec, ResNetConfig};

/// All convolutions of a network, with what normalises them.
#[derive(Module, Debug)]
pub struct Layers<L: Module> {
    pub stem: L,
    pub pool: Option<MaxPool2d>,
    pub blocks: Vec<Block<L>>,
}

/// Convolutions beside a shortcut.
#[derive(Module, Debug)]
pub struct Block<L: Module> {
    pub body: Vec<L>,
    pub shortcut: Option<L>,
}

impl<L: Module> Layers<L> {
    /// Puts a network together out of its convolutions, however those are made.
    pub fn new(config: &ResNetConfig, conv: impl Fn(&ConvSpec) -> L) -> Self {
        let pool = MaxPool2dConfig::new([3, 3])
            .with_strides([2, 2])
            .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1));
        let blocks = config.residual_blocks();
        let blocks = blocks.iter().map(|block| Block {
            body: block.body.iter().map(&conv).collect(),
            shortcut: block.shortcut.as_ref().map(&conv),
        });
        Self {
            stem: conv(&config.stem_conv()),
            pool: config.stem.pools().then(|| pool.init()),
            blocks: blocks.collect(),
        }
    }

    /// What follows the stem: nothing, or a pooling of `[batch, height, width, channels]`.
    pub fn pooled(&self, x: Tensor<4>) -> Tensor<4> {
        match &self.pool {
            Some(pool) => pool.forward(x.permute([0, 3, 1, 2])).permute([0, 2, 3, 1]),
            None => x,
        }
    }
}

/// What a convolution of that name is to compute.
pub fn layer(spec: &ConvSpec) -> Layer {
    Layer { channels: spec.channels, kernel: spec.kernel, stride: spec.stride }
}
