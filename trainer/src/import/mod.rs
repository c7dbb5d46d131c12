//! Networks that other programs have trained.

mod architecture;
pub mod file;
mod names;
mod normaliser;
mod unusual;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use robust_core::model::weights::Array;

pub use architecture::{Shapes, architecture};
pub use normaliser::Normaliser;

/// What matters of a checkpoint.
#[derive(Debug)]
pub struct Checkpoint {
    /// The network's tensors, under torchvision's names.
    pub tensors: BTreeMap<String, Array>,
    /// What it subtracts from an image and divides it by, where the checkpoint holds that.
    pub normaliser: Option<Normaliser>,
    /// What was chosen where there was a choice, and what the file cannot tell, for people.
    pub notes: Vec<String>,
}

impl Checkpoint {
    /// Reads a PyTorch checkpoint or a safetensors file. Pickles are parsed, never executed. Where
    /// the file holds several networks, `network` is what the names of the wanted one begin with.
    ///
    /// # Errors
    ///
    /// Where the file is neither, holds no residual network, or holds one that this program would
    /// compute wrongly: the message names it.
    pub fn read(path: &Path, network: Option<&str>) -> Result<Self> {
        let stored = file::read(path)?;
        let chosen = names::choose(&stored, network)?;
        let shapes = chosen.shapes(&stored);
        check_length(&shapes, path)?;
        architecture::refuse(&shapes)?;
        let tensors = chosen.tensors(&stored)?;
        let normaliser = normaliser::find(&stored)?;
        let notes = chosen.note.into_iter().chain(unusual::note(path, &tensors)).collect();
        Ok(Self { tensors, normaliser, notes })
    }

    /// The shape of every tensor.
    pub fn shapes(&self) -> Shapes {
        self.tensors.iter().map(|(name, array)| (name.clone(), array.shape.clone())).collect()
    }
}

/// No number takes fewer bytes than this in a file.
const LEAST_BYTES: u64 = 2;

/// Refuses tensors that are longer than the file they are in: strides of 0 make one of any size out
/// of a single number.
fn check_length(shapes: &Shapes, path: &Path) -> Result<()> {
    let file = fs::metadata(path).map_or(0, |file| file.len());
    let numbers = |shape: &Vec<usize>| {
        shape.iter().fold(1u64, |product, &extent| product.saturating_mul(extent as u64))
    };
    let all = shapes.values().map(numbers).fold(0u64, u64::saturating_add);
    if all.saturating_mul(LEAST_BYTES) > file {
        bail!("{} names more numbers than it holds: it is damaged", path.display());
    }
    Ok(())
}

/// Reads one tensor, naming it where that fails.
fn array(name: &str, stored: &file::Stored) -> Result<Array> {
    let values = (stored.values)().with_context(|| format!("tensor \"{name}\""))?;
    Ok(Array { shape: stored.shape.clone(), values })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_longer_than_their_file_are_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), [0; 64]).unwrap();
        let check = |shape: &[usize]| {
            check_length(&Shapes::from([("fc.weight".into(), shape.into())]), file.path())
        };
        assert!(check(&[4, 8]).is_ok());
        assert!(check(&[3, 11]).unwrap_err().to_string().contains("more numbers"));
        assert!(check(&[usize::MAX, usize::MAX]).is_err());
    }
}
