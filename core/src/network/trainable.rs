//! Networks that are trained: normalisation kept apart, weights in and out.

use std::collections::BTreeMap;

use burn::module::{Initializer, Module, RunningState};
use burn::nn::{BatchNormConfig, LinearConfig};
use burn::tensor::{Device, Tensor, TensorData};

use super::{ConvNorm, ResNet, ResidualBlock, Trained, head, layer, parameter};
use crate::architecture::{ConvSpec, ResNetConfig};
use crate::card::Card;
use crate::convolution::Frozen;
use crate::weights::{Array, NORM_EPSILON, Weights, WeightsError};

/// He et al.'s initialisation for layers followed by a ReLU, by the outputs' number.
fn he() -> Initializer {
    Initializer::KaimingNormal { gain: 2f64.sqrt(), fan_out_only: true }
}

impl Trained {
    fn fresh(spec: &ConvSpec, device: &Device) -> Self {
        let [input, output] = spec.channels;
        let area = spec.kernel * spec.kernel;
        let (shape, fans) = ([output, input, spec.kernel, spec.kernel], [input, output]);
        let [fan_in, fan_out] = fans.map(|channels| Some(channels * area));
        Self {
            weight: he().init_with(shape, fan_in, fan_out, device),
            norm: BatchNormConfig::new(output).init(device),
            layer: layer(spec),
        }
    }

    fn read(spec: &ConvSpec, weights: &Weights, device: &Device) -> Self {
        let [input, output] = spec.channels;
        let values = |name: &str| weights.values(name).to_vec();
        let part = |part: &str| values(&format!("{}.{part}", spec.norm));
        let kernel = values(&format!("{}.weight", spec.name));
        let weight = parameter(kernel, [output, input, spec.kernel, spec.kernel], device);
        let mut norm = BatchNormConfig::new(output).init(device);
        norm.gamma = parameter(part("weight"), [output], device);
        norm.beta = parameter(part("bias"), [output], device);
        let running = |values| {
            RunningState::new(Tensor::from_data(TensorData::new(values, [output]), device))
        };
        norm.running_mean = running(part("running_mean"));
        norm.running_var = running(part("running_var"));
        Self { weight, norm, layer: layer(spec) }
    }

    /// As [`Weights::folded`], on the device.
    fn fold(&self) -> Frozen {
        let norm = &self.norm;
        let deviation = (norm.running_var.value_sync() + NORM_EPSILON).sqrt();
        let scale = norm.gamma.val() / deviation;
        let bias = norm.beta.val() - norm.running_mean.value_sync() * scale.clone();
        let [output, ..] = self.weight.dims();
        let weight = self.weight.val() * scale.reshape([output, 1, 1, 1]);
        Frozen::new(weight, bias, self.layer)
    }

    /// Adds this layer's tensors under the names of `spec`.
    fn collect(&self, spec: &ConvSpec, tensors: &mut BTreeMap<String, Array>) {
        tensors.insert(format!("{}.weight", spec.name), array(self.weight.val()));
        let mut part = |part: &str, value| {
            tensors.insert(format!("{}.{part}", spec.norm), array(value));
        };
        part("weight", self.norm.gamma.val());
        part("bias", self.norm.beta.val());
        part("running_mean", self.norm.running_mean.value_sync());
        part("running_var", self.norm.running_var.value_sync());
    }
}

impl ConvNorm {
    fn fold(&self) -> Self {
        Self::Folded(match self {
            Self::Folded(conv) => conv.clone(),
            Self::Trained(layer) => layer.fold(),
        })
    }

    fn collect(&self, spec: &ConvSpec, tensors: &mut BTreeMap<String, Array>) {
        if let Self::Trained(layer) = self {
            layer.collect(spec, tensors);
        }
    }
}

impl ResNetConfig {
    /// A network with freshly drawn parameters, ready to be trained. Seed the device first.
    pub fn init(&self, device: &Device) -> ResNet {
        let head = LinearConfig::new(self.representation_len(), self.classes).init(device);
        self.assemble(head, |spec| ConvNorm::Trained(Trained::fresh(spec, device)))
    }
}

impl ResNet {
    /// The network of a file, to be trained further.
    pub fn trainable(weights: &Weights, device: &Device) -> Self {
        let layer = |spec: &ConvSpec| ConvNorm::Trained(Trained::read(spec, weights, device));
        weights.card().architecture.assemble(head(weights, device), layer)
    }

    /// The network for evaluation, as it is now: normalisation folded away, no gradients of
    /// parameters. `self` is on a device without automatic differentiation.
    pub fn fold(&self) -> Self {
        let blocks = self.blocks.iter().map(|block| ResidualBlock {
            body: block.body.iter().map(ConvNorm::fold).collect(),
            shortcut: block.shortcut.as_ref().map(ConvNorm::fold),
        });
        Self {
            stem: self.stem.fold(),
            pool: self.pool.clone(),
            blocks: blocks.collect(),
            head: self.head.clone().freeze(),
        }
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
