//! Tensors as files hold them: PyTorch's zip and old format, and safetensors.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use anyhow::{Context, Result, bail};
use half::{bf16, f16};
use pytorch_reader::{DType, PytorchReader};
use robust_core::model::weights::METADATA_KEY;
use safetensors::tensor::{Dtype, SafeTensors, TensorInfo};

use crate::files;

/// A tensor that is read when it is wanted: checkpoints hold an optimiser's, too.
pub struct Stored {
    /// Extents, outermost first.
    pub shape: Vec<usize>,
    /// Reads its values, row by row.
    pub values: Box<dyn Fn() -> Result<Vec<f32>>>,
}

/// All tensors of a file by their full names.
pub type Tensors = BTreeMap<String, Stored>;

/// How a number is stored.
#[derive(Clone, Copy)]
enum Number {
    F64,
    F32,
    F16,
    Bf16,
}

impl Number {
    fn floats(self, bytes: &[u8]) -> Vec<f32> {
        match self {
            Self::F64 => {
                bytes.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b) as f32).collect()
            }
            Self::F32 => bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
            Self::F16 => {
                bytes.as_chunks().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect()
            }
            Self::Bf16 => {
                bytes.as_chunks().0.iter().map(|b| bf16::from_le_bytes(*b).to_f32()).collect()
            }
        }
    }
}

/// Lists the tensors of a checkpoint, whichever program wrote it.
pub fn read(path: &Path) -> Result<Tensors> {
    let bytes = files::read(path)?;
    // A length of the header, then the header, which is JSON.
    if bytes.get(8) == Some(&b'{') {
        return safetensors(bytes).with_context(|| format!("cannot import {}", path.display()));
    }
    drop(bytes);
    let reader = PytorchReader::new(path).with_context(|| {
        format!("{} is not a PyTorch checkpoint that can be read", path.display())
    })?;
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
    Ok(reader.into_tensors().into_iter().map(stored).collect())
}

fn safetensors(bytes: Vec<u8>) -> Result<Tensors> {
    let (header, metadata) = SafeTensors::read_metadata(&bytes)?;
    if metadata.metadata().as_ref().is_some_and(|entries| entries.contains_key(METADATA_KEY)) {
        bail!("this is a Robust Reps model already: use it as it is");
    }
    // The length of the header stands in eight bytes before it.
    let data: Rc<[u8]> = bytes[8 + header..].into();
    let stored = |(name, info): (String, &TensorInfo)| {
        let (data, (from, to), dtype) = (Rc::clone(&data), info.data_offsets, info.dtype);
        let values = move || {
            let number = match dtype {
                Dtype::F64 => Number::F64,
                Dtype::F32 => Number::F32,
                Dtype::F16 => Number::F16,
                Dtype::BF16 => Number::Bf16,
                other => bail!("its element type {other:?} is none of a network's"),
            };
            Ok(number.floats(data.get(from..to).context("it lies past the end of the file")?))
        };
        (name, Stored { shape: info.shape.clone(), values: Box::new(values) })
    };
    Ok(metadata.tensors().into_iter().map(stored).collect())
}
