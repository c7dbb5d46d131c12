//! Recomputes the numbers of a reference file and says how far off they are.
//!
//! A reference is a safetensors file of inputs (`x`, `x_target`, `label`) and results computed
//! with the authors' package on the same weights. The same function runs natively, behind
//! `robust-reps verify`, and in the browser, behind the page's self-check.

mod inputs;
mod key;
mod reference;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::engine::{Model, TaskError};

use inputs::Inputs;
use key::{Key, Quantity};
pub use reference::{Reference, ReferenceError};

/// Largest relative error of a logit, representation, loss or gradient.
const MAX_RELATIVE: f32 = 1e-4;

/// Largest absolute error of a PGD image, in [0, 1]: rounding grows over the steps.
const MAX_IMAGE: f32 = 2e-3;

/// A relative error that no rounding explains: the device computes something else.
const WRONG: f32 = 1e-2;

/// How far one key is off.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeyReport {
    /// The key.
    pub key: String,
    /// Largest absolute error.
    pub max_abs: f32,
    /// Largest absolute error, as a share of the reference's largest absolute value.
    pub max_rel: f32,
    /// Whether it is close enough.
    pub ok: bool,
    /// Only of a gradient or a PGD run that came out otherwise: how far the same computation comes
    /// out from itself if its input is changed by no more than rounding does. A unit whose sign
    /// depends on the last bit switches its part of a gradient on or off, and can send a run of
    /// long steps another way, in PyTorch as here; such a result may be off as far as this
    /// explains.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitivity: Option<f32>,
}

impl KeyReport {
    /// Whether the device computes something else than was asked for, where a result that is not `ok`
    /// may only be less exact than others'.
    pub fn is_wrong(&self) -> bool {
        !self.ok && self.max_rel > WRONG
    }
}

impl fmt::Display for KeyReport {
    /// One row: verdict, both errors, the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.ok { "ok" } else { "OFF" };
        write!(f, "{verdict:<3} {:>9.2e} {:>9.2e}  {}", self.max_abs, self.max_rel, self.key)?;
        match self.sensitivity {
            Some(sensitivity) => write!(f, " (rounding alone moves it by {sensitivity:.1e})"),
            None => Ok(()),
        }
    }
}

/// How far every key is off.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Verification {
    /// Whether every key is close enough.
    pub ok: bool,
    /// One entry per key that was recomputed.
    pub keys: Vec<KeyReport>,
}

/// Why a reference cannot be compared with a model.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The file is no reference.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// The device failed, or the inputs are no images.
    #[error(transparent)]
    Task(#[from] TaskError),
}

/// Recomputes every result of the reference. `observe` is told each key's report and may await.
///
/// # Errors
///
/// [`VerifyError`] where the reference does not fit the model or the device failed.
pub async fn verify(
    model: &Model,
    reference: &Reference<'_>,
    mut observe: impl AsyncFnMut(&KeyReport),
) -> Result<Verification, VerifyError> {
    let inputs = Inputs::read(model, reference)?;
    let mut keys = Vec::new();
    for name in reference.results() {
        let key = Key::parse(name)?;
        let expected = reference.floats(name)?;
        let found = inputs.recompute(model, &key).await?;
        let mut report = compare(name, &key, &expected.values, &found)?;
        let rounds = matches!(key.quantity, Quantity::Gradient | Quantity::Images(_));
        if !report.ok && rounds && report.max_abs.is_finite() {
            inputs.allow_for_rounding(model, &key, &expected, &found, &mut report).await?;
        }
        observe(&report).await;
        keys.push(report);
    }
    Ok(Verification { ok: keys.iter().all(|key| key.ok), keys })
}

fn compare(
    name: &str,
    key: &Key,
    expected: &[f32],
    found: &[f32],
) -> Result<KeyReport, VerifyError> {
    if expected.len() != found.len() {
        return Err(ReferenceError::DoesNotFit(name.into()).into());
    }
    let max_abs = largest_difference(expected, found);
    let max_rel = if max_abs == 0.0 { 0.0 } else { max_abs / largest(expected) };
    let ok = max_abs <= tolerance(key, expected);
    Ok(KeyReport { key: name.into(), max_abs, max_rel, ok, sensitivity: None })
}

/// Largest absolute error of a value that passes.
fn tolerance(key: &Key, expected: &[f32]) -> f32 {
    match key.quantity {
        Quantity::TopFeatures => 0.0,
        Quantity::Images(_) => MAX_IMAGE,
        _ => MAX_RELATIVE * largest(expected),
    }
}

/// The largest absolute value.
fn largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |max, value| max.max(value.abs()))
}

/// A NaN is the largest difference there is.
fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, |max, d| if d.is_nan() { f32::INFINITY } else { max.max(d) })
}

#[cfg(test)]
mod tests;
