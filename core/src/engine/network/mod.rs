//! The residual network as Burn modules.

mod blur;
mod folded;
mod head;
mod layers;
mod preactivated;
#[cfg(feature = "train")]
mod trained;

use burn::module::{Module, Param};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor, TensorData};

use self::head::Head;
use self::layers::Layers;
use self::preactivated::Preactivated;
#[cfg(feature = "train")]
pub use self::trained::NotDeeper;
#[cfg(feature = "train")]
use self::trained::Trained;
use crate::engine::kernels::convolution::frozen::Frozen;
use crate::model::architecture::Order;
use crate::model::weights::Weights;

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

/// A residual network of any [`ResNetConfig`](crate::model::architecture::ResNetConfig). Normalisation of
/// the input is the model's matter.
#[derive(Module, Debug)]
pub struct ResNet {
    trunk: Trunk,
    head: Head,
}

#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant, reason = "there are a handful of networks at a time")]
enum Trunk {
    Folded(Layers<Frozen>),
    Preactivated(Preactivated),
    #[cfg(feature = "train")]
    Trained(Layers<Trained>),
}

impl ResNet {
    /// The network of a file for evaluation: batch normalisation folded away, parameters frozen.
    pub fn folded(weights: &Weights, device: &Device) -> Self {
        let trunk = match weights.card().architecture.order {
            Order::After => Trunk::Folded(Layers::folded(weights, device)),
            Order::Before { .. } | Order::Bare { .. } => {
                Trunk::Preactivated(Preactivated::new(weights, device))
            }
        };
        Self { trunk, head: Head::read(weights, device) }.freeze()
    }

    /// The row of the linear layer that belongs to each class, `[classes.len(), k]`.
    pub fn class_weights(&self, classes: Tensor<1, Int>) -> Tensor<2> {
        self.head.weight().select(0, classes)
    }

    /// Runs a batch of normalised images, `[batch, 3, height, width]`.
    pub fn forward(&self, x: Tensor<4>, last_relu: LastRelu) -> Output {
        let x = x.permute([0, 2, 3, 1]);
        let x = match &self.trunk {
            Trunk::Folded(layers) => layers.forward(x, last_relu),
            Trunk::Preactivated(layers) => layers.forward(x, last_relu),
            #[cfg(feature = "train")]
            Trunk::Trained(layers) => layers.forward(x, last_relu),
        };
        let representation = x.flatten::<3>(1, 2).mean_dim(1).squeeze_dim::<2>(1);
        let logits = self.head.forward(representation.clone());
        Output { representation, logits }
    }
}

/// A parameter that is given, not drawn: the module's own initialisation is lazy and never runs.
fn parameter<const D: usize>(
    values: Vec<f32>,
    shape: [usize; D],
    device: &Device,
) -> Param<Tensor<D>> {
    Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), device))
}

/// ReLU forward, identity backward.
fn fake_relu(z: Tensor<4>) -> Tensor<4> {
    let correction = (relu(z.clone()) - z.clone()).detach();
    z + correction
}
