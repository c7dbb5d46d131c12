//! A residual network's layers, whatever they are.

use burn::module::Module;
use burn::nn::PaddingConfig2d;
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::tensor::Tensor;
use burn::tensor::activation::relu;

use super::blur::blurred;
use crate::engine::kernels::convolution::Layer;
use crate::model::architecture::{ConvSpec, ResNetConfig};

/// All convolutions of a network, with what normalises them.
#[derive(Module, Debug)]
pub struct Layers<L: Module> {
    pub stem: L,
    pub pool: Option<MaxPool2d>,
    /// Whether the pooling has stride 1 and a blur follows it.
    #[module(skip)]
    pub blurs: bool,
    pub blocks: Vec<Block<L>>,
}

/// Convolutions beside a shortcut.
#[derive(Module, Debug)]
pub struct Block<L: Module> {
    pub body: Vec<L>,
    /// How many of them come before a blur, where there is one.
    #[module(skip)]
    pub blur_after: Option<usize>,
    pub shortcut: Option<L>,
}

impl<L: Module> Layers<L> {
    /// Puts a network together out of its convolutions, however those are made.
    pub fn new(config: &ResNetConfig, conv: impl Fn(&ConvSpec) -> L) -> Self {
        let pool = MaxPool2dConfig::new([3, 3])
            .with_strides(if config.blurs() { [1, 1] } else { [2, 2] })
            .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1));
        let blocks = config.residual_blocks();
        let blocks = blocks.iter().map(|block| Block {
            body: block.body.iter().map(&conv).collect(),
            blur_after: block.blur_after,
            shortcut: block.shortcut.as_ref().map(&conv),
        });
        Self {
            stem: conv(&config.stem_conv()),
            pool: config.stem.pools().then(|| pool.init()),
            blurs: config.stem.pools() && config.blurs(),
            blocks: blocks.collect(),
        }
    }

    /// What follows the stem: nothing, or a pooling of `[batch, height, width, channels]` and perhaps
    /// a blur.
    pub fn pooled(&self, x: Tensor<4>) -> Tensor<4> {
        let Some(pool) = &self.pool else { return x };
        let x = pool.forward(x.permute([0, 3, 1, 2])).permute([0, 2, 3, 1]);
        if self.blurs { blurred(x) } else { x }
    }
}

impl<L: Module> Block<L> {
    /// The body's convolutions, as `conv` computes them, with ReLUs between them and the blur.
    pub fn body(&self, x: Tensor<4>, conv: impl Fn(Tensor<4>, &L) -> Tensor<4>) -> Tensor<4> {
        self.body.iter().enumerate().fold(x, |x, (i, layer)| {
            let x = if i == 0 { x } else { relu(x) };
            conv(if self.blur_after == Some(i) { blurred(x) } else { x }, layer)
        })
    }
}

/// What a convolution of that name is to compute.
pub fn layer(spec: &ConvSpec) -> Layer {
    Layer { channels: spec.channels, kernel: spec.kernel, stride: spec.stride }
}
