//! One update of the weights, equation (3).

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, ModuleOptimizer, SgdConfig, decay::WeightDecayConfig};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use robust_core::card::Card;
use robust_core::model::Model;
use robust_core::network::{LastRelu, ResNet};
use robust_core::objective::CrossEntropy;
use robust_core::pgd::{Pgd, random_start};
use robust_core::settings::PgdSettings;

use super::config::TrainConfig;
use crate::data::Batch;

/// A network that learns, with its average and its optimiser.
pub struct Learner {
    pub network: ResNet,
    pub average: ResNet,
    pub optimiser: ModuleOptimizer,
    card: Card,
    device: Device,
}

/// What a step measured, still on the device.
pub struct Measured {
    /// Mean loss, `[1]`.
    pub loss: Tensor<1>,
    /// Number of images classified correctly as they were attacked, `[1]`.
    pub correct: Tensor<1>,
}

impl Learner {
    /// `network` on a device without automatic differentiation.
    pub fn new(config: &TrainConfig, card: Card, network: ResNet, device: &Device) -> Self {
        // Burn's default dampens the gradient; PyTorch's, whose numbers the presets are, does not.
        let momentum = MomentumConfig::new().with_momentum(config.momentum).with_dampening(0.0);
        let optimiser = SgdConfig::new()
            .with_momentum(Some(momentum))
            .with_weight_decay(Some(WeightDecayConfig::new(config.weight_decay)))
            .init();
        let average = network.valid();
        Self { network: network.train(), average, optimiser, card, device: device.clone() }
    }

    /// What the network's model file will say.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// One update: attacks the batch, then descends on what the attack made of it. All that is
    /// random hangs on `seed` alone.
    pub fn step(
        &mut self,
        batch: Batch,
        attack: Option<PgdSettings>,
        lr: f64,
        config: &TrainConfig,
        seed: u64,
    ) -> Measured {
        self.device.seed(seed);
        let count = batch.labels.len();
        let shape = [count, 3, batch.size, batch.size];
        let x: Tensor<4> = Tensor::from_data(TensorData::new(batch.values, shape), &self.device);
        let labels: Tensor<1, Int> =
            Tensor::from_data(TensorData::new(batch.labels, [count]), &self.device);
        let x = match attack {
            Some(settings) => self.attacked(x, labels.clone(), settings),
            None => x,
        };
        // The clone shares its running statistics with the network: they learn too.
        let model = Model::of_network(self.card.clone(), self.network.clone(), &self.device);
        let logits = model.forward(x.autodiff(), LastRelu::True).logits;
        let predicted = logits.clone().without_autodiff().argmax(1).squeeze_dim::<1>(1);
        let correct = predicted.equal(labels.clone()).float().sum();
        let loss = smoothed_cross_entropy(logits, labels, config.label_smoothing);
        let gradients = GradientsParams::from_grads(loss.backward(), &self.network);
        // Moved out and back: the optimiser takes the network by value.
        self.network = self.optimiser.step(lr, self.network.clone(), gradients);
        self.update_average(config.average);
        Measured { loss: loss.without_autodiff(), correct }
    }

    fn attacked(&self, x: Tensor<4>, labels: Tensor<1, Int>, settings: PgdSettings) -> Tensor<4> {
        // In evaluation mode and without gradients of parameters.
        let network = self.network.valid().fold();
        let model = Model::of_network(self.card.clone(), network, &self.device);
        let start = random_start(x.clone(), settings.constraint);
        let mut pgd = Pgd::new(&model, CrossEntropy::untargeted(labels), settings, start, x);
        pgd.finish();
        pgd.images()
    }

    fn update_average(&mut self, decay: f32) {
        let mut newest = Collect::default();
        self.network.valid().visit(&mut newest);
        let mut merge = Merge { newest: newest.0.into_iter(), decay };
        self.average = self.average.clone().map(&mut merge);
    }
}

/// Cross-entropy against labels of which a share goes to all classes alike; mean of the batch.
fn smoothed_cross_entropy(logits: Tensor<2>, labels: Tensor<1, Int>, smoothing: f32) -> Tensor<1> {
    let log_probabilities = log_softmax(logits, 1);
    let of_label =
        log_probabilities.clone().gather(1, labels.unsqueeze_dim(1)).squeeze_dim::<1>(1).mean();
    -(of_label * (1.0 - smoothing) + log_probabilities.mean() * smoothing)
}

/// All tensors of a network in order, as rows.
#[derive(Default)]
struct Collect(Vec<Tensor<1>>);

impl ModuleVisitor for Collect {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        let length = tensor.shape().num_elements();
        self.0.push(tensor.reshape([length]));
    }
}

/// Moves every tensor towards the newest one: parameters and running statistics alike.
struct Merge {
    newest: std::vec::IntoIter<Tensor<1>>,
    decay: f32,
}

impl ModuleMapper for Merge {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(newest) = self.newest.next() else { return param };
        let decay = self.decay;
        param.map(|average| {
            let newest = newest.reshape(average.dims());
            average * decay + newest * (1.0 - decay)
        })
    }
}
