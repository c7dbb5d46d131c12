//! What a run's products are computed in.

use anyhow::{Result, bail};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::config::TrainConfig;
use crate::bf16::Unit;

/// What products are computed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// bf16 where that is faster (AMX, AMD's AVX-512, AVX2 without AVX-512), else f32
    Auto,
    /// 32-bit floats, on every device
    #[default]
    F32,
    /// 16-bit floats with the range of 32-bit ones, on a processor; weights and sums stay f32
    Bf16,
}

impl Precision {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
        }
    }
}

impl TrainConfig {
    /// The same settings with `auto` decided, for a processor or a graphics card.
    ///
    /// # Errors
    ///
    /// Where bf16 is asked for on a graphics card, or for several copies of the network.
    pub fn decided(&self, processor: bool) -> Result<Self> {
        let unit = Unit::best();
        let suits = processor && self.replicas == 1;
        let precision = match self.precision {
            Precision::Auto if suits && unit.is_fast() => Precision::Bf16,
            Precision::Auto | Precision::F32 => Precision::F32,
            Precision::Bf16 => Precision::Bf16,
        };
        if precision == Precision::Bf16 {
            if !processor {
                bail!("--precision bf16 is for the processor (--backend cpu): leave it out here");
            }
            if self.replicas > 1 {
                bail!(
                    "--precision bf16 keeps all cores busy with one copy of the network: leave out --replicas"
                );
            }
            if !unit.is_fast() {
                eprintln!(
                    "This processor has nothing that makes bf16 the faster one (AMX, AMD's AVX-512, or AVX2 \
                     without AVX-512): f32 is faster here."
                );
            }
        }
        Ok(Self { precision, ..self.clone() })
    }
}
