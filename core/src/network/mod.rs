//! The residual network as Burn modules.

#[cfg(feature = "train")]
mod trainable;

use burn::module::{Module, Param};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{BatchNorm, Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::architecture::{ConvSpec, ResNetConfig};
use crate::convolution::{Frozen, Layer, trained};
use crate::normalisation::by_batch;
use crate::weights::{AffineConv, Weights};

/// What one forward pass gives.
#[derive(Clone, Debug)]
pub struct Output {
    /// `R(x)`: the last block's activations after global average pooling, `[batch, k]`.
    pub representation: Tensor<2>,
    /// `R(x) Wᵀ + b`, `[batch, classes]`.
    pub logits: Tensor<2>,
}

/// The backward rule of the last ReLU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastRelu {
    /// Zero where the unit is off: the true gradient, for training and attacks.
    True,
    /// Identity: a dead unit keeps a gradient, for inversion and visualisation.
    Fake,
}

/// A convolution and the batch normalisation after it.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant, reason = "a network has some dozens of them")]
pub enum ConvNorm {
    /// Normalisation folded into weights that stay as they are.
    Folded(Frozen),
    /// Both learn. For evaluation they are folded.
    Trained(Trained),
}

/// A convolution without bias, and its normalisation.
#[derive(Module, Debug)]
pub struct Trained {
    weight: Param<Tensor<4>>,
    norm: BatchNorm,
    #[module(skip)]
    layer: Layer,
}

impl ConvNorm {
    fn folded(spec: &ConvSpec, parts: AffineConv, device: &Device) -> Self {
        let ConvSpec { channels: [input, output], kernel, .. } = *spec;
        let weight = TensorData::new(parts.weight, [output, input, kernel, kernel]);
        let bias = TensorData::new(parts.bias, [output]);
        let (weight, bias) = (Tensor::from_data(weight, device), Tensor::from_data(bias, device));
        Self::Folded(Frozen::new(weight, bias, layer(spec)))
    }

    /// `[batch, height, width, channels]`, in and out.
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Folded(conv) => conv.forward(x),
            Self::Trained(Trained { weight, norm, layer }) => {
                by_batch(norm, trained(x, weight.val(), *layer))
            }
        }
    }
}

fn layer(spec: &ConvSpec) -> Layer {
    Layer { channels: spec.channels, kernel: spec.kernel, stride: spec.stride }
}

/// A parameter that is given, not drawn: the module's own initialisation is lazy and never runs.
fn parameter<const D: usize>(
    values: Vec<f32>,
    shape: [usize; D],
    device: &Device,
) -> Param<Tensor<D>> {
    Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), device))
}

/// Convolutions beside a shortcut.
#[derive(Module, Debug)]
pub struct ResidualBlock {
    body: Vec<ConvNorm>,
    shortcut: Option<ConvNorm>,
}

impl ResidualBlock {
    /// The sum of both branches, before its ReLU.
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let shortcut = match &self.shortcut {
            Some(conv) => conv.forward(x.clone()),
            None => x.clone(),
        };
        let body = self.body.iter().enumerate().fold(x, |x, (i, conv)| {
            let x = if i == 0 { x } else { relu(x) };
            conv.forward(x)
        });
        body + shortcut
    }
}

/// A residual network of any [`ResNetConfig`]. Normalisation of the input is the model's matter.
#[derive(Module, Debug)]
pub struct ResNet {
    stem: ConvNorm,
    pool: Option<MaxPool2d>,
    blocks: Vec<ResidualBlock>,
    head: Linear,
}

impl ResNetConfig {
    /// Puts a network together out of its convolutions, however those are made.
    fn assemble(&self, head: Linear, conv: impl Fn(&ConvSpec) -> ConvNorm) -> ResNet {
        let pool = MaxPool2dConfig::new([3, 3])
            .with_strides([2, 2])
            .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1));
        let blocks = self.residual_blocks();
        ResNet {
            stem: conv(&self.stem_conv()),
            pool: self.stem.pools().then(|| pool.init()),
            blocks: blocks
                .iter()
                .map(|block| ResidualBlock {
                    body: block.body.iter().map(&conv).collect(),
                    shortcut: block.shortcut.as_ref().map(&conv),
                })
                .collect(),
            head,
        }
    }
}

impl ResNet {
    /// The network of a file for evaluation: batch normalisation folded away, parameters frozen.
    pub fn folded(weights: &Weights, device: &Device) -> Self {
        let folded = |spec: &ConvSpec| ConvNorm::folded(spec, weights.folded(spec), device);
        weights.card().architecture.assemble(head(weights, device), folded).freeze()
    }

    /// The row of the linear layer that belongs to each class, `[classes.len(), k]`.
    pub fn class_weights(&self, classes: Tensor<1, Int>) -> Tensor<2> {
        self.head.weight.val().transpose().select(0, classes)
    }

    /// Runs a batch of normalised images, `[batch, 3, height, width]`.
    pub fn forward(&self, x: Tensor<4>, last_relu: LastRelu) -> Output {
        let mut x = relu(self.stem.forward(x.permute([0, 2, 3, 1])));
        if let Some(pool) = &self.pool {
            x = pool.forward(x.permute([0, 3, 1, 2])).permute([0, 2, 3, 1]);
        }
        for (i, block) in self.blocks.iter().enumerate() {
            let fake = last_relu == LastRelu::Fake && i + 1 == self.blocks.len();
            let z = block.forward(x);
            x = if fake { fake_relu(z) } else { relu(z) };
        }
        let representation = x.flatten::<3>(1, 2).mean_dim(1).squeeze_dim::<2>(1);
        let logits = self.head.forward(representation.clone());
        Output { representation, logits }
    }
}

/// The linear layer of a file.
fn head(weights: &Weights, device: &Device) -> Linear {
    let config = &weights.card().architecture;
    let (k, classes) = (config.representation_len(), config.classes);
    let mut head = LinearConfig::new(k, classes).init(device);
    // Burn multiplies by [in, out]; files hold [out, in] as PyTorch does.
    let transposed = TensorData::new(weights.values("fc.weight").to_vec(), [classes, k]);
    head.weight = Param::from_tensor(Tensor::<2>::from_data(transposed, device).transpose());
    head.bias = Some(parameter(weights.values("fc.bias").to_vec(), [classes], device));
    head
}

/// ReLU forward, identity backward.
fn fake_relu(z: Tensor<4>) -> Tensor<4> {
    let correction = (relu(z.clone()) - z.clone()).detach();
    z + correction
}
