//! Networks that learn: normalisation kept apart, weights in and out.

use std::collections::BTreeMap;

use burn::module::{Initializer, Module, Param, RunningState};
use burn::nn::{BatchNorm, BatchNormConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, TensorData};

use super::head::Head;
use super::layers::{Block, Layers, layer};
use super::{LastRelu, ResNet, Trunk, fake_relu, parameter};
use crate::engine::kernels::convolution::frozen::Frozen;
use crate::engine::kernels::convolution::{Layer, trained};
use crate::engine::kernels::normalisation::by_batch;
use crate::model::architecture::{ConvSpec, ResNetConfig};
use crate::model::card::Card;
use crate::model::weights::{Array, NORM_EPSILON, Weights, WeightsError};

/// He et al.'s initialisation for layers followed by a ReLU, by the outputs' number.
fn he() -> Initializer {
    Initializer::KaimingNormal { gain: 2f64.sqrt(), fan_out_only: true }
}

/// A convolution without bias, and its normalisation. Both learn.
#[derive(Module, Debug)]
pub struct Trained {
    weight: Param<Tensor<4>>,
    norm: BatchNorm,
    #[module(skip)]
    layer: Layer,
}

impl Trained {
    /// `[batch, height, width, channels]`, in and out.
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        by_batch(&self.norm, trained(x, self.weight.val(), self.layer))
    }

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

    /// A layer that gives nothing yet, so that its block passes on what it is given. Its
    /// normalisation's scale is the first thing to learn.
    fn silent(spec: &ConvSpec, device: &Device) -> Self {
        let mut layer = Self::fresh(spec, device);
        layer.norm.gamma = parameter(vec![0.0; spec.channels[1]], [spec.channels[1]], device);
        layer
    }

    fn read(spec: &ConvSpec, weights: &Weights, device: &Device) -> Self {
        let [input, output] = spec.channels;
        let values = |name: &str| weights.values(name).to_vec();
        let part = |part: &str| values(&spec.norm_part(part));
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
            tensors.insert(spec.norm_part(part), array(value));
        };
        part("weight", self.norm.gamma.val());
        part("bias", self.norm.beta.val());
        part("running_mean", self.norm.running_mean.value_sync());
        part("running_var", self.norm.running_var.value_sync());
    }
}

impl Block<Trained> {
    /// The sum of both branches, before its ReLU.
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let shortcut = match &self.shortcut {
            Some(conv) => conv.forward(x.clone()),
            None => x.clone(),
        };
        self.body(x, |x, conv| conv.forward(x)) + shortcut
    }

    fn fold(&self) -> Block<Frozen> {
        Block {
            body: self.body.iter().map(Trained::fold).collect(),
            blur_after: self.blur_after,
            shortcut: self.shortcut.as_ref().map(Trained::fold),
        }
    }
}

impl Layers<Trained> {
    /// `[batch, height, width, channels]`, in and out.
    pub fn forward(&self, x: Tensor<4>, last_relu: LastRelu) -> Tensor<4> {
        let mut x = self.pooled(relu(self.stem.forward(x)));
        for (i, block) in self.blocks.iter().enumerate() {
            let fake = last_relu == LastRelu::Fake && i + 1 == self.blocks.len();
            let z = block.forward(x);
            x = if fake { fake_relu(z) } else { relu(z) };
        }
        x
    }

    /// Adds all tensors.
    fn collect(&self, config: &ResNetConfig, tensors: &mut BTreeMap<String, Array>) {
        self.stem.collect(&config.stem_conv(), tensors);
        for (block, spec) in self.blocks.iter().zip(config.residual_blocks()) {
            let layers = block.body.iter().chain(&block.shortcut);
            for (layer, spec) in layers.zip(spec.body.iter().chain(&spec.shortcut)) {
                layer.collect(spec, tensors);
            }
        }
    }

    fn fold(&self) -> Layers<Frozen> {
        Layers {
            stem: self.stem.fold(),
            pool: self.pool.clone(),
            blurs: self.blurs,
            blocks: self.blocks.iter().map(Block::fold).collect(),
        }
    }
}

impl ResNetConfig {
    /// A network with freshly drawn parameters, ready to be trained; its normalisations stand after
    /// their convolutions. Seed the device first.
    pub fn init(&self, device: &Device) -> ResNet {
        let head = Head::fresh(self.representation_len(), self.classes, device);
        let layers = Layers::new(self, |spec| Trained::fresh(spec, device));
        ResNet { trunk: Trunk::Trained(layers), head }
    }
}

/// Why a file's weights cannot begin a network.
#[derive(Debug, thiserror::Error)]
#[error(
    "the weights are of another network ({file:?}) than is wanted ({wanted:?}); only the blocks of a stage may become more, and the classes and the downsampling others. Networks that normalise before their convolutions cannot be trained here"
)]
pub struct NotDeeper {
    file: Box<ResNetConfig>,
    wanted: Box<ResNetConfig>,
}

