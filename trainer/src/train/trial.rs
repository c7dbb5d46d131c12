//! Training that goes nowhere, to see how fast it goes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use burn::module::Module;
use burn::tensor::Device;
use robust_core::engine::TaskError;
use robust_core::model::card::{Card, Provenance, Role};

use super::config::TrainConfig;
use super::learner::Learner;
use crate::bf16::Tally;
use crate::data::{Batches, Dataset};

/// A run on a data set, without metrics and checkpoints.
pub struct Trial<'a> {
    config: &'a TrainConfig,
    set: &'a Arc<Dataset>,
    learner: Learner,
    devices: Vec<Device>,
    step: u64,
}

impl<'a> Trial<'a> {
    /// A fresh network.
    ///
    /// # Errors
    ///
    /// Where the settings name no network, or there are no threads for several devices.
    pub fn new(config: &'a TrainConfig, set: &'a Arc<Dataset>, devices: &[Device]) -> Result<Self> {
        let learner = fresh(config, set, devices)?;
        Ok(Self { config, set, learner, devices: devices.to_vec(), step: 0 })
    }

    /// What was multiplied since the last call, where that is counted.
    pub fn tally(&self) -> Option<Tally> {
        self.learner.tally()
    }

    /// Does at most `count` steps in at most `time`, all of them finished: how many images that
    /// were, and how long it waited for data.
    ///
    /// # Errors
    ///
    /// Where a device fails.
    pub fn steps(&mut self, count: usize, time: Duration) -> Result<(usize, Duration)> {
        let started = Instant::now();
        let (mut done, mut waited) = (0, Duration::ZERO);
        let config = self.config;
        'run: for epoch in 0.. {
            let order = config.order();
            let mut batches =
                Batches::prepare(self.set, order, config.augment, config.size, epoch, 0)?;
            loop {
                let waiting = Instant::now();
                let Some(batch) = batches.next() else { break };
                waited += waiting.elapsed();
                self.step += 1;
                let attack = config.attack(config.size, 0.0);
                let measured = self.learner.step(batch, attack, 1e-3, config, self.step);
                // Reading the loss waits for the step but for its update.
                let _ = measured.loss.into_data();
                done += 1;
                if done >= count || started.elapsed() >= time {
                    break 'run;
                }
            }
        }
        // A program that ends while a device is still at work can crash in its driver.
        self.devices.iter().try_for_each(Device::sync).map_err(TaskError::from)?;
        Ok((done * config.batch, waited))
    }
}

/// What learns, with a network that knows nothing.
pub(super) fn fresh(config: &TrainConfig, set: &Dataset, devices: &[Device]) -> Result<Learner> {
    let architecture = config.architecture(set.classes.len())?;
    let device = &devices[0];
    device.seed(config.seed);
    let network = architecture.init(device).materialize();
    let card = Card {
        name: "trial".into(),
        role: Role::Robust,
        architecture,
        classes: set.classes.clone(),
        mean: [0.5; 3],
        std: [0.25; 3],
        input_size: config.size,
        training: None,
        accuracies: Vec::new(),
        provenance: Provenance::default(),
    };
    Learner::new(config, card, network, devices)
}
