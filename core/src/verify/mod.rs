//! Recomputes the numbers of a reference file and says how far off they are.
//!
//! A reference is a safetensors file of inputs (`x`, `x_target`, `label`) and results computed
//! with the authors' package on the same weights. The same function runs natively, behind
//! `robust-reps verify`, and in the browser, behind the page's self-check.

mod key;
mod reference;

use burn::tensor::{ExecutionError, Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::model::Model;
use crate::network::LastRelu;
use crate::objective::Objective;
use crate::pgd::Pgd;

use key::{Key, Quantity, Task};
pub use reference::{Reference, ReferenceError};

/// Largest relative error of a logit, representation, loss or gradient.
const MAX_RELATIVE: f32 = 1e-4;

/// Largest absolute error of a PGD image, in [0, 1]: rounding grows over the steps.
const MAX_IMAGE: f32 = 2e-3;

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
}

/// How far every key is off.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Verification {
    /// Whether every key is close enough.
    pub ok: bool,
    /// One entry a key that was recomputed.
    pub keys: Vec<KeyReport>,
}

/// Why a reference cannot be compared with a model.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The file is no reference.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// The device failed.
    #[error("the device failed: {0}")]
    Device(String),
}

impl From<ExecutionError> for VerifyError {
    fn from(error: ExecutionError) -> Self {
        VerifyError::Device(format!("{error:?}"))
    }
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
        let report = compare(name, &key, &expected.values, &found)?;
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
    // `max` drops a NaN; a NaN is the largest error there is.
    let largest = |values: &mut dyn Iterator<Item = f32>| {
        values.fold(0.0f32, |m, v| if v.is_nan() { f32::INFINITY } else { m.max(v) })
    };
    let max_abs = largest(&mut expected.iter().zip(found).map(|(e, f)| (e - f).abs()));
    let scale = largest(&mut expected.iter().map(|e| e.abs()));
    let max_rel = if max_abs == 0.0 { 0.0 } else { max_abs / scale };
    let ok = match key.quantity {
        Quantity::TopFeatures => max_abs == 0.0,
        Quantity::Images(_) => max_abs <= MAX_IMAGE,
        _ => max_rel <= MAX_RELATIVE,
    };
    Ok(KeyReport { key: name.into(), max_abs, max_rel, ok })
}

/// The reference's inputs on the model's device.
struct Inputs {
    x: Tensor<4>,
    x_target: Tensor<4>,
    labels: Tensor<1, Int>,
    wished: Tensor<1, Int>,
}

impl Inputs {
    fn read(model: &Model, reference: &Reference<'_>) -> Result<Self, VerifyError> {
        let device = model.device();
        let images = |name: &str| -> Result<Tensor<4>, VerifyError> {
            let array = reference.floats(name)?;
            let shape: [usize; 4] =
                array.shape.try_into().map_err(|_| ReferenceError::DoesNotFit(name.into()))?;
            Ok(Tensor::from_data(TensorData::new(array.values, shape), device))
        };
        let classes = model.card().architecture.classes as i64;
        let labels: Vec<i64> =
            reference.floats("label")?.values.iter().map(|&label| label as i64).collect();
        let ints = |values: Vec<i64>| {
            let values: Vec<i32> = values.into_iter().map(|v| v as i32).collect();
            Tensor::from_data(TensorData::new(values.clone(), [values.len()]), device)
        };
        Ok(Self {
            x: images("x")?,
            x_target: images("x_target")?,
            // Assumed, not known: that the references' targeted attack wishes for the next class.
            wished: ints(labels.iter().map(|label| (label + 1) % classes).collect()),
            labels: ints(labels),
        })
    }

    async fn recompute(&self, model: &Model, key: &Key) -> Result<Vec<f32>, VerifyError> {
        match &key.quantity {
            Quantity::Representation => read(model.representation(self.x.clone())).await,
            Quantity::TargetRepresentation => {
                read(model.representation(self.x_target.clone())).await
            }
            Quantity::Logits => read(model.forward(self.x.clone(), LastRelu::True).logits).await,
            Quantity::TopFeatures => self.top_features(model).await,
            _ => self.optimise(model, key).await,
        }
    }

    /// The five coordinates that weigh most for the predicted class, equation (8).
    async fn top_features(&self, model: &Model) -> Result<Vec<f32>, VerifyError> {
        let contributions = read(model.contributions(self.x.clone())).await?;
        let k = model.card().architecture.representation_len();
        let top = |row: &[f32]| -> Vec<f32> {
            let mut order: Vec<usize> = (0..k).collect();
            order.sort_by(|&a, &b| row[b].total_cmp(&row[a]));
            order.iter().take(5).map(|&i| i as f32).collect()
        };
        Ok(contributions.chunks_exact(k).flat_map(top).collect())
    }

    async fn optimise(&self, model: &Model, key: &Key) -> Result<Vec<f32>, VerifyError> {
        use crate::objective::{Activate, AddFeature, CrossEntropy, Invert};
        match key.task {
            Task::Invert => {
                let target = model.representation(self.x_target.clone());
                self.quantity(model, key, Invert::new(target)).await
            }
            Task::Activate(feature) => self.quantity(model, key, Activate { feature }).await,
            Task::Add(feature) => self.quantity(model, key, AddFeature { feature }).await,
            Task::Attack => {
                self.quantity(model, key, CrossEntropy::untargeted(self.labels.clone())).await
            }
            Task::TargetedAttack => {
                self.quantity(model, key, CrossEntropy::targeted(self.wished.clone())).await
            }
        }
    }

    async fn quantity<O: Objective>(
        &self,
        model: &Model,
        key: &Key,
        objective: O,
    ) -> Result<Vec<f32>, VerifyError> {
        let Quantity::Images(settings) = key.quantity else {
            let (loss, gradient) = Pgd::loss_and_gradient(model, &objective, self.x.clone());
            return match key.quantity {
                Quantity::Loss => read(loss).await,
                // References hold the gradient of the sum over the batch, not of its mean.
                _ => read(gradient * self.x.dims()[0] as f32).await,
            };
        };
        let mut pgd = Pgd::from_centre(model, objective, settings, self.x.clone());
        while !pgd.is_done() {
            pgd.step();
        }
        read(pgd.images()).await
    }
}

async fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, VerifyError> {
    Ok(tensor.into_data_async().await?.iter::<f32>().collect())
}
