//! In f32, on whatever Burn runs on.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, ModuleOptimizer, SgdConfig, decay::WeightDecayConfig};
use burn::store::ModuleRecord;
use burn::tensor::activation::log_softmax;
use burn::tensor::{Bytes, Device, Int, Shape, Tensor, TensorData};
use burn_pack::Reader;
use robust_core::engine::Model;
use robust_core::engine::network::{LastRelu, ResNet};
use robust_core::engine::solve::Run;
use robust_core::engine::solve::objective::CrossEntropy;
use robust_core::engine::solve::pgd::Pgd;
use robust_core::model::card::Card;
use robust_core::settings::PgdSettings;

use super::{Measured, Saved};
use crate::data::Batch;
use crate::train::config::TrainConfig;
use crate::train::replicas::{Found, Replicas, Share};

/// A network that learns, with its average and its optimiser.
pub struct InF32 {
    network: ResNet,
    pub average: ResNet,
    optimiser: ModuleOptimizer,
    card: Card,
    replicas: Replicas,
    device: Device,
}

impl InF32 {
    /// As [`super::Learner::new`].
    pub fn new(
        config: &TrainConfig,
        card: Card,
        network: ResNet,
        devices: &[Device],
    ) -> Result<Self> {
        let replicas = Replicas::new(devices)?;
        // Burn's default dampens the gradient; PyTorch's, whose numbers the presets are, does not.
        let momentum = MomentumConfig::new().with_momentum(config.momentum).with_dampening(0.0);
        let optimiser = SgdConfig::new()
            .with_momentum(Some(momentum))
            .with_weight_decay(Some(WeightDecayConfig::new(config.weight_decay)))
            .init();
        let average = network.valid();
        let (network, device) = (network.train(), devices[0].clone());
        Ok(Self { network, average, optimiser, card, replicas, device })
    }

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
        let x: Tensor<4> = Tensor::from_data(TensorData::new(batch.planes(), shape), &self.device);
        let labels: Vec<i32> = batch.labels.iter().map(|&label| label as i32).collect();
        let labels: Tensor<1, Int> =
            Tensor::from_data(TensorData::new(labels, [count]), &self.device);
        let start = attack.map(|settings| settings.constraint.random_start(x.clone()));
        let batch = Share { images: x, start, labels };
        let find = |network: &ResNet, share: Share, weight: f32, device: &Device| {
            self.find(network, share, weight, attack, config, device)
        };
        let Found { loss, correct, gradients } = self.replicas.sum(&self.network, batch, find);
        // Moved out and back: the optimiser takes the network by value.
        self.network = self.optimiser.step(lr, self.network.clone(), gradients);
        self.update_average(config.average);
        Measured { loss, correct }
    }

    pub fn save(&self) -> Result<Saved> {
        Ok(Saved {
            network: self.network.valid().into_record().into_bytes()?.to_vec(),
            average: self.average.clone().into_record().into_bytes()?.to_vec(),
            optimiser: self.optimiser.into_bytes()?.to_vec(),
        })
    }

    pub fn restore(&mut self, saved: Saved) -> Result<()> {
        let [network, average, optimiser] =
            [saved.network, saved.average, saved.optimiser].map(Bytes::from_bytes_vec);
        let record = ModuleRecord::from_bytes;
        self.network = self.network.valid().try_load_record(record(network)?)?.train();
        self.average = self.average.clone().try_load_record(record(average)?)?;
        let momenta = check_momenta(&self.network, optimiser.clone())?;
        self.optimiser = self.optimiser.clone().from_bytes(optimiser)?;
        // What it cannot make sense of, it leaves out without a word.
        ensure!(self.optimiser.to_record().len() == momenta, OTHER_OPTIMISER);
        Ok(())
    }

    /// Attacks images and differentiates the loss of what became of them, times `weight`.
    fn find(
        &self,
        network: &ResNet,
        Share { images, start, labels }: Share,
        weight: f32,
        attack: Option<PgdSettings>,
        config: &TrainConfig,
        device: &Device,
    ) -> Found {
        let x = match (attack, start) {
            (Some(settings), Some(start)) => {
                // In evaluation mode and without gradients of parameters.
                let folded = network.valid().fold();
                let model = Model::of_network(self.card.clone(), folded, device);
                let objective = CrossEntropy::untargeted(labels.clone());
                let mut pgd = Pgd::new(&model, objective, settings, start, images);
                pgd.finish();
                pgd.images()
            }
            _ => images,
        };
        // The clone shares its running statistics with the network: they learn too.
        let model = Model::of_network(self.card.clone(), network.clone(), device);
        let logits = model.forward(x.autodiff(), LastRelu::True).logits;
        let predicted = logits.clone().without_autodiff().argmax(1).squeeze_dim::<1>(1);
        let correct = predicted.equal(labels.clone()).float().sum();
        let loss = smoothed_cross_entropy(logits, labels, config.label_smoothing) * weight;
        let gradients = GradientsParams::from_grads(loss.backward(), network);
        Found { loss: loss.without_autodiff(), correct, gradients }
    }

    fn update_average(&mut self, decay: f32) {
        let mut newest = Collect::default();
        self.network.valid().visit(&mut newest);
        let mut merge = Merge { newest: newest.0.into_iter(), decay };
        self.average = self.average.clone().map(&mut merge);
    }
}

