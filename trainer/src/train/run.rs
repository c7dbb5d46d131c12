//! A run from its first step, or from where a checkpoint left it, to its end.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use robust_core::engine::Model;
use robust_core::engine::network::ResNet;
use robust_core::model::card::{Card, Provenance, Role, Training};
use robust_core::model::weights::{Precision, Weights};

use super::checkpoint::{self, Position, TrainingState};
use super::claim::claim;
use super::config::TrainConfig;
use super::learner::Learner;
use super::progress::{Metrics, Progress};
use crate::accuracy::{self, Attack};
use crate::autoattack::Ball;
use crate::data::{Batches, Dataset};
use crate::files;
use crate::interrupt::Interrupt;

/// Steps between two looks at the loss. Each makes the device wait.
const LOOK_EVERY: u64 = 20;

/// Steps of the attack that watches a run, as a one-step adversary can be fooled.
const WATCH_STEPS: usize = 10;

/// What is trained on, where results go, and when to stop.
pub struct Job<'a> {
    pub config: &'a TrainConfig,
    pub train: Arc<Dataset>,
    pub held_out: Dataset,
    /// Folder of checkpoint, metrics and models.
    pub out: &'a Path,
    /// Weights to start from.
    pub init: Option<Weights>,
    pub resume: bool,
    pub time_limit: Option<Duration>,
    /// Between two checkpoints.
    pub save_every: Duration,
    /// Held-out images that watch the run.
    pub watch: usize,
    /// Description of the data, for the card.
    pub data: String,
    /// Description of what computes, for the card.
    pub hardware: String,
    /// Each computes its part of every batch; the first one does all else.
    pub devices: Vec<Device>,
}

/// Trains; returns the model file, or nothing where the run was stopped before its end.
pub fn train(job: &Job<'_>) -> Result<Option<PathBuf>> {
    let config = job.config;
    config.check()?;
    let started = Instant::now();
    let interrupt = Interrupt::listen();
    let _claim = claim(job.out, job.resume)?;
    let checkpoint = job.out.join("checkpoint.bin");
    // The model as it is after each epoch, to be looked at while the run goes on or once it was stopped.
    let latest = job.out.join("latest.safetensors");
    let data = job.train.fingerprint();
    let saved =
        job.resume.then(|| TrainingState::read(&checkpoint, config, &job.train)).transpose()?;
    let card = match &saved {
        Some(saved) => saved.card()?,
        None => card(job)?,
    };
    if card.classes != job.train.classes {
        bail!(
            "the run began with the classes {}; those of the images are {}: give the same images, \
             and the same --init if there was one",
            card.classes.join(", "),
            job.train.classes.join(", ")
        );
    }
    let network = first_network(job, &card)?;
    let mut learner = Learner::new(config, card.clone(), network, &job.devices)?;
    let before = match saved {
        Some(saved) => saved
            .restore(&mut learner)
            .with_context(|| format!("cannot go on from {}", checkpoint.display()))?,
        None => Position::default(),
    };
    let mut at = before;
    let per_epoch = config.order().batches(job.train.len());
    if per_epoch == 0 {
        bail!("--batch {} is more than the {} training images", config.batch, job.train.len());
    }
    let steps = (per_epoch * config.epochs) as u64;
    let progress = Progress::open(job.out, at.step, steps, config.precision)?;
    let mut saved_at = Instant::now();
    let mut look = Look::new();
    let mut ending = None;
    while at.epoch < config.epochs && ending.is_none() {
        let share = at.epoch as f64 / config.epochs as f64;
        let size = config.size_at(share);
        let order = config.order();
        let batches =
            Batches::prepare(&job.train, order, config.augment, size, at.epoch, at.batch)?;
        let mut batches = batches.into_iter();
        loop {
            let waiting = Instant::now();
            let Some(batch) = batches.next() else { break };
            look.waited += waiting.elapsed();
            if let Err(error) = job.train.check_readable() {
                checkpoint::save(&checkpoint, &learner, config, data, at)?;
                return Err(error.context("the run is saved, and --resume goes on with it"));
            }
            let epochs = at.epoch as f64 + at.batch as f64 / per_epoch as f64;
            let lr = config.lr * config.schedule.factor(epochs, config.epochs, &config.milestones);
            let seed = config.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (at.step + 1);
            look.add(
                learner.step(
                    batch,
                    config.attack(size, at.step as f64 / steps as f64),
                    lr,
                    config,
                    seed,
                ),
                config.batch,
            );
            at.batch += 1;
            at.step += 1;
            at.seconds = before.seconds + started.elapsed().as_secs_f64();
            if at.step.is_multiple_of(LOOK_EVERY) && at.batch < per_epoch {
                let row = look.row(at, per_epoch, lr, job.out)?;
                progress.tell(&row);
            }
            let late = job.time_limit.is_some_and(|limit| started.elapsed() >= limit);
            ending = match (interrupt.asked(), late) {
                (true, _) => Some("interrupted"),
                (_, true) => Some("the time is over"),
                _ => None,
            };
            if ending.is_some() {
                break;
            }
            if saved_at.elapsed() >= job.save_every {
                checkpoint::save(&checkpoint, &learner, config, data, at)?;
                saved_at = Instant::now();
            }
        }
        if at.batch >= per_epoch {
            at.epoch += 1;
            at.batch = 0;
            let lr = config.lr
                * config.schedule.factor(at.epoch as f64, config.epochs, &config.milestones);
            let mut row = look.row(at, per_epoch, lr, job.out)?;
            let average = learner.average(described(card.clone(), job, at))?;
            let (clean, robust) = watch(job, &average)?;
            (row.clean, row.robust) = (Some(clean), Some(robust));
            progress.tell(&row);
            if at.epoch < config.epochs {
                files::write(&latest, &average.to_bytes(Precision::F32)?)?;
            }
            look = Look::new();
        }
    }
    checkpoint::save(&checkpoint, &learner, config, data, at)?;
    if let Some(note) = job.train.left_out() {
        progress.note(&note);
    }
    if at.epoch < config.epochs {
        progress.note(&format!(
            "Stopped at step {} of {steps}: {}. Go on with --resume.",
            at.step,
            ending.unwrap_or("unknown")
        ));
        return Ok(None);
    }
    let model = job.out.join("model.safetensors");
    let weights = learner.average(described(card, job, at))?;
    files::write(&model, &weights.to_bytes(Precision::F32)?)?;
    // It is older now, and as large; whether it was there or can be removed changes nothing.
    let _ = fs::remove_file(latest);
    Ok(Some(model))
}

