//! One update of the weights, equation (3), in the precision that a run is computed in.

mod in_bf16;
mod in_f32;

use anyhow::Result;
use burn::tensor::{Device, Tensor};
use robust_core::engine::network::ResNet;
use robust_core::model::card::Card;
use robust_core::model::weights::Weights;
use robust_core::settings::PgdSettings;

use super::config::TrainConfig;
use super::precision::Precision;
use crate::bf16::Tally;
use crate::data::Batch;

use in_bf16::InBf16;
use in_f32::InF32;

/// A network that learns, with its average and its optimiser.
pub struct Learner {
    card: Card,
    engine: Engine,
}

enum Engine {
    F32(Box<InF32>),
    Bf16(Box<InBf16>),
}

/// What a step measured, still on the device.
pub struct Measured {
    /// Mean loss, `[1]`.
    pub loss: Tensor<1>,
    /// Number of images classified correctly as they were attacked, `[1]`.
    pub correct: Tensor<1>,
}

/// All that another step needs, as a checkpoint holds it.
pub struct Saved {
    pub network: Vec<u8>,
    /// The moving average; in bf16, this and the next are in the first.
    pub average: Vec<u8>,
    pub optimiser: Vec<u8>,
}

impl Learner {
    /// `network` on the first of the devices, without automatic differentiation. Each device
    /// computes its part of every batch.
    ///
    /// # Errors
    ///
    /// Where the system gives no threads for several devices.
    pub fn new(
        config: &TrainConfig,
        card: Card,
        network: ResNet,
        devices: &[Device],
    ) -> Result<Self> {
        let engine = match config.precision {
            Precision::Bf16 => {
                let weights = network.weights(card.clone())?;
                Engine::Bf16(Box::new(InBf16::new(&weights, &devices[0])))
            }
            _ => Engine::F32(Box::new(InF32::new(config, card.clone(), network, devices)?)),
        };
        Ok(Self { card, engine })
    }

    /// What the network's model file will say.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// One update: attacks the batch, then descends on what the attack made of it. All that is
    /// random depends on `seed` alone.
    pub fn step(
        &mut self,
        batch: Batch,
        attack: Option<PgdSettings>,
        lr: f64,
        config: &TrainConfig,
        seed: u64,
    ) -> Measured {
        match &mut self.engine {
            Engine::F32(engine) => engine.step(batch, attack, lr, config, seed),
            Engine::Bf16(engine) => engine.step(&batch, attack, lr, config, seed),
        }
    }

    /// The averaged weights, described by `card`.
    ///
    /// # Errors
    ///
    /// Where the card is of another network, or a value is not finite.
    pub fn average(&self, card: Card) -> Result<Weights> {
        match &self.engine {
            Engine::F32(engine) => Ok(engine.average.weights(card)?),
            Engine::Bf16(engine) => engine.average(card),
        }
    }

    /// What was multiplied since the last call, where that is counted.
    pub fn tally(&self) -> Option<Tally> {
        match &self.engine {
            Engine::F32(_) => None,
            Engine::Bf16(engine) => Some(engine.tally()),
        }
    }

    /// For a checkpoint.
    ///
    /// # Errors
    ///
    /// Where Burn cannot write a record.
    pub fn save(&self) -> Result<Saved> {
        match &self.engine {
            Engine::F32(engine) => engine.save(),
            Engine::Bf16(engine) => Ok(engine.save()),
        }
    }

    /// Out of a checkpoint of the same network in the same precision.
    ///
    /// # Errors
    ///
    /// Where it is of another network.
    pub fn restore(&mut self, saved: Saved) -> Result<()> {
        match &mut self.engine {
            Engine::F32(engine) => engine.restore(saved),
            Engine::Bf16(engine) => engine.restore(&saved),
        }
    }
}
