//! A run of training, and what is given to it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use burn::tensor::Device;
use robust_core::model::weights::Weights;

use super::claim::claim;
use super::config::TrainConfig;
use super::running::Running;
use crate::data::Dataset;
use crate::interrupt::Interrupt;

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
    let interrupt = Interrupt::listen();
    job.config.check()?;
    let _claim = claim(job.out, job.resume)?;
    let mut running = Running::begin(job, interrupt)?;
    let mut stopped = None;
    while stopped.is_none() && !running.is_over() {
        stopped = running.epoch()?;
    }
    running.end(stopped)
}
