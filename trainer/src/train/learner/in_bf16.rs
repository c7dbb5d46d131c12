//! In bf16, on the processor.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use burn::tensor::{Device, Tensor};
use robust_core::model::card::Card;
use robust_core::model::weights::{Array, Weights};
use robust_core::settings::PgdSettings;

use super::{Measured, Saved};
use crate::bf16::{Engine, Pictures, Rates, Tally, Unit};
use crate::data::Batch;
use crate::train::config::TrainConfig;

/// A network that learns in bf16 on the processor.
pub struct InBf16 {
    engine: Engine,
    device: Device,
}

impl InBf16 {
    /// A network with these weights; what steps measure is told on `device`.
    pub fn new(weights: &Weights, device: &Device) -> Self {
        let card = weights.card();
        let tensors: BTreeMap<&str, &[f32]> =
            weights.tensors().map(|(name, array)| (name, array.values.as_slice())).collect();
        let tensor = |name: &str| tensors.get(name).copied().unwrap_or_default();
        let engine = Engine::new(&card.architecture, tensor, [card.mean, card.std], Unit::best());
        Self { engine, device: device.clone() }
    }

    pub fn step(
        &mut self,
        batch: &Batch,
        attack: Option<PgdSettings>,
        lr: f64,
        config: &TrainConfig,
        seed: u64,
    ) -> Measured {
        let pictures = Pictures { bytes: &batch.bytes, labels: &batch.labels, size: batch.size };
        let rates = Rates {
            lr: lr as f32,
            momentum: config.momentum as f32,
            weight_decay: config.weight_decay,
            average: config.average,
        };
        let verdict = self.engine.step(pictures, attack, config.label_smoothing, rates, seed);
        let number = |value: f32| Tensor::from_floats([value], &self.device);
        Measured { loss: number(verdict.loss), correct: number(verdict.correct as f32) }
    }

    pub fn average(&self, card: Card) -> Result<Weights> {
        let [_, average] = self.engine.tensors();
        let shapes = card.architecture.tensors().into_iter().collect::<BTreeMap<_, _>>();
        let array = |(name, values): (String, Vec<f32>)| {
            let shape = shapes.get(&name).cloned().unwrap_or_default();
            (name, Array { shape, values })
        };
        Ok(Weights::new(card, average.into_iter().map(array).collect())?)
    }

    pub fn tally(&self) -> Tally {
        self.engine.tally()
    }

    pub fn save(&self) -> Saved {
        Saved { network: self.engine.save(), average: Vec::new(), optimiser: Vec::new() }
    }

    pub fn restore(&mut self, saved: &Saved) -> Result<()> {
        ensure!(self.engine.restore(&saved.network), "the checkpoint is of another network");
        Ok(())
    }
}
