//! Everything that a run needs to go on, in one file that is replaced as a whole.

use std::path::Path;

use anyhow::{Context, Result, bail};
use robust_core::model::card::Card;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::config::TrainConfig;
use super::learner::{Learner, Saved};
use crate::data::Fingerprint;
use crate::files;

/// Version of the format.
const VERSION: u32 = 4;

/// Where a run stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Epochs done.
    pub epoch: usize,
    /// Batches done of the next one.
    pub batch: usize,
    /// Steps done in all.
    pub step: u64,
    /// Seconds spent, over all parts of the run.
    pub seconds: f64,
}

/// The settings, and the images that a run began with: older checkpoints do not know theirs.
#[derive(Serialize, Deserialize)]
struct Remembered {
    #[serde(flatten)]
    config: TrainConfig,
    #[serde(default)]
    data: Option<Fingerprint>,
}

/// A checkpoint that was read.
#[derive(Serialize, Deserialize)]
pub struct Checkpoint {
    version: u32,
    position: Position,
    /// As JSON, so that it can be looked at; so is the card.
    config: String,
    card: String,
    network: ByteBuf,
    average: ByteBuf,
    optimiser: ByteBuf,
}

/// Writes the checkpoint. The one before stays until the new one is whole.
pub fn save(
    path: &Path,
    learner: &Learner,
    config: &TrainConfig,
    data: Fingerprint,
    position: Position,
) -> Result<()> {
    let Saved { network, average, optimiser } = learner.save()?;
    let content = Checkpoint {
        version: VERSION,
        position,
        config: serde_json::to_string(&Remembered { config: config.clone(), data: Some(data) })?,
        card: serde_json::to_string(learner.card())?,
        network: network.into(),
        average: average.into(),
        optimiser: optimiser.into(),
    };
    let mut file = postcard::to_allocvec(&content)?;
    file.extend(crc32fast::hash(&file).to_le_bytes());
    files::write(path, &file).with_context(|| match path.exists() {
        true => "the checkpoint before this one is intact",
        false => "nothing of this run has been saved",
    })
}

impl Checkpoint {
    /// Reads a checkpoint of a run with the same settings on the same images.
    pub fn read(path: &Path, config: &TrainConfig, data: Fingerprint) -> Result<Self> {
        let file = files::read(path)?;
        let damaged = || format!("{} is damaged: the checkpoint cannot be used", path.display());
        let (content, sum) = file.split_last_chunk().with_context(damaged)?;
        if crc32fast::hash(content) != u32::from_le_bytes(*sum) {
            bail!(damaged());
        }
        let (version, _): (u32, _) = postcard::take_from_bytes(content).with_context(damaged)?;
        if version != VERSION {
            bail!(
                "{} was written by another version of this program: finish the run with that one, \
                 or begin a new one from its model file (--init)",
                path.display()
            );
        }
        let content: Self = postcard::from_bytes(content).with_context(damaged)?;
        let Remembered { config: then, data: began } =
            serde_json::from_str(&content.config).with_context(damaged)?;
        // Paths and time limits may differ; what decides the numbers may not.
        let now: TrainConfig = serde_json::from_str(&serde_json::to_string(config)?)?;
        if then.precision != now.precision {
            bail!(
                "{} is of a run in {then}: go on with --precision {then} (here it would be in {now})",
                path.display(),
                then = then.precision.name(),
                now = now.precision.name(),
            );
        }
        if then != now {
            bail!(
                "{} was made with other settings: resume with the same flags, or leave out \
                 --resume\nthen: {then:?}\nnow:  {now:?}",
                path.display()
            );
        }
        if began.is_some_and(|began| !began.fits(&data)) {
            bail!(
                "{} was made on other images: some are missing, new, damaged or in another place. \
                 Resume with the same ones, or begin a new run from its model file (--init)",
                path.display()
            );
        }
        Ok(content)
    }

    /// What the run knows of its model: the normaliser above all, which the weights rely on.
    pub fn card(&self) -> Result<Card> {
        Ok(serde_json::from_str(&self.card)?)
    }

    /// Puts everything into `learner`, which was made for the same network; where the run stood.
    pub fn restore(self, learner: &mut Learner) -> Result<Position> {
        let [network, average, optimiser] =
            [self.network, self.average, self.optimiser].map(ByteBuf::into_vec);
        learner.restore(Saved { network, average, optimiser })?;
        Ok(self.position)
    }
}
