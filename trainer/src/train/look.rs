//! How a run is doing: what is measured between two rows of its metrics.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use burn::tensor::Tensor;

use super::checkpoint::Position;
use super::learner::Measured;
use super::progress::Metrics;

/// Losses and times since the last row.
pub struct Look {
    since: Instant,
    pub waited: Duration,
    images: usize,
    losses: Vec<Tensor<1>>,
    correct: Vec<Tensor<1>>,
}

impl Look {
    pub fn new() -> Self {
        let since = Instant::now();
        Self { since, waited: Duration::ZERO, images: 0, losses: Vec::new(), correct: Vec::new() }
    }

    pub fn add(&mut self, measured: Measured, images: usize) {
        self.losses.push(measured.loss);
        self.correct.push(measured.correct);
        self.images += images;
    }

    /// Reads the device and begins anew.
    pub fn row(&mut self, at: Position, per_epoch: usize, lr: f64, out: &Path) -> Result<Metrics> {
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
