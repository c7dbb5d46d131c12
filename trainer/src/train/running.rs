//! A run from its first step, or from where a checkpoint left it, to its end.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use burn::module::Module;
use robust_core::engine::Model;
use robust_core::engine::network::ResNet;
use robust_core::model::card::Card;
use robust_core::model::weights::{Precision, Weights};

use super::checkpoint::{self, Position, TrainingState};
use super::described::{card, described};
use super::learner::Learner;
use super::look::Look;
use super::progress::Progress;
use super::run::Job;
use crate::accuracy::{self, Attack};
use crate::autoattack::Ball;
use crate::data::{Batch, Batches, Dataset, Fingerprint};
use crate::files;
use crate::interrupt::Interrupt;

/// Steps between two looks at the loss. Each makes the device wait.
const LOOK_EVERY: u64 = 20;

/// Steps of the attack that watches a run, as a one-step adversary can be fooled.
const WATCH_STEPS: usize = 10;

/// A run on its way.
pub struct Running<'a> {
    job: &'a Job<'a>,
    learner: Learner,
    /// Of the model, but for how it came about.
    card: Card,
    /// What the images are recognised by.
    data: Fingerprint,
    at: Position,
    per_epoch: usize,
    /// All that there will be.
    steps: u64,
    /// Seconds that the run had taken before it went on.
    before: f64,
    started: Instant,
    saved: Instant,
    interrupt: Interrupt,
    progress: Progress,
    look: Look,
}

impl<'a> Running<'a> {
    /// Reads or makes whatever the first step needs.
    pub fn begin(job: &'a Job<'a>, interrupt: Interrupt) -> Result<Self> {
        let (config, started) = (job.config, Instant::now());
        let checkpoint = checkpoint_of(job);
        let read = || TrainingState::read(&checkpoint, config, &job.train);
        let saved = job.resume.then(read).transpose()?;
        let card = match &saved {
            Some(saved) => saved.card()?,
            None => card(job)?,
        };
        same_classes(&card, &job.train)?;
        let network = first_network(job, &card)?;
        let mut learner = Learner::new(config, card.clone(), network, &job.devices)?;
        let at = match saved {
            Some(saved) => saved
                .restore(&mut learner)
                .with_context(|| format!("cannot go on from {}", checkpoint.display()))?,
            None => Position::default(),
        };
        let per_epoch = config.order().batches(job.train.len());
        if per_epoch == 0 {
            bail!("--batch {} is more than the {} training images", config.batch, job.train.len());
        }
        let steps = (per_epoch * config.epochs) as u64;
        let progress = Progress::open(job.out, at.step, steps, config.precision)?;
        Ok(Self {
            job,
            learner,
            card,
            data: job.train.fingerprint(),
            at,
            per_epoch,
            steps,
            before: at.seconds,
            started,
            saved: Instant::now(),
            interrupt,
            progress,
            look: Look::new(),
        })
    }

    /// Whether no epoch is left.
    pub fn is_over(&self) -> bool {
        self.at.epoch >= self.job.config.epochs
    }

