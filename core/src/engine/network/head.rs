//! The linear layer that ends a network.

use burn::module::{Module, Param};
#[cfg(feature = "train")]
use burn::nn::LinearConfig;
use burn::tensor::{Device, Tensor};

use super::parameter;
use crate::engine::kernels::products::products;
use crate::model::weights::Weights;

/// From a representation to logits. Not Burn's layer, whose initialisation alone would put every
/// matrix product of Burn into the page's engines.
#[derive(Module, Debug)]
pub struct Head {
    /// `[classes, k]`, as files hold it.
    weight: Param<Tensor<2>>,
    /// `[classes]`.
    bias: Param<Tensor<1>>,
}

impl Head {
    /// That of a file.
    pub fn read(weights: &Weights, device: &Device) -> Self {
        let config = &weights.card().architecture;
        let (k, classes) = (config.representation_len(), config.classes);
        Self {
            weight: parameter(weights.values("fc.weight").to_vec(), [classes, k], device),
            bias: parameter(weights.values("fc.bias").to_vec(), [classes], device),
        }
    }

    /// Drawn as Burn draws them: uniformly, up to one over the root of `k`.
    #[cfg(feature = "train")]
    pub fn fresh(k: usize, classes: usize, device: &Device) -> Self {
        let drawn = LinearConfig::new(k, classes).init(device);
        let bias = drawn.bias.unwrap_or_else(|| parameter(vec![0.0; classes], [classes], device));
        Self { weight: Param::from_tensor(drawn.weight.val().transpose()), bias }
    }

    /// `[classes, k]`.
    pub fn weight(&self) -> Tensor<2> {
        self.weight.val()
    }

    /// `[classes]`.
    #[cfg(feature = "train")]
    pub fn bias(&self) -> Tensor<1> {
        self.bias.val()
    }

    /// `[batch, classes]` of `[batch, k]`.
    pub fn forward(&self, representation: Tensor<2>) -> Tensor<2> {
        let logits = products(representation.unsqueeze(), self.weight().unsqueeze());
        logits.squeeze_dim(0) + self.bias.val().unsqueeze()
    }
}
