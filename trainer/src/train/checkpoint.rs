//! Everything that a run needs to go on, in one file that is replaced as a whole.

use std::path::Path;

use anyhow::{Context, Result, bail};
use burn::module::Module;
use burn::store::ModuleRecord;
use burn::tensor::Bytes;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::config::TrainConfig;
use super::learner::Learner;
use crate::files;

/// Version of the format.
const VERSION: u32 = 1;

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

#[derive(Serialize, Deserialize)]
struct Content {
    version: u32,
    position: Position,
    /// As JSON, so that it can be looked at.
    config: String,
    network: ByteBuf,
    average: ByteBuf,
    optimiser: ByteBuf,
}

/// Writes the checkpoint. The one before stays until the new one is whole.
pub fn save(
    path: &Path,
    learner: &Learner,
    config: &TrainConfig,
    position: Position,
) -> Result<()> {
    let bytes = |bytes: Bytes| ByteBuf::from(bytes.to_vec());
    let content = Content {
        version: VERSION,
        position,
        config: serde_json::to_string(config)?,
        network: bytes(learner.network.valid().into_record().into_bytes()?),
        average: bytes(learner.average.clone().into_record().into_bytes()?),
        optimiser: bytes(learner.optimiser.into_bytes()?),
    };
    let mut file = postcard::to_allocvec(&content)?;
    file.extend(crc32fast::hash(&file).to_le_bytes());
    files::write(path, &file).context("the checkpoint before this one is intact")
}

/// Restores a run into `learner`, which was made for the same network.
pub fn load(path: &Path, learner: &mut Learner, config: &TrainConfig) -> Result<Position> {
    let file = files::read(path)?;
    let damaged = || format!("{} is damaged: the checkpoint cannot be used", path.display());
    let (content, sum) = file.split_last_chunk().with_context(damaged)?;
    if crc32fast::hash(content) != u32::from_le_bytes(*sum) {
        bail!(damaged());
    }
    let content: Content = postcard::from_bytes(content).with_context(damaged)?;
    if content.version != VERSION {
        bail!("{} was written by another version of this program", path.display());
    }
    let then: TrainConfig = serde_json::from_str(&content.config).with_context(damaged)?;
    // Paths and time limits may differ; what decides the numbers may not.
    let now: TrainConfig = serde_json::from_str(&serde_json::to_string(config)?)?;
    if then != now {
        bail!(
            "{} was made with other settings: resume with the same flags, or leave out --resume\n\
             then: {then:?}\nnow:  {now:?}",
            path.display()
        );
    }
    let bytes = |bytes: ByteBuf| Bytes::from_bytes_vec(bytes.into_vec());
    let network = learner.network.valid();
    let network = network.load_record(ModuleRecord::from_bytes(bytes(content.network))?);
    learner.network = network.train();
    let average = ModuleRecord::from_bytes(bytes(content.average))?;
    learner.average = learner.average.clone().load_record(average);
    let optimiser = learner.optimiser.clone();
    learner.optimiser = optimiser.from_bytes(bytes(content.optimiser))?;
    Ok(content.position)
}