    /// Trains to the end of the epoch, or until it is time to stop, and says why.
    pub fn epoch(&mut self) -> Result<Option<&'static str>> {
        let (config, at) = (self.job.config, self.at);
        let size = config.size_at(at.epoch as f64 / config.epochs as f64);
        let (train, order) = (&self.job.train, config.order());
        let batches = Batches::prepare(train, order, config.augment, size, at.epoch, at.batch)?;
        let mut batches = batches.into_iter();
        let mut stopped = None;
        while stopped.is_none() {
            let waiting = Instant::now();
            let Some(batch) = batches.next() else { break };
            self.look.waited += waiting.elapsed();
            self.step(batch, size)?;
            stopped = self.should_stop();
            if stopped.is_none() && self.saved.elapsed() >= self.job.save_every {
                self.save()?;
            }
        }
        if self.at.batch >= self.per_epoch {
            self.end_epoch()?;
        }
        Ok(stopped)
    }

    /// One step, and every now and then a look at how it goes.
    fn step(&mut self, batch: Batch, size: usize) -> Result<()> {
        if let Err(error) = self.job.train.check_readable() {
            self.save()?;
            return Err(error.context("the run is saved, and --resume goes on with it"));
        }
        let config = self.job.config;
        let lr = self.lr();
        let attack = config.attack(size, self.at.step as f64 / self.steps as f64);
        let seed = config.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (self.at.step + 1);
        self.look.add(self.learner.step(batch, attack, lr, config, seed), config.batch);
        self.at.batch += 1;
        self.at.step += 1;
        self.at.seconds = self.before + self.started.elapsed().as_secs_f64();
        if self.at.step.is_multiple_of(LOOK_EVERY) && self.at.batch < self.per_epoch {
            let row = self.look.row(self.at, self.per_epoch, lr, self.job.out)?;
            self.progress.tell(&row);
        }
        Ok(())
    }

    /// The learning rate where the run is.
    fn lr(&self) -> f64 {
        let config = self.job.config;
        let epochs = self.at.epoch as f64 + self.at.batch as f64 / self.per_epoch as f64;
        config.lr * config.schedule.factor(epochs, config.epochs, &config.milestones)
    }

    fn should_stop(&self) -> Option<&'static str> {
        let late = self.job.time_limit.is_some_and(|limit| self.started.elapsed() >= limit);
        match (self.interrupt.asked(), late) {
            (true, _) => Some("interrupted"),
            (_, true) => Some("the time is over"),
            _ => None,
        }
    }

    fn save(&mut self) -> Result<()> {
        let checkpoint = checkpoint_of(self.job);
        checkpoint::save(&checkpoint, &self.learner, self.job.config, self.data, self.at)?;
        self.saved = Instant::now();
        Ok(())
    }

    /// Measures the network as it is now, and leaves it to be looked at while the run goes on.
    fn end_epoch(&mut self) -> Result<()> {
        self.at.epoch += 1;
        self.at.batch = 0;
        let mut row = self.look.row(self.at, self.per_epoch, self.lr(), self.job.out)?;
        let average = self.average()?;
        let (clean, robust) = watch(self.job, &average)?;
        (row.clean, row.robust) = (Some(clean), Some(robust));
        self.progress.tell(&row);
        if !self.is_over() {
            files::write(&latest_of(self.job), &average.to_bytes(Precision::F32)?)?;
        }
        self.look = Look::new();
        Ok(())
    }

    /// The model, and how it came about.
    fn average(&self) -> Result<Weights> {
        self.learner.average(described(self.card.clone(), self.job, self.at))
    }

    /// Saves the run; and the model, if the run was not stopped before its end.
    pub fn end(mut self, stopped: Option<&str>) -> Result<Option<PathBuf>> {
        self.save()?;
        if let Some(note) = self.job.train.left_out() {
            self.progress.note(&note);
        }
        if !self.is_over() {
            self.progress.note(&format!(
                "Stopped at step {} of {}: {}. Go on with --resume.",
                self.at.step,
                self.steps,
                stopped.unwrap_or("unknown")
            ));
            return Ok(None);
        }
        let model = self.job.out.join("model.safetensors");
        files::write(&model, &self.average()?.to_bytes(Precision::F32)?)?;
        // It is older now, and as large; whether it was there or can be removed changes nothing.
        let _ = fs::remove_file(latest_of(self.job));
        Ok(Some(model))
    }
}

fn checkpoint_of(job: &Job<'_>) -> PathBuf {
    job.out.join("checkpoint.bin")
}

/// The model as it is after each epoch, to be looked at while the run goes on or once it was stopped.
fn latest_of(job: &Job<'_>) -> PathBuf {
    job.out.join("latest.safetensors")
}

fn same_classes(card: &Card, train: &Dataset) -> Result<()> {
    if card.classes != train.classes {
        bail!(
            "the run began with the classes {}; those of the images are {}: give the same images, \
             and the same --init if there was one",
            card.classes.join(", "),
            train.classes.join(", ")
        );
    }
    Ok(())
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

fn first_network(job: &Job<'_>, card: &Card) -> Result<ResNet> {
    job.devices[0].seed(job.config.seed);
    let Some(weights) = &job.init else {
        return Ok(card.architecture.init(&job.devices[0]).materialize());
    };
    let network = ResNet::trainable(weights, card, &job.devices[0]);
    Ok(network.context("--init")?.materialize())
}
