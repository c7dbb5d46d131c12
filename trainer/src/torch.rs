//! Writes a network's weights as PyTorch saves a state dict: a zip file that holds a pickle of names
//! and shapes beside one file of numbers for each tensor.
//!
//! The pickle uses only what `torch.load(weights_only=True)` admits.

use std::io::{Cursor, Write};

use anyhow::{Context, Result};
use robust_core::model::weights::{Array, Weights};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Where numbers begin in the file, in bytes: PyTorch's own alignment, so that it can map them.
const ALIGNMENT: u16 = 64;

/// Counts batches of a normalisation that has seen none: training by momentum does not look at it.
const NO_BATCHES: i64 = 0;

/// A tensor of the state dict: its type in PyTorch, its extents and its bytes, little-endian.
struct Entry {
    name: String,
    storage: &'static str,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Entry {
    fn floats(name: &str, array: &Array) -> Self {
        Self {
            name: name.into(),
            storage: "FloatStorage",
            shape: array.shape.clone(),
            bytes: array.values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        }
    }

    /// The buffer that torchvision's networks have beside the statistics, and model files do not.
    fn batches(norm: &str) -> Self {
        Self {
            name: format!("{norm}num_batches_tracked"),
            storage: "LongStorage",
            shape: Vec::new(),
            bytes: NO_BATCHES.to_le_bytes().into(),
        }
    }
}

/// The state dict of a network as a file, under torchvision's names, in f32.
///
/// # Errors
///
/// Where a tensor is longer than the pickle can say (2^31 numbers), or the zip file cannot be made.
pub fn state_dict(weights: &Weights) -> Result<Vec<u8>> {
    let mut entries = Vec::new();
    for (name, array) in weights.tensors() {
        entries.push(Entry::floats(name, array));
        if let Some(norm) = name.strip_suffix("running_var") {
            entries.push(Entry::batches(norm));
        }
    }
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .with_alignment(ALIGNMENT);
    let mut add = |name: String, bytes: &[u8]| {
        zip.start_file(format!("archive/{name}"), stored)?;
        zip.write_all(bytes)
    };
    add("data.pkl".into(), &pickle(&entries)?)?;
    add("byteorder".into(), b"little")?;
    for (i, entry) in entries.iter().enumerate() {
        add(format!("data/{i}"), &entry.bytes)?;
    }
    add("version".into(), b"3\n")?;
    Ok(zip.finish()?.into_inner())
}

/// An `OrderedDict` of `torch._utils._rebuild_tensor_v2` calls, in protocol 2.
fn pickle(entries: &[Entry]) -> Result<Vec<u8>> {
    let mut pickle = Pickle(vec![0x80, 2]);
    pickle.ordered_dict();
    pickle.op(b'(');
    for (key, entry) in entries.iter().enumerate() {
        pickle.text(&entry.name)?;
        pickle.global("torch._utils", "_rebuild_tensor_v2");
        pickle.op(b'(');
        // The storage, by which file holds it.
        pickle.op(b'(');
        pickle.text("storage")?;
        pickle.global("torch", entry.storage);
        pickle.text(&key.to_string())?;
        pickle.text("cpu")?;
        pickle.int(entry.shape.iter().product())?;
        pickle.op(b't');
        pickle.op(b'Q');
        // Where the tensor begins in it, its extents and strides.
        pickle.int(0)?;
        pickle.tuple(&entry.shape)?;
        pickle.tuple(&strides(&entry.shape))?;
        // No gradient is wanted, and no hooks.
        pickle.op(0x89);
        pickle.ordered_dict();
        pickle.op(b't');
        pickle.op(b'R');
    }
    pickle.op(b'u');
    pickle.op(b'.');
    Ok(pickle.0)
}

/// Distance in numbers between neighbours along each axis, rows last.
fn strides(shape: &[usize]) -> Vec<usize> {
    (1..=shape.len()).map(|axis| shape[axis..].iter().product()).collect()
}

