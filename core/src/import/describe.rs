//! What is known of an imported network, as the card of its model file.

use anyhow::{Result, bail};

use super::known::Known;
use super::{Checkpoint, Normaliser, Question, architecture};
use crate::model::architecture::{Downsampling, ResNetConfig, Stem};
use crate::model::card::{Card, Provenance, Role};

/// What a person says of a network, where its tensors do not.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// Name people use for it.
    pub name: String,
    /// Names of the classes in the order of the logits; or the name of a [`Known`] data set. Empty:
    /// ImageNet's for 1000 logits, else numbers.
    pub classes: Vec<String>,
    /// What images are normalised by, whatever the file says.
    pub normaliser: Option<Normaliser>,
    /// Layers before the first block.
    pub stem: Option<Stem>,
    /// How it makes its maps smaller; strided where neither this nor the file says it.
    pub downsampling: Option<Downsampling>,
    /// Side of the images it was trained on; the usual one of its stem otherwise.
    pub input_size: Option<usize>,
    /// Whether it was trained against an adversary.
    pub role: Option<Role>,
}

impl Checkpoint {
    /// The card of the network, as far as it is known, and what was assumed, for people.
    ///
    /// # Errors
    ///
    /// [`Question::Stem`] and [`Question::Normaliser`] where nobody has said it; where the tensors are
    /// no residual network's, the classes are not as many as the logits, or the file has blurs and the
    /// person says otherwise.
    pub fn card(&self, said: &Said, source: Provenance) -> Result<(Card, Vec<String>)> {
        let found = architecture(&self.shapes(), said.stem)?;
        let downsampling = match (said.downsampling, self.blurs) {
            (Some(Downsampling::Strided), true) => {
                bail!(
                    "the file holds the filters of blurs, so that its downsampling is blurred, not strided"
                )
            }
            (_, true) => Downsampling::Blurred,
            (said, false) => said.unwrap_or_default(),
        };
        let architecture = ResNetConfig { downsampling, ..found };
        let mut assumed = vec![(architecture.family().assumed)(&architecture)];
        if said.role.is_none() {
            assumed.push(
                "No file says how a network was trained: it is taken for one that was trained against an \
                 adversary."
                    .to_owned(),
            );
        }
        let Normaliser { mean, std } = self.normaliser_of(said, &architecture, &mut assumed)?;
        let card = Card {
            name: said.name.clone(),
            role: said.role.unwrap_or(Role::Robust),
            classes: class_names(&said.classes, architecture.classes)?,
            mean,
            std,
            input_size: said.input_size.unwrap_or(architecture.stem.usual_input_size()),
            architecture,
            training: None,
            accuracies: Vec::new(),
            provenance: source,
        };
        Ok((card, assumed))
    }

    /// What the person says, else what the file says, else ImageNet's where that is the custom.
    fn normaliser_of(
        &self,
        said: &Said,
        architecture: &ResNetConfig,
        assumed: &mut Vec<String>,
    ) -> Result<Normaliser> {
        match (said.normaliser, &self.normaliser) {
            (Some(given), Ok(Some(found))) if given != *found => {
                assumed.push(format!("The checkpoint's own normaliser is replaced: {found:?}."));
                Ok(given)
            }
            (Some(given), Err(unclear)) => {
                assumed.push(format!("The checkpoint's own normaliser is not used: {unclear}."));
                Ok(given)
            }
            (Some(normaliser), _) => Ok(normaliser),
            (None, Ok(Some(normaliser))) => Ok(*normaliser),
            (None, Err(unclear)) => bail!(unclear.clone()),
            (None, Ok(None)) if architecture.stem == Stem::Imagenet => {
                assumed.push(
                    "The checkpoint holds no normaliser: ImageNet's mean and std are assumed."
                        .into(),
                );
                Ok(Known::Imagenet.normaliser())
            }
            (None, Ok(None)) => {
                bail!(Question::Normaliser("the checkpoint holds no normaliser".into()))
            }
        }
    }
}

fn class_names(given: &[String], logits: usize) -> Result<Vec<String>> {
    let set = match given {
        [] if logits == 1000 => Some(Known::Imagenet),
        [] => return Ok((0..logits).map(|i| format!("class {i}")).collect()),
        [one] => Known::named(one),
        _ => None,
    };
    let names = set
        .map_or_else(|| given.iter().map(|name| name.trim().to_owned()).collect(), Known::classes);
    if names.len() != logits {
        bail!("{} classes are named, but the network has {logits} logits", names.len());
    }
    Ok(names)
}
