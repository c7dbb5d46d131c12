//! Writing a model file, at the precision that is asked for.

use std::collections::HashMap;

use half::f16;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde::Serialize;

use super::checksum::{BLANK, checksum};
use super::{Array, METADATA_KEY, Weights, WeightsError, scale_name};
use crate::model::card::Card;

/// How many bits the numbers of convolutions and of the linear layer keep. Normalisation (a
/// thousandth of the file) stays whole: its statistics reach beyond what fewer can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Precision {
    /// All 32 bits
    F32,
    /// 16 bits: half the file
    F16,
    /// 8 bits and a scale for each output channel: a quarter of the file
    I8,
}

#[derive(Serialize)]
struct Versioned<'a> {
    /// First, so that it is found without a parser.
    checksum: &'a str,
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
            let precision = if array.shape.len() > 1 { precision } else { Precision::F32 };
            let (dtype, bytes) = match precision {
                Precision::F32 => (Dtype::F32, encode_f32(&array.values)),
                Precision::F16 => (Dtype::F16, encode_f16(name, array)?),
                Precision::I8 => {
                    let (scales, bytes) = encode_i8(array);
                    let shape = vec![scales.len()];
                    encoded.push((scale_name(name), Dtype::F32, shape, encode_f32(&scales)));
                    (Dtype::I8, bytes)
                }
            };
            encoded.push((name.to_owned(), dtype, array.shape.clone(), bytes));
        }
        let parts = encoded
            .iter()
            .map(|(name, dtype, shape, bytes)| Ok((name.as_str(), view(*dtype, shape, bytes)?)));
        file(self.card(), precision, parts.collect::<Result<_, WeightsError>>()?)
    }

    /// The model of a file with another card, and every tensor as it is stored there.
    ///
    /// # Errors
    ///
    /// The errors of [`Weights::from_bytes`], and where the card describes another network.
    pub fn with_card(bytes: &[u8], card: &Card) -> Result<Vec<u8>, WeightsError> {
        let weights = Self::from_bytes(bytes)?;
        Self::new(card.clone(), weights.tensors)?;
        let stored = SafeTensors::deserialize(bytes).map_err(broken)?;
        file(card, stored_precision(&stored), stored.iter().collect())
    }
}

impl Precision {
    /// How the large tensors of a model file are stored.
    ///
    /// # Errors
    ///
    /// [`WeightsError::NotSafetensors`].
    pub fn of(bytes: &[u8]) -> Result<Self, WeightsError> {
        Ok(stored_precision(&SafeTensors::deserialize(bytes).map_err(broken)?))
    }
}

fn stored_precision(file: &SafeTensors<'_>) -> Precision {
    let holds = |dtype| file.iter().any(|(_, view)| view.dtype() == dtype);
    if holds(Dtype::I8) {
        Precision::I8
    } else if holds(Dtype::F16) {
        Precision::F16
    } else {
        Precision::F32
    }
}

fn broken(error: safetensors::SafeTensorError) -> WeightsError {
    WeightsError::NotSafetensors(error.to_string())
}

fn view<'a>(
    dtype: Dtype,
    shape: &[usize],
    bytes: &'a [u8],
) -> Result<TensorView<'a>, WeightsError> {
    TensorView::new(dtype, shape.to_vec(), bytes).map_err(broken)
}

/// The oldest version of the format whose programs compute what the file says.
fn version(card: &Card, precision: Precision) -> u32 {
    if card.architecture.blurs() {
        3
    } else if precision == Precision::I8 {
        2
    } else {
        1
    }
}

/// A file of these tensors, with the checksum of it all.
fn file(
    card: &Card,
    precision: Precision,
    tensors: Vec<(&str, TensorView<'_>)>,
) -> Result<Vec<u8>, WeightsError> {
    let version = version(card, precision);
    let card = Versioned { checksum: BLANK, version, card };
    let json =
        serde_json::to_string(&card).map_err(|error| WeightsError::BadCard(error.to_string()))?;
    let mut bodies: Vec<(&str, &[u8])> =
        tensors.iter().map(|(name, view)| (*name, view.data())).collect();
    let json = json.replacen(BLANK, &checksum(&json, &mut bodies), 1);
    let metadata = HashMap::from([(METADATA_KEY.to_owned(), json)]);
    safetensors::serialize(tensors, Some(metadata)).map_err(broken)
}

fn encode_f32(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// The scales of the output channels, and every value in units of its channel's.
fn encode_i8(array: &Array) -> (Vec<f32>, Vec<u8>) {
    let channels = array.values.chunks(array.channel_len());
    let scale = |channel: &[f32]| {
        let largest = channel.iter().fold(0.0, |most: f32, value| most.max(value.abs()));
        if largest > 0.0 { largest / f32::from(i8::MAX) } else { 1.0 }
    };
    let scales: Vec<f32> = channels.clone().map(scale).collect();
    let bytes = channels
        .zip(&scales)
        .flat_map(|(channel, scale)| channel.iter().map(move |v| (v / scale).round() as i8 as u8));
    (scales.clone(), bytes.collect())
}

fn encode_f16(name: &str, array: &Array) -> Result<Vec<u8>, WeightsError> {
    let halves: Vec<f16> = array.values.iter().map(|&v| f16::from_f32(v)).collect();
    if halves.iter().any(|v| !v.is_finite()) {
        return Err(WeightsError::NotFinite(name.into()));
    }
    Ok(halves.iter().flat_map(|v| v.to_le_bytes()).collect())
}