/// Operations of Python's pickle machine.
struct Pickle(Vec<u8>);

impl Pickle {
    fn op(&mut self, code: u8) {
        self.0.push(code);
    }

    fn global(&mut self, module: &str, name: &str) {
        self.0.extend(format!("c{module}\n{name}\n").bytes());
    }

    /// A new, empty `collections.OrderedDict`.
    fn ordered_dict(&mut self) {
        self.global("collections", "OrderedDict");
        self.0.extend(b")R");
    }

    fn text(&mut self, text: &str) -> Result<()> {
        let length = u32::try_from(text.len()).context("a tensor's name is too long")?;
        self.op(b'X');
        self.0.extend(length.to_le_bytes());
        self.0.extend(text.bytes());
        Ok(())
    }

    fn int(&mut self, value: usize) -> Result<()> {
        let value = i32::try_from(value).context("a tensor is too long for a state dict")?;
        self.op(b'J');
        self.0.extend(value.to_le_bytes());
        Ok(())
    }

    fn tuple(&mut self, values: &[usize]) -> Result<()> {
        self.op(b'(');
        values.iter().try_for_each(|value| self.int(*value))?;
        self.op(b't');
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use robust_core::model::architecture::{ResNetConfig, Stem};
    use robust_core::model::card::{Card, Provenance, Role};
    use zip::ZipArchive;

    use super::*;

    /// A network of one block, all of whose numbers differ from their neighbours.
    fn weights() -> Weights {
        let usual = ResNetConfig::preset("resnet10", Stem::Cifar, 2).unwrap();
        let architecture = ResNetConfig { blocks: vec![1], widths: vec![2], ..usual };
        let array = |(name, shape): (String, Vec<usize>)| {
            let values = (0..shape.iter().product()).map(|i: usize| 1.0 + i as f32).collect();
            (name, Array { shape, values })
        };
        let tensors = architecture.tensors().into_iter().map(array).collect();
        let card = Card {
            name: "test".into(),
            role: Role::Robust,
            architecture,
            classes: vec!["a".into(), "b".into()],
            mean: [0.5; 3],
            std: [0.25; 3],
            input_size: 32,
            training: None,
            accuracies: Vec::new(),
            provenance: Provenance::default(),
        };
        Weights::new(card, tensors).unwrap()
    }

    #[test]
    fn rows_are_as_far_apart_as_they_are_long() {
        assert_eq!(strides(&[2, 3, 5]), [15, 5, 1]);
        assert_eq!(strides(&[7]), [1]);
        assert!(strides(&[]).is_empty());
    }

    #[test]
    fn files_lie_uncompressed_and_aligned_under_the_pickles_numbers() {
        let weights = weights();
        let bytes = state_dict(&weights).unwrap();
        let mut zip = ZipArchive::new(Cursor::new(bytes)).unwrap();
        let norms = weights.tensors().filter(|(name, _)| name.ends_with("running_var")).count();
        assert_eq!(zip.len(), 3 + weights.tensors().count() + norms);
        for i in 0..zip.len() {
            let file = zip.by_index(i).unwrap();
            assert_eq!(file.compression(), CompressionMethod::Stored);
            assert_eq!(file.data_start() % u64::from(ALIGNMENT), 0, "{}", file.name());
        }
        let mut read = |name: &str| {
            let mut bytes = Vec::new();
            zip.by_name(&format!("archive/{name}")).unwrap().read_to_end(&mut bytes).unwrap();
            bytes
        };
        let pickle = read("data.pkl");
        assert!(pickle.starts_with(&[0x80, 2]) && pickle.ends_with(b"u."));
        assert!(pickle.windows(23).any(|part| part == b"bn1.num_batches_tracked"));
        assert_eq!(read("version"), b"3\n");
        let (_, first) = weights.tensors().next().unwrap();
        let values: Vec<u8> = first.values.iter().flat_map(|value| value.to_le_bytes()).collect();
        assert_eq!(read("data/0"), values);
    }
}