impl ResNet {
    /// The network of a file, to be trained further. Where `card` has more blocks a stage than the
    /// file, the new ones pass on what they are given (a residual branch of 0 before a
    /// ReLU of what is never negative): the network gives the file's logits until it learns. Seed
    /// the device first, since the new convolutions are drawn, and so is the last layer where the
    /// card's classes are not the file's.
    ///
    /// # Errors
    ///
    /// [`NotDeeper`] where the card's architecture is another network rather than a deeper one.
    pub fn trainable(weights: &Weights, card: &Card, device: &Device) -> Result<Self, NotDeeper> {
        let (file, architecture) = (&weights.card().architecture, &card.architecture);
        if !architecture.deepens(file) {
            let [file, wanted] = [file, architecture].map(|config| Box::new(config.clone()));
            return Err(NotDeeper { file, wanted });
        }
        let last = format!(".conv{}", architecture.block.convolutions());
        let layer = |spec: &ConvSpec| {
            if !weights.values(&format!("{}.weight", spec.name)).is_empty() {
                Trained::read(spec, weights, device)
            } else if spec.name.ends_with(&last) {
                Trained::silent(spec, device)
            } else {
                Trained::fresh(spec, device)
            }
        };
        let trunk = Trunk::Trained(Layers::new(architecture, layer));
        let head = if card.classes == weights.card().classes {
            Head::read(weights, device)
        } else {
            Head::fresh(architecture.representation_len(), architecture.classes, device)
        };
        Ok(Self { trunk, head })
    }

    /// The network for evaluation, as it is now: normalisation folded away, no gradients of
    /// parameters. `self` is on a device without automatic differentiation.
    pub fn fold(&self) -> Self {
        let trunk = match &self.trunk {
            Trunk::Trained(layers) => Trunk::Folded(layers.fold()),
            folded => folded.clone(),
        };
        Self { trunk, head: self.head.clone().freeze() }
    }

    /// All tensors of the network as the content of a model file.
    ///
    /// # Errors
    ///
    /// [`WeightsError`] where the card describes another network, or a value is not finite.
    pub fn weights(&self, card: Card) -> Result<Weights, WeightsError> {
        let mut tensors = BTreeMap::new();
        if let Trunk::Trained(layers) = &self.trunk {
            layers.collect(&card.architecture, &mut tensors);
        }
        tensors.insert("fc.weight".into(), array(self.head.weight()));
        tensors.insert("fc.bias".into(), array(self.head.bias()));
        Weights::new(card, tensors)
    }
}

fn array<const D: usize>(tensor: Tensor<D>) -> Array {
    let shape = tensor.dims().to_vec();
    Array { shape, values: tensor.into_data().iter::<f32>().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::fixture;
    use crate::engine::network::LastRelu;

    fn config(blocks: [usize; 2]) -> ResNetConfig {
        fixture::network(blocks, [4, 6], 2)
    }

    #[test]
    fn a_deeper_network_begins_as_the_one_it_grew_from() {
        let device = Device::flex();
        device.seed(1);
        let card = fixture::card(config([1, 1]));
        let weights = card.architecture.init(&device).weights(card).unwrap();
        let trainable = |config| ResNet::trainable(&weights, &fixture::card(config), &device);
        let deeper = trainable(config([2, 3])).unwrap();
        let Trunk::Trained(layers) = &deeper.trunk else { panic!("it is to learn") };
        assert_eq!(layers.blocks.len(), 5);
        let x = Tensor::random([3, 3, 8, 8], burn::tensor::Distribution::Default, &device);
        let logits = |network: ResNet| network.forward(x.clone(), LastRelu::True).logits;
        let difference = logits(deeper.fold()) - logits(ResNet::folded(&weights, &device));
        assert!(difference.abs().max().into_scalar::<f32>() < 1e-6);

        let wider = ResNetConfig { widths: vec![4, 8], ..config([2, 2]) };
        assert!(trainable(wider).is_err());
        let mut shallower = weights.card().architecture.clone();
        shallower.blocks[1] = 0;
        assert!(trainable(shallower).is_err());
    }

    #[test]
    fn for_other_classes_all_but_the_last_layer_stays() {
        let device = Device::flex();
        let card = fixture::card(config([1, 1]));
        let weights = card.architecture.init(&device).weights(card).unwrap();
        let wanted = fixture::card(ResNetConfig { classes: 5, ..config([1, 1]) });
        let network = ResNet::trainable(&weights, &wanted, &device).unwrap();
        assert_eq!(network.head.weight().dims(), [5, 6]);
        let written = network.weights(wanted).unwrap();
        assert_eq!(written.values("conv1.weight"), weights.values("conv1.weight"));

        // As many, yet others: the rows that belonged to the old ones would mislead.
        let mut renamed = weights.card().clone();
        renamed.classes[0] = "another".into();
        let network = ResNet::trainable(&weights, &renamed, &device).unwrap();
        let written = network.weights(renamed).unwrap();
        assert_ne!(written.values("fc.weight"), weights.values("fc.weight"));
    }
}
