//! Tensors as files hold them, whichever program wrote them.

use std::collections::BTreeMap;
use std::rc::Rc;

use anyhow::{Context, Result, bail};
use half::{bf16, f16};
use safetensors::tensor::{Dtype, SafeTensors, TensorInfo};

use crate::model::weights::METADATA_KEY;

/// A tensor that is read when it is wanted: checkpoints hold an optimiser's, too.
pub struct Stored {
    /// Extents, outermost first.
    pub shape: Vec<usize>,
    /// Reads its values, row by row.
    pub values: Box<dyn Fn() -> Result<Vec<f32>>>,
}

/// All tensors of a file by their full names.
pub type Tensors = BTreeMap<String, Stored>;

/// How a number is stored, in little-endian order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// 64 bits
    F64,
    /// 32 bits
    F32,
    /// 16 bits
    F16,
    /// 16 bits with the exponent of 32
    Bf16,
}

impl Number {
    /// Its length in bytes.
    pub const fn bytes(self) -> usize {
        match self {
            Self::F64 => 8,
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }

    /// Numbers of these bytes.
    pub fn floats(self, bytes: &[u8]) -> Vec<f32> {
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

/// Whether these bytes begin as a safetensors file does: a length of the header, then the header, which
/// is JSON.
pub fn is_safetensors(bytes: &[u8]) -> bool {
    bytes.get(8) == Some(&b'{')
}

/// Lists the tensors of a safetensors file.
///
/// # Errors
///
/// Where it is damaged, or a model file of this program.
pub fn safetensors(bytes: &[u8]) -> Result<Tensors> {
    let (header, metadata) = SafeTensors::read_metadata(bytes)?;
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
