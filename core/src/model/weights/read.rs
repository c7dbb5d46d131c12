//! Reading a model file, checking everything before using it.

use std::collections::BTreeMap;

use half::f16;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, Metadata, TensorView};
use serde::Deserialize;

use super::checksum::{BLANK, checksum};
use super::{Array, FORMAT_VERSION, METADATA_KEY, Weights, WeightsError, scale_name};
use crate::model::card::Card;

/// What is read first, so that a newer file is told apart from a damaged one.
#[derive(Deserialize)]
struct Version {
    version: u32,
    checksum: Option<String>,
}

impl Weights {
    /// Reads a model file, checking every byte of it.
    ///
    /// # Errors
    ///
    /// [`WeightsError`] says what is wrong with a file that is truncated, foreign, newer,
    /// wrong-shaped or not finite.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WeightsError> {
        let broken =
            |error: safetensors::SafeTensorError| WeightsError::NotSafetensors(error.to_string());
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(broken)?;
        let card = read_card(&metadata)?;
        let file = SafeTensors::deserialize(bytes).map_err(broken)?;
        let mut tensors = BTreeMap::new();
        for (name, view) in file.iter() {
            tensors.insert(name.to_owned(), read_array(name, &view)?);
        }
        for (name, _) in file.iter().filter(|(_, view)| view.dtype() == Dtype::I8) {
            let scale = scale_name(name);
            let scales = tensors.remove(&scale).ok_or(WeightsError::Missing(scale))?;
            if let Some(array) = tensors.get_mut(name) {
                multiply(name, array, &scales)?;
            }
        }
        // After all that can be said in more detail.
        check_whole(&metadata, &file)?;
        Self::new(card, tensors)
    }
}

fn description(metadata: &Metadata) -> Result<&str, WeightsError> {
    let entry = metadata.metadata().as_ref().and_then(|map| map.get(METADATA_KEY));
    entry.map(String::as_str).ok_or(WeightsError::Foreign)
}

/// Compares the checksum, where the file has one.
fn check_whole(metadata: &Metadata, file: &SafeTensors<'_>) -> Result<(), WeightsError> {
    let json = description(metadata)?;
    let Ok(Version { checksum: Some(expected), .. }) = serde_json::from_str(json) else {
        return Ok(());
    };
    let tensors = file.tensors();
    let mut bodies: Vec<(&str, &[u8])> =
        tensors.iter().map(|(name, view)| (name.as_str(), view.data())).collect();
    let found = checksum(&json.replacen(&expected, BLANK, 1), &mut bodies);
    if found == expected { Ok(()) } else { Err(WeightsError::Damaged) }
}

fn read_card(metadata: &Metadata) -> Result<Card, WeightsError> {
    let json = description(metadata)?;
    let bad = |error: serde_json::Error| WeightsError::BadCard(error.to_string());
    let Version { version, .. } = serde_json::from_str(json).map_err(bad)?;
    if version > FORMAT_VERSION {
        return Err(WeightsError::Newer(version));
    }
    serde_json::from_str(json).map_err(bad)
}

fn read_array(name: &str, view: &TensorView<'_>) -> Result<Array, WeightsError> {
    let data = view.data();
    let values = match view.dtype() {
        Dtype::F32 => data.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
        Dtype::I8 => data.iter().map(|b| f32::from(*b as i8)).collect(),
        Dtype::F16 => data.as_chunks().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect(),
        other => {
            return Err(WeightsError::Dtype { name: name.into(), found: format!("{other:?}") });
        }
    };
    Ok(Array { shape: view.shape().to_vec(), values })
}

/// Multiplies each output channel of the i8 tensor `name` by its scale.
fn multiply(name: &str, array: &mut Array, scales: &Array) -> Result<(), WeightsError> {
    let expected: Vec<usize> = array.shape.first().copied().into_iter().collect();
    if scales.shape != expected || expected.is_empty() {
        let (name, found) = (scale_name(name), scales.shape.clone());
        return Err(WeightsError::Shape { name, found, expected });
    }
    let length = array.channel_len();
    for (channel, scale) in array.values.chunks_mut(length).zip(&scales.values) {
        channel.iter_mut().for_each(|value| *value *= scale);
    }
    Ok(())
}
