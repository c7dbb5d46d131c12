//! Everything that a run needs to go on, in one file that is replaced as a whole.

use std::path::Path;

use anyhow::{Context, Result, bail};
use robust_core::model::architecture::ResNetConfig;
use robust_core::model::card::Card;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::config::TrainConfig;
use super::learner::{Learner, Saved};
use crate::data::{Dataset, Fingerprint};
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
pub struct TrainingState {
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
    let content = TrainingState {
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

impl TrainingState {
    /// Reads a checkpoint of a run with the same settings on the same images. Beside the checksum, which
    /// anyone can repair, what it says is compared with the settings.
    pub fn read(path: &Path, config: &TrainConfig, set: &Dataset) -> Result<Self> {
        let file = files::read(path)
            .with_context(|| "there is no run to go on with: begin one without --resume")?;
        let damaged = || {
            format!(
                "{} is damaged, or no checkpoint: put back a copy, or remove it and begin the run anew \
                 without --resume",
                path.display()
            )
        };
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
        if began.is_some_and(|began| !began.fits(&set.fingerprint())) {
            bail!(
                "{} was made on other images: some are missing, new, damaged or in another place. \
                 Resume with the same ones, or begin a new run from its model file (--init)",
                path.display()
            );
        }
        let card = content.card().with_context(damaged)?;
        let downsampling = card.architecture.downsampling;
        if config.downsampling.is_some_and(|wanted| wanted != downsampling) {
            bail!(
                "{} is of a network whose downsampling is {}: go on with the --downsampling and --init that it \
                 was begun with",
                path.display(),
                format!("{downsampling:?}").to_lowercase()
            );
        }
        let network = ResNetConfig { downsampling, ..config.architecture(card.classes.len())? };
        if card.check().is_err() || card.architecture != network || card.input_size != config.size {
            bail!(damaged());
        }
        let (at, batches) = (content.position, config.order().batches(set.len()));
        let steps = (at.epoch as u64).checked_mul(batches as u64);
        let steps = steps.and_then(|steps| steps.checked_add(at.batch as u64));
        let passed = at.epoch <= config.epochs && at.batch <= batches && steps == Some(at.step);
        if !passed || !(0.0..f64::MAX).contains(&at.seconds) {
            bail!(damaged());
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use burn::tensor::Device;

    use super::*;
    use crate::data::Batch;
    use crate::train::tests::settings;
    use crate::train::trial;

    /// A run of three batches per epoch, and its checkpoint.
    struct Place {
        folder: tempfile::TempDir,
        config: TrainConfig,
        set: Arc<Dataset>,
    }

    const AT: Position = Position { epoch: 1, batch: 1, step: 4, seconds: 3.0 };

    impl Place {
        fn new(precision: &str) -> Self {
            let flags = "--size 12 --widths 8,16 --batch 4 --attack-steps 0 --epochs 2";
            let config = settings(&format!("{flags} --precision {precision}"));
            let set = Arc::new(Dataset::painted(12, 12));
            Self { folder: tempfile::tempdir().unwrap(), config, set }
        }

        fn path(&self) -> std::path::PathBuf {
            self.folder.path().join("checkpoint.bin")
        }

        fn learner(&self) -> Learner {
            trial::fresh(&self.config, &self.set, &[Device::flex()]).unwrap()
        }

        fn save(&self, at: Position) {
            let data = self.set.fingerprint();
            save(&self.path(), &self.learner(), &self.config, data, at).unwrap();
        }

        fn read(&self) -> Result<TrainingState> {
            TrainingState::read(&self.path(), &self.config, &self.set)
        }
    }

    #[test]
    fn a_position_that_no_run_reaches_is_damage() {
        let place = Place::new("f32");
        place.save(AT);
        assert_eq!(place.read().unwrap().position, AT);
        for at in [
            Position { epoch: 3, step: 10, ..AT },
            Position { batch: 4, step: 7, ..AT },
            Position { step: u64::MAX, ..AT },
            Position { epoch: usize::MAX, ..AT },
            Position { seconds: f64::NAN, ..AT },
            Position { seconds: -1.0, ..AT },
        ] {
            place.save(at);
            let error = place.read().err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains("is damaged"), "{at:?}: {error}");
        }
    }

    /// Whoever repairs the checksum of changed bytes gets an error or a run, never a panic.
    #[test]
    fn changes_under_a_checksum_that_fits_are_refused_or_learnt_from() {
        for precision in ["f32", "bf16"] {
            let place = Place::new(precision);
            place.save(AT);
            let good = std::fs::read(place.path()).unwrap();
            let TrainingState { network, average, optimiser, .. } = place.read().unwrap();
            let state = network.len() + average.len() + optimiser.len();
            let (mut refused, header) = (0, good.len() - state);
            for at in 0..header {
                let mut file = good[..good.len() - 4].to_vec();
                file[at] ^= 1 << (at % 8);
                file.extend(crc32fast::hash(&file).to_le_bytes());
                std::fs::write(place.path(), file).unwrap();
                match place.read() {
                    Err(_) => refused += 1,
                    // Words that nothing depends on.
                    Ok(changed) => drop(changed.restore(&mut place.learner())),
                }
            }
            assert!(2 * refused > header, "{precision}: {refused} of {header} refused");
        }
    }

    #[test]
    fn a_changed_state_in_bf16_is_refused_or_learnt_from() {
        let place = Place::new("bf16");
        let network = place.learner().save().unwrap().network;
        let restored = |network: Vec<u8>| {
            let mut learner = place.learner();
            let saved = Saved { network, average: Vec::new(), optimiser: Vec::new() };
            learner.restore(saved).is_ok().then_some(learner)
        };
        let length = network.len();
        for cut in [0, 1, 4, length / 2, length - 4, length - 1] {
            assert!(restored(network[..cut].to_vec()).is_none(), "{cut} of {length} bytes");
        }
        assert!(restored([&network[..], &[0; 4]].concat()).is_none());
        let images: Vec<u8> = (0..4 * 3 * 12 * 12).map(|i| (i * 37 % 256) as u8).collect();
        for at in (0..60).map(|part| part * length / 60) {
            let mut changed = network.clone();
            // A sign, an exponent, and what is no number.
            let number = &mut changed[at / 4 * 4..at / 4 * 4 + 4];
            match at % 3 {
                0 => number[3] ^= 0x80,
                1 => number[3] ^= 0x40,
                _ => number.copy_from_slice(&f32::NAN.to_le_bytes()),
            }
            let mut learner = restored(changed).unwrap();
            let batch = Batch { bytes: images.clone(), labels: vec![0, 1, 2, 3], size: 12 };
            learner.step(batch, None, 0.1, &place.config, 2);
        }
    }
}
