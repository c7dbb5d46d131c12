//! Networks that other programs have trained: PyTorch checkpoints and safetensors files become models.

mod architecture;
mod blur;
pub mod describe;
mod families;
pub mod known;
mod names;
mod normaliser;
mod shortcut;
pub mod stored;
mod torch;
mod unusual;

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

use crate::model::weights::Array;
use stored::{Stored, Tensors};

pub use architecture::{Shapes, architecture};
pub use normaliser::Normaliser;
pub use torch::is_tar;

/// What a checkpoint leaves open, and a person has to say.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Question {
    /// Layers before the first block.
    #[error("the first convolution is 3x3, which leaves its stride open")]
    Stem,
    /// What is subtracted from images, and what they are divided by; why the checkpoint does not say it.
    #[error("{0}")]
    Normaliser(String),
    /// Which of several networks is meant, by what the names of its tensors begin with.
    #[error("the checkpoint holds {} networks, whose names begin with {}", .0.len(), quoted(.0))]
    Network(Vec<String>),
}

/// Words in quotes, one after another.
fn quoted(words: &[String]) -> String {
    words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
}

/// What matters of a checkpoint.
#[derive(Debug)]
pub struct Checkpoint {
    /// The network's tensors, under torchvision's names.
    pub tensors: BTreeMap<String, Array>,
    /// What it subtracts from an image and divides it by, where the checkpoint holds that; a
    /// [`Question`] where that cannot be used.
    pub normaliser: Result<Option<Normaliser>, Question>,
    /// Whether it held the filters of blurred downsampling, which are no tensors of the network's.
    pub blurs: bool,
    /// What was chosen where there was a choice, and what the file cannot tell, for people.
    pub notes: Vec<String>,
}

/// What is known of a file beside its tensors.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// Its length.
    pub bytes: u64,
    /// Whether it would have been noticed that a bit of it has changed.
    pub checksum: bool,
}

impl Facts {
    /// Those of a file with this beginning: zip files have a checksum of every member.
    pub fn of(bytes: u64, beginning: &[u8]) -> Self {
        Self { bytes, checksum: beginning.starts_with(b"PK\x03\x04") }
    }
}

impl Checkpoint {
    /// Reads a whole file: a PyTorch checkpoint or a safetensors file. Pickles are parsed, never
    /// executed. Where the file holds several networks, `network` is what the names of the wanted one
    /// begin with.
    ///
    /// # Errors
    ///
    /// Where the file is neither, holds no residual network, or holds one that this program would
    /// compute wrongly: the message names it. A [`Question`] where a choice is open.
    pub fn from_bytes(bytes: &[u8], network: Option<&str>) -> Result<Self> {
        Self::of(&tensors(bytes)?, Facts::of(bytes.len() as u64, bytes), network)
    }

    /// The network among the tensors of a file.
    ///
    /// # Errors
    ///
    /// Those of [`Checkpoint::from_bytes`].
    pub fn of(stored: &Tensors, file: Facts, network: Option<&str>) -> Result<Self> {
        let chosen = names::choose(stored, network)?;
        let shapes = chosen.shapes(stored);
        check_length(&shapes, file.bytes)?;
        families::refuse(&shapes)?;
        let mut tensors = chosen.tensors(stored)?;
        // A person may know better than a file that contradicts itself.
        let normaliser = normaliser::find(stored, &chosen.prefix)
            .map_err(|error| Question::Normaliser(format!("{error:#}")));
        let unusual = (!file.checksum).then(|| unusual::note(&tensors));
        let blurs = blur::take_out(&mut tensors)?;
        let shortcuts = shortcut::write_out(&mut tensors);
        let notes = [chosen.note, unusual, shortcuts].into_iter().flatten().collect();
        Ok(Self { tensors, normaliser, blurs, notes })
    }

    /// The shape of every tensor.
    pub fn shapes(&self) -> Shapes {
        self.tensors.iter().map(|(name, array)| (name.clone(), array.shape.clone())).collect()
    }
}

/// Lists the tensors of a whole file.
///
/// # Errors
///
/// Where it is neither a PyTorch checkpoint nor a safetensors file.
pub fn tensors(bytes: &[u8]) -> Result<Tensors> {
    if stored::is_safetensors(bytes) { stored::safetensors(bytes) } else { torch::tensors(bytes) }
}

/// No number takes fewer bytes than this in a file.
const LEAST_BYTES: u64 = 2;

/// Refuses tensors that are longer than the file they are in: strides of 0 make one of any size out
/// of a single number.
fn check_length(shapes: &Shapes, bytes: u64) -> Result<()> {
    let all = shapes.values().map(|shape| numbers(shape)).fold(0u64, u64::saturating_add);
    if all.saturating_mul(LEAST_BYTES) > bytes {
        bail!("the file names more numbers than it holds: it is damaged");
    }
    Ok(())
}

fn numbers(shape: &[usize]) -> u64 {
    shape.iter().fold(1u64, |product, &extent| product.saturating_mul(extent as u64))
}

/// Reads one tensor, naming it where that fails.
fn array(name: &str, stored: &Stored) -> Result<Array> {
    let values = (stored.values)().with_context(|| format!("tensor \"{name}\""))?;
    Ok(Array { shape: stored.shape.clone(), values })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_longer_than_their_file_are_refused() {
        let check =
            |shape: &[usize]| check_length(&Shapes::from([("fc.weight".into(), shape.into())]), 64);
        assert!(check(&[4, 8]).is_ok());
        assert!(check(&[3, 11]).unwrap_err().to_string().contains("more numbers"));
        assert!(check(&[usize::MAX, usize::MAX]).is_err());
    }
}
