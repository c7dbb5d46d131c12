//! Whether an independent network recognises what images show.

use std::path::Path;

use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use robust_core::engine::Model;
use robust_core::image::Pixels;
use robust_core::model::card::{Card, Role};
use serde::Serialize;

use crate::accuracy::{BATCH, predict};
use crate::files;

/// A standard network that says what images show.
pub struct Judge(Model);

/// What a judge recognised.
#[derive(Serialize)]
pub struct Recognised {
    /// Its name.
    pub judge: String,
    /// Share of inversions that it assigns to their photo's class.
    pub inversions: f32,
    /// Share of the photos themselves.
    pub photos: f32,
}

impl Judge {
    /// Reads the judge of a model with this card.
    ///
    /// # Errors
    ///
    /// Where the file is no standard network for the same classes and size of images.
    pub fn read(path: &Path, judged: &Card, device: &Device) -> Result<Self> {
        let weights = files::read_weights(path)?;
        fitting(weights.card(), judged)
            .with_context(|| format!("{} cannot judge", path.display()))?;
        Ok(Self(Model::new(&weights, device)))
    }

    /// Judges inversions and their photos, which show the classes of `labels`.
    pub fn recognised(
        &self,
        inversions: &[Pixels],
        photos: &[Pixels],
        labels: &[usize],
    ) -> Result<Recognised> {
        Ok(Recognised {
            judge: self.0.card().name.clone(),
            inversions: self.share(inversions, labels)?,
            photos: self.share(photos, labels)?,
        })
    }

    /// The class that it sees in each image.
    ///
    /// # Errors
    ///
    /// Where an image is not of its size, the device fails, or what it computes is not finite.
    pub fn seen(&self, images: &[Pixels]) -> Result<Vec<usize>> {
        let mut seen = Vec::new();
        for images in images.chunks(BATCH) {
            seen.extend(predict(&self.0, self.0.batch(images)?)?);
        }
        Ok(seen)
    }

    fn share(&self, images: &[Pixels], labels: &[usize]) -> Result<f32> {
        let seen = self.seen(images)?;
        let hits = seen.iter().zip(labels).filter(|(found, label)| found == label).count();
        Ok(hits as f32 / images.len().max(1) as f32)
    }
}

fn fitting(judge: &Card, judged: &Card) -> Result<()> {
    if judge.role != Role::Standard {
        bail!("it was trained against an adversary; a judge is a standard network");
    }
    if judge.classes != judged.classes {
        bail!(
            "its classes are {}, those of the model {}",
            judge.classes.join(", "),
            judged.classes.join(", ")
        );
    }
    if judge.input_size != judged.input_size {
        bail!("it is made for {} pixels, the model for {}", judge.input_size, judged.input_size);
    }
    // The same recipe and seed give the same network, not an independent one.
    if judge.architecture == judged.architecture
        && judge.training.is_some()
        && judge.training == judged.training
    {
        bail!(
            "it was trained as the model was, with the same seed; train one with another architecture or seed"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use robust_core::model::architecture::{ResNetConfig, Stem};
    use robust_core::model::card::Provenance;

    use super::*;

    #[test]
    fn a_judge_is_standard_and_knows_the_same_classes_at_the_same_size() {
        let card = |role, input_size, class: &str| Card {
            name: "judge".into(),
            role,
            architecture: ResNetConfig::preset("resnet10", Stem::Small, 1).unwrap(),
            classes: vec![class.into()],
            mean: [0.5; 3],
            std: [0.25; 3],
            input_size,
            training: None,
            accuracies: Vec::new(),
            provenance: Provenance::default(),
        };
        let judged = card(Role::Robust, 64, "cat");
        assert!(fitting(&card(Role::Standard, 64, "cat"), &judged).is_ok());
        for unfit in [
            card(Role::Robust, 64, "cat"),
            card(Role::Standard, 128, "cat"),
            card(Role::Standard, 64, "dog"),
        ] {
            assert!(fitting(&unfit, &judged).is_err());
        }
    }
}
