use std::collections::HashMap;

use half::f16;
use safetensors::tensor::{Dtype, TensorView};
use serde::Serialize;

use super::{Array, FORMAT_VERSION, METADATA_KEY, Weights, WeightsError};
use crate::card::Card;

/// How many bits the large tensors keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// All 32 bits.
    F32,
    /// Half, for convolutions and the linear layer; normalisation (a thousandth of the file)
    /// stays whole, since its statistics reach beyond what f16 can hold.
    F16,
}

#[derive(Serialize)]
struct Versioned<'a> {
    version: u32,
    #[serde(flatten)]
    card: &'a Card,
}

impl Weights {
    /// The model as the bytes of a file.
    ///
    /// # Errors
    ///
    /// [`WeightsError::NotFinite`] where a value is too large for f16.
    pub fn to_bytes(&self, precision: Precision) -> Result<Vec<u8>, WeightsError> {
        let mut encoded = Vec::new();
        for (name, array) in self.tensors() {
            let half = precision == Precision::F16 && array.shape.len() > 1;
            let (dtype, bytes) = if half { encode_f16(name, array)? } else { encode_f32(array) };
            encoded.push((name, dtype, &array.shape, bytes));
        }
        let broken =
            |error: safetensors::SafeTensorError| WeightsError::NotSafetensors(error.to_string());
        let views = encoded
            .iter()
            .map(|(name, dtype, shape, bytes)| {
                let view = TensorView::new(*dtype, shape.to_vec(), bytes);
                view.map(|view| (*name, view)).map_err(broken)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let card = Versioned { version: FORMAT_VERSION, card: self.card() };
        let json = serde_json::to_string(&card)
            .map_err(|error| WeightsError::BadCard(error.to_string()))?;
        let metadata = HashMap::from([(METADATA_KEY.to_owned(), json)]);
        safetensors::serialize(views, Some(metadata)).map_err(broken)
    }
}

fn encode_f32(array: &Array) -> (Dtype, Vec<u8>) {
    (Dtype::F32, array.values.iter().flat_map(|v| v.to_le_bytes()).collect())
}

fn encode_f16(name: &str, array: &Array) -> Result<(Dtype, Vec<u8>), WeightsError> {
    let halves: Vec<f16> = array.values.iter().map(|&v| f16::from_f32(v)).collect();
    if halves.iter().any(|v| !v.is_finite()) {
        return Err(WeightsError::NotFinite(name.into()));
    }
    Ok((Dtype::F16, halves.iter().flat_map(|v| v.to_le_bytes()).collect()))
}
