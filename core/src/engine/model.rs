//! A model ready to run on a device.

use burn::tensor::{Device, Tensor, TensorData};

use crate::engine::TaskError;
use crate::engine::network::{LastRelu, Output, ResNet};
use crate::image::Pixels;
use crate::model::card::Card;
use crate::model::weights::{Weights, WeightsError};

/// A frozen network in evaluation mode with its normaliser.
#[derive(Debug)]
pub struct Model {
    card: Card,
    network: ResNet,
    mean: Tensor<4>,
    std: Tensor<4>,
    device: Device,
}

impl Model {
    /// Moves a model to a device.
    pub fn new(weights: &Weights, device: &Device) -> Self {
        Self::of_network(weights.card().clone(), ResNet::folded(weights, device), device)
    }

    /// A network as it is, in evaluation mode, on a device without automatic differentiation.
    pub fn of_network(card: Card, network: ResNet, device: &Device) -> Self {
        let channels =
            |v: [f32; 3]| Tensor::from_data(TensorData::new(v.to_vec(), [1, 3, 1, 1]), device);
        Self {
            mean: channels(card.mean),
            std: channels(card.std),
            device: device.clone(),
            network,
            card,
        }
    }

    /// Reads a model file and moves it to a device.
    ///
    /// # Errors
    ///
    /// The errors of [`Weights::from_bytes`].
    pub fn from_bytes(bytes: &[u8], device: &Device) -> Result<Self, WeightsError> {
        Ok(Self::new(&Weights::from_bytes(bytes)?, device))
    }

    /// What the file says about the model.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// Where the model runs.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Representation and logits of images `[batch, 3, height, width]` in [0, 1].
    pub fn forward(&self, x: Tensor<4>, last_relu: LastRelu) -> Output {
        let normalised = (saturate(x) - self.mean.clone()) / self.std.clone();
        self.network.forward(normalised, last_relu)
    }

    /// Logits of images `[batch, 3, height, width]` within [0, 1], with a gradient for values at its ends
    /// as well, which an attack can move inwards.
    pub fn logits(&self, x: Tensor<4>) -> Tensor<2> {
        let normalised = (x - self.mean.clone()) / self.std.clone();
        self.network.forward(normalised, LastRelu::True).logits
    }

    /// `R(x)`, `[batch, k]`.
    pub fn representation(&self, x: Tensor<4>) -> Tensor<2> {
        self.forward(x, LastRelu::True).representation
    }

    /// Weights of one class's logit, `[1, k]`; `class` is below the number of logits.
    pub fn class_weights(&self, class: usize) -> Tensor<2> {
        let class = Tensor::from_data(TensorData::new(vec![class as i32], [1]), &self.device);
        self.network.class_weights(class)
    }

    /// Images as a batch on the model's device, `[batch, 3, size, size]`.
    ///
    /// # Errors
    ///
    /// [`TaskError::NoImage`], and [`TaskError::Sizes`] where they differ.
    pub fn batch(&self, images: &[Pixels]) -> Result<Tensor<4>, TaskError> {
        let size = images.first().ok_or(TaskError::NoImage)?.size();
        if let Some(other) = images.iter().find(|image| image.size() != size) {
            return Err(TaskError::Sizes(size, other.size()));
        }
        let values: Vec<f32> = images.iter().flat_map(|image| image.values().to_vec()).collect();
        let shape = [images.len(), 3, size, size];
        Ok(Tensor::from_data(TensorData::new(values, shape), &self.device))
    }
}

/// Clamps to [0, 1] and lets no gradient through where a value is at or beyond an end, as the
/// authors' normaliser does: a saturated value of an image stays as it is.
fn saturate(x: Tensor<4>) -> Tensor<4> {
    let (dark, bright) = (x.clone().lower_equal_elem(0.0), x.clone().greater_equal_elem(1.0));
    x.mask_fill(dark, 0.0).mask_fill(bright, 1.0)
}
