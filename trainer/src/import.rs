//! Checkpoints on disk.

use std::path::Path;

use anyhow::{Context, Result, bail};
use pytorch_reader::{DType, PytorchReader};
use robust_core::import::stored::{Number, Stored, Tensors, is_safetensors, safetensors};
use robust_core::import::{Checkpoint, Facts, is_tar};

use crate::files;

/// Reads a PyTorch checkpoint or a safetensors file. Pickles are parsed, never executed. Where the file
/// holds several networks, `network` is what the names of the wanted one begin with.
///
/// # Errors
///
/// Those of [`Checkpoint::of`], and where the file is neither.
pub fn checkpoint(path: &Path, network: Option<&str>) -> Result<Checkpoint> {
    let (stored, facts) = tensors(path)?;
    let cannot = || format!("cannot import {}", path.display());
    Checkpoint::of(&stored, facts, network).with_context(cannot)
}

/// Lists the tensors of a checkpoint, whichever program wrote it: as the page does, and where that fails
/// with a library, which knows formats that the page does not.
///
/// # Errors
///
/// Where no known program did.
pub fn tensors(path: &Path) -> Result<(Tensors, Facts)> {
    let bytes = files::read(path)?;
    let facts = Facts::of(bytes.len() as u64, &bytes);
    if is_safetensors(&bytes) {
        let cannot = || format!("cannot import {}", path.display());
        return Ok((safetensors(&bytes).with_context(cannot)?, facts));
    }
    let read = robust_core::import::tensors(&bytes).or_else(|refused| {
        let tar = is_tar(&bytes);
        // Of what neither reads, the page's reader says in plain words why, but sends tar files here.
        by_library(path).map_err(|error| if tar { error } else { refused })
    });
    let unread = || format!("{} is not a PyTorch checkpoint that can be read", path.display());
    Ok((read.with_context(unread)?, facts))
}

/// The same with the library alone, which also takes the tar files of the first PyTorch and bare pickles.
///
/// # Errors
///
/// Where the library does not know the file. Where the folder in a zip file has a name of 21 characters,
/// it takes the second entry of the file's directory for the first, and calls that damaged.
pub fn by_library(path: &Path) -> Result<Tensors> {
    let stored = |(name, tensor): (String, pytorch_reader::Tensor)| {
        let shape = tensor.shape().to_vec();
        let values = move || {
            let number = match tensor.dtype() {
                DType::F64 => Number::F64,
                DType::F32 => Number::F32,
                DType::F16 => Number::F16,
                DType::BF16 => Number::Bf16,
                other => bail!("its element type {other:?} is none of a network's"),
            };
            // Only files in this order are read, and this program's machines have it.
            Ok(number.floats(&tensor.read()?))
        };
        (name, Stored { shape, values: Box::new(values) })
    };
    Ok(PytorchReader::new(path)?.into_tensors().into_iter().map(stored).collect())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// What the page reads from memory is what the library reads from the file.
    #[test]
    fn memory_and_file_hold_the_same_tensors() {
        // The published crate comes without the repository's files, and with this one.
        if Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.cargo_vcs_info.json")).exists() {
            return;
        }
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let mut compared = 0;
        for folder in ["fuzz/seeds/checkpoint", "tests/fixtures/reference"] {
            for entry in fs::read_dir(format!("{root}/{folder}")).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_none_or(|ending| ending != "pt") {
                    continue;
                }
                let name = path.display();
                let there = by_library(&path);
                let here = robust_core::import::tensors(&fs::read(&path).unwrap());
                let Ok(there) = there else {
                    // Nor would the other make a network of it, but for a name that misleads the library.
                    let made = Checkpoint::from_bytes(&fs::read(&path).unwrap(), None)
                        .and_then(|checkpoint| Ok(checkpoint.normaliser?));
                    let misled = path.ends_with("twenty-one-characters.pt");
                    assert!(if misled { here.is_ok() } else { made.is_err() }, "{name}");
                    continue;
                };
                let here = here.unwrap_or_else(|error| panic!("{name}: {error:#}"));
                assert!(there.keys().eq(here.keys()), "{name}");
                for (key, tensor) in &there {
                    let other = &here[key];
                    assert_eq!(tensor.shape, other.shape, "{name}: {key}");
                    let count = tensor.shape.iter().try_fold(1usize, |all, n| all.checked_mul(*n));
                    if count.is_none_or(|count| count > 1 << 24) {
                        continue;
                    }
                    match ((tensor.values)(), (other.values)()) {
                        (Ok(these), Ok(those)) => assert_eq!(these, those, "{name}: {key}"),
                        (these, those) => {
                            assert_eq!(these.is_err(), those.is_err(), "{name}: {key}");
                        }
                    }
                    compared += 1;
                }
            }
        }
        assert!(compared > 100, "{compared}");
    }

    #[test]
    fn a_name_of_any_length_is_read() {
        let seed = "/../fuzz/seeds/checkpoint/twenty-one-characters.pt";
        let seed = [env!("CARGO_MANIFEST_DIR"), seed].concat();
        // The published crate comes without it.
        if Path::new(&seed).exists() {
            let (stored, facts) = tensors(Path::new(&seed)).unwrap();
            assert_eq!(stored["conv1.weight"].shape, [2, 3]);
            assert!(facts.checksum);
        }
    }

    #[test]
    fn what_no_reader_takes_is_told_in_plain_words() {
        let folder = tempfile::tempdir().unwrap();
        let message = |bytes: &[u8]| {
            let path = folder.path().join("file.pt");
            fs::write(&path, bytes).unwrap();
            format!("{:#}", tensors(&path).err().unwrap())
        };
        let letter = message(b"Dear reader");
        assert!(letter.contains("neither a PyTorch checkpoint nor a safetensors"), "{letter}");
        let zip = message(b"PK\x03\x04 and no more");
        assert!(zip.contains("its zip file is damaged"), "{zip}");
        let mut tar = vec![0; 512];
        tar[257..262].copy_from_slice(b"ustar");
        let tar = message(&tar);
        assert!(!tar.contains("`robust-reps import` reads it"), "{tar}");
    }
}