/// Losses and times since the last row.
struct Look {
    since: Instant,
    waited: Duration,
    images: usize,
    losses: Vec<Tensor<1>>,
    correct: Vec<Tensor<1>>,
}

impl Look {
    fn new() -> Self {
        let since = Instant::now();
        Self { since, waited: Duration::ZERO, images: 0, losses: Vec::new(), correct: Vec::new() }
    }

    fn add(&mut self, measured: super::learner::Measured, images: usize) {
        self.losses.push(measured.loss);
        self.correct.push(measured.correct);
        self.images += images;
    }

    /// Reads the device and begins anew.
    fn row(&mut self, at: Position, per_epoch: usize, lr: f64, out: &Path) -> Result<Metrics> {
        let read = |tensors: &mut Vec<Tensor<1>>| -> Vec<f32> {
            let tensors = std::mem::take(tensors);
            if tensors.is_empty() {
                return Vec::new();
            }
            Tensor::cat(tensors, 0).into_data().iter::<f32>().collect()
        };
        let (losses, correct) = (read(&mut self.losses), read(&mut self.correct));
        if let Some(i) = losses.iter().position(|loss| !loss.is_finite()) {
            let step = at.step - (losses.len() - i) as u64 + 1;
            bail!(
                "the loss of step {step} is not finite (learning rate {lr:.4}, losses before it: \
                 {:?}). The last checkpoint in {} is from before; a smaller --lr may help",
                &losses[i.saturating_sub(5)..i],
                out.display()
            );
        }
        let seconds = self.since.elapsed().as_secs_f64().max(1e-9);
        let row = Metrics {
            epoch: at.epoch as f64 + at.batch as f64 / per_epoch as f64,
            step: at.step,
            loss: losses.iter().sum::<f32>() / losses.len().max(1) as f32,
            train_accuracy: correct.iter().sum::<f32>() / self.images.max(1) as f32,
            lr,
            images_per_second: self.images as f64 / seconds,
            waiting: self.waited.as_secs_f64() / seconds,
            clean: None,
            robust: None,
        };
        *self = Self::new();
        Ok(row)
    }
}

/// Clean and robust accuracy of the averaged weights on some held-out images.
fn watch(job: &Job<'_>, average: &Weights) -> Result<(f32, f32)> {
    let model = Model::new(average, &job.devices[0]);
    let images = accuracy::balanced_draw(&job.held_out, job.watch, job.config.seed);
    let clean = accuracy::measure(&model, &job.held_out, &images, None)?;
    let ball = Ball { norm: job.config.constraint, eps: job.config.eps };
    let watched = Attack::standard(ball, WATCH_STEPS, job.config.seed);
    let robust = accuracy::measure(&model, &job.held_out, &images, Some(&watched))?;
    Ok((clean.share(), robust.share()))
}

fn card(job: &Job<'_>) -> Result<Card> {
    let config = job.config;
    let classes = job.train.classes.clone();
    let architecture = config.architecture(classes.len())?;
    let (mean, std) = match &job.init {
        Some(weights) => (weights.card().mean, weights.card().std),
        None => job.train.normaliser(),
    };
    let source = match job.init.as_ref().map(Weights::card) {
        None => "robust-reps train".into(),
        Some(first) => {
            let network = first.architecture.preset_name().unwrap_or("another network");
            format!("robust-reps train, begun from the weights of \"{}\" ({network})", first.name)
        }
    };
    let role = if config.attack_steps == 0 { Role::Standard } else { Role::Robust };
    Ok(Card {
        name: format!("{role:?}").to_lowercase(),
        role,
        architecture,
        classes,
        mean,
        std,
        input_size: config.size,
        training: None,
        accuracies: Vec::new(),
        provenance: Provenance {
            source,
            written_by: concat!("robust-reps ", env!("CARGO_PKG_VERSION")).into(),
            ..Provenance::default()
        },
    })
}

/// `card` with how the network came about, as far as the run has come.
fn described(card: Card, job: &Job<'_>, at: Position) -> Card {
    let (adversary, recipe) = (job.config.adversary(), job.config.recipe());
    let mut cost = format!("{:.0} minutes on {}", at.seconds / 60.0, job.hardware);
    if at.epoch < job.config.epochs {
        cost += &format!(", so far {} of {} epochs", at.epoch, job.config.epochs);
    }
    Card { training: Some(Training { data: job.data.clone(), adversary, recipe, cost }), ..card }
}

fn first_network(job: &Job<'_>, card: &Card) -> Result<ResNet> {
    job.devices[0].seed(job.config.seed);
    let Some(weights) = &job.init else {
        return Ok(card.architecture.init(&job.devices[0]).materialize());
    };
    let network = ResNet::trainable(weights, card, &job.devices[0]);
    Ok(network.context("--init")?.materialize())
}