const OTHER_OPTIMISER: &str = "the optimiser's state is of another network";

/// How many momenta an optimiser's record holds, each of which must be a parameter's: to read another
/// makes Burn panic.
fn check_momenta(network: &ResNet, record: Bytes) -> Result<usize> {
    let mut shapes = Shapes::default();
    network.visit(&mut shapes);
    let momenta = Reader::from_bytes(record)?.into_tensors()?;
    let count = momenta.len();
    for momentum in momenta {
        let (_, _, shape, id, _) = momentum.into_parts()?;
        let parameter = id.and_then(|id| shapes.0.get(&id));
        ensure!(parameter.is_some_and(|parameter| *parameter == shape), OTHER_OPTIMISER);
    }
    Ok(count)
}

/// The shapes of a network's tensors by their numbers.
#[derive(Default)]
struct Shapes(BTreeMap<u64, Shape>);

impl ModuleVisitor for Shapes {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.insert(param.id.val(), param.lazy_shape());
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::data::Dataset;
    use crate::train::tests::settings;
    use crate::train::trial;

    /// Two copies of the network see the same images each, so that their statistics are those of
    /// one copy that sees all.
    #[test]
    fn copies_of_the_network_learn_what_one_does() {
        let flags = "--size 12 --widths 4,8 --batch 8 --average 0 --attack-steps 0 --lr 0.1";
        let config = settings(flags);
        let set = Arc::new(Dataset::painted(4, 12));
        let images: Vec<u8> = (0..4 * 3 * 12 * 12).map(|i| (i * 37 % 256) as u8).collect();
        // Both begin from one draw: the generator is the process's, and other tests draw too.
        let start = trial::fresh(&config, &set, &[Device::flex()]).unwrap();
        let weights = |replicas: usize| {
            let devices = vec![Device::flex(); replicas];
            let mut learner = trial::fresh(&config, &set, &devices).unwrap();
            learner.restore(start.save().unwrap()).unwrap();
            let batch = Batch { bytes: images.repeat(2), labels: [0, 1, 2, 3].repeat(2), size: 12 };
            let Measured { loss, correct } = learner.step(batch, None, 0.1, &config, 1);
            let average = learner.average(learner.card().clone()).unwrap();
            let values = average.tensors().flat_map(|(_, array)| array.values.clone()).collect();
            let values: Vec<f32> = values;
            let weights = Tensor::<1>::from_floats(values.as_slice(), &devices[0]);
            (weights, loss, correct)
        };
        let ((one, loss, correct), (two, shared_loss, shared_correct)) = (weights(1), weights(2));
        let far = |a: Tensor<1>, b: Tensor<1>| (a - b).abs().max().into_scalar::<f32>();
        assert!(far(loss, shared_loss) < 1e-6);
        assert_eq!(far(correct, shared_correct), 0.0);
        assert!(far(one, two) < 1e-5);
    }

    #[test]
    fn a_changed_state_is_refused_or_learnt_from() {
        let config = settings("--size 12 --widths 4,8 --batch 4 --attack-steps 0 --lr 0.1");
        let set = Arc::new(Dataset::painted(4, 12));
        let images: Vec<u8> = (0..4 * 3 * 12 * 12).map(|i| (i * 37 % 256) as u8).collect();
        let mut learner = trial::fresh(&config, &set, &[Device::flex()]).unwrap();
        let batch = || Batch { bytes: images.clone(), labels: vec![0, 1, 2, 3], size: 12 };
        learner.step(batch(), None, 0.1, &config, 1);
        let Saved { network, average, optimiser } = learner.save().unwrap();
        let parts = [network, average, optimiser];
        for (part, at) in (0..3).flat_map(|part| (0..120).map(move |at| (part, at))) {
            let mut changed = parts.clone();
            // Descriptions come first and are where a change means most.
            let length = parts[part].len();
            let at = if at < 80 { at * 7 } else { at * length / 120 };
            changed[part][at.min(length - 1)] ^= 1 << (at % 8);
            let [network, average, optimiser] = changed;
            let mut learner = trial::fresh(&config, &set, &[Device::flex()]).unwrap();
            if learner.restore(Saved { network, average, optimiser }).is_ok() {
                learner.step(batch(), None, 0.1, &config, 2);
            }
        }
    }
}
