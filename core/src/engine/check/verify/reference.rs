//! A reference file: inputs, and what the authors' package computed from them.

use safetensors::SafeTensors;
use safetensors::tensor::Dtype;

use crate::model::weights::Array;

/// Keys that a reference was computed from.
const INPUTS: [&str; 4] = ["x", "x_target", "label", "free"];

/// Inputs and results computed with the authors' package.
#[derive(Debug)]
pub struct Reference<'a> {
    file: SafeTensors<'a>,
    results: Vec<String>,
}

/// Why a file is not a reference that fits.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    /// Cut short, damaged, or something else.
    #[error("this is not a complete safetensors file ({0})")]
    NotSafetensors(String),
    /// An input that every reference needs.
    #[error("the reference has no \"{0}\"")]
    Missing(String),
    /// A key that names no known computation.
    #[error("the reference's key \"{0}\" names no computation that is known here")]
    UnknownKey(String),
    /// Computed with another network.
    #[error(
        "the reference's \"{0}\" has another size than this model computes: they do not belong together"
    )]
    DoesNotFit(String),
    /// Neither f32 nor i64.
    #[error("the reference's \"{0}\" is neither F32 nor I64")]
    Dtype(String),
}

impl<'a> Reference<'a> {
    /// Reads a reference file.
    ///
    /// # Errors
    ///
    /// [`ReferenceError`] where the bytes are no safetensors file.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, ReferenceError> {
        let file = SafeTensors::deserialize(bytes)
            .map_err(|error| ReferenceError::NotSafetensors(error.to_string()))?;
        let names = file.names().into_iter().map(str::to_owned);
        let mut results: Vec<String> = names.filter(|n| !INPUTS.contains(&n.as_str())).collect();
        results.sort_by_key(|name| (name.starts_with("pgd_"), name.clone()));
        Ok(Self { file, results })
    }

    /// Names of everything that can be recomputed, the quick ones first.
    pub fn results(&self) -> &[String] {
        &self.results
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.file.tensor(name).is_ok()
    }

    pub(super) fn floats(&self, name: &str) -> Result<Array, ReferenceError> {
        let view = self.file.tensor(name).map_err(|_| ReferenceError::Missing(name.to_owned()))?;
        let data = view.data();
        let values = match view.dtype() {
            Dtype::F32 => data.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
            Dtype::I64 => {
                data.as_chunks().0.iter().map(|b| i64::from_le_bytes(*b) as f32).collect()
            }
            _ => return Err(ReferenceError::Dtype(name.into())),
        };
        Ok(Array { shape: view.shape().to_vec(), values })
    }
}
