//! Networks that are trained: normalisation kept apart, weights in and out.

use std::collections::BTreeMap;

use burn::module::{Initializer, RunningState};
use burn::nn::{BatchNormConfig, LinearConfig};
use burn::tensor::{Device, Tensor, TensorData};

use super::{ConvNorm, ResNet, conv_config, head, parameter};
use crate::architecture::{ConvSpec, ResNetConfig};
use crate::card::Card;
use crate::weights::{Array, Weights, WeightsError};

/// He et al.'s initialisation for layers followed by a ReLU, by the outputs' number.
fn he() -> Initializer {
    Initializer::KaimingNormal { gain: 2f64.sqrt(), fan_out_only: true }
}

impl ConvNorm {
    fn fresh(spec: &ConvSpec, device: &Device) -> Self {
        let norm = BatchNormConfig::new(spec.channels[1]).init(device);
        let conv = conv_config(spec, false).with_initializer(he()).init(device);
        Self { conv, norm: Some(norm) }
    }

    fn trainable(spec: &ConvSpec, weights: &Weights, device: &Device) -> Self {
        let [input, output] = spec.channels;
        let values = |name: &str| weights.values(name).to_vec();
        let part = |part: &str| values(&format!("{}.{part}", spec.norm));
        let mut conv = conv_config(spec, false).init(device);
        let kernel = values(&format!("{}.weight", spec.name));
        conv.weight = parameter(kernel, [output, input, spec.kernel, spec.kernel], device);
        let mut norm = BatchNormConfig::new(output).init(device);
        norm.gamma = parameter(part("weight"), [output], device);
        norm.beta = parameter(part("bias"), [output], device);
        let running = |values| {
            RunningState::new(Tensor::from_data(TensorData::new(values, [output]), device))
        };
        norm.running_mean = running(part("running_mean"));
        norm.running_var = running(part("running_var"));
        Self { conv, norm: Some(norm) }
    }

    /// Adds this layer's tensors under the names of `spec`.
    fn collect(&self, spec: &ConvSpec, tensors: &mut BTreeMap<String, Array>) {
        tensors.insert(format!("{}.weight", spec.name), array(self.conv.weight.val()));
        if let Some(norm) = &self.norm {
            let mut part = |part: &str, value| {
                tensors.insert(format!("{}.{part}", spec.norm), array(value));
            };
            part("weight", norm.gamma.val());
            part("bias", norm.beta.val());
            part("running_mean", norm.running_mean.value_sync());
            part("running_var", norm.running_var.value_sync());
        }
    }
}

impl ResNetConfig {
    /// A network with freshly drawn parameters, ready to be trained. Seed the device first.
    pub fn init(&self, device: &Device) -> ResNet {
        let head = LinearConfig::new(self.representation_len(), self.classes).init(device);
        self.assemble(head, |spec| ConvNorm::fresh(spec, device))
    }
}

impl ResNet {
    /// The network of a file, to be trained further.
    pub fn trainable(weights: &Weights, device: &Device) -> Self {
        let layer = |spec: &ConvSpec| ConvNorm::trainable(spec, weights, device);
        weights.card().architecture.assemble(head(weights, device), layer)
    }

    /// All tensors of the network as the content of a model file.
    ///
    /// # Errors
    ///
    /// [`WeightsError`] where the card describes another network, or a value is not finite.
    pub fn weights(&self, card: Card) -> Result<Weights, WeightsError> {
        let mut tensors = BTreeMap::new();
        self.stem.collect(&card.architecture.stem_conv(), &mut tensors);
        for (block, spec) in self.blocks.iter().zip(card.architecture.residual_blocks()) {
            let layers = block.body.iter().chain(&block.shortcut);
            for (layer, spec) in layers.zip(spec.body.iter().chain(&spec.shortcut)) {
                layer.collect(spec, &mut tensors);
            }
        }
        tensors.insert("fc.weight".into(), array(self.head.weight.val().transpose()));
        if let Some(bias) = &self.head.bias {
            tensors.insert("fc.bias".into(), array(bias.val()));
        }
        Weights::new(card, tensors)
    }
}

fn array<const D: usize>(tensor: Tensor<D>) -> Array {
    let shape = tensor.dims().to_vec();
    Array { shape, values: tensor.into_data().iter::<f32>().collect() }
}
