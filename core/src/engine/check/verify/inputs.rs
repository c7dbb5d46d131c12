//! What a reference's results are recomputed from.

use burn::tensor::{Int, Tensor, TensorData};

use super::key::{Key, Quantity, Task};
use super::{KeyReport, Reference, ReferenceError, VerifyError, largest_difference, tolerance};
use crate::engine::network::LastRelu;
use crate::engine::solve::Run;
use crate::engine::solve::objective::{
    Activate, AddFeature, CrossEntropy, Invert, Keep, Objective,
};
use crate::engine::solve::pgd::{Pgd, noise};
use crate::engine::tasks::explain::explain;
use crate::engine::{Model, TaskError};
use crate::image::Pixels;
use crate::model::weights::Array;
use crate::settings::paint::Making;

/// Standard deviation of the change to an input that asks how much a result magnifies rounding.
const NUDGE: f32 = 1e-6;

/// How many changed inputs are tried.
const NUDGED_RUNS: u64 = 6;

/// How many times a result may be as far off as the nudged runs are from each other.
const NUDGED_FACTOR: f32 = 3.0;

/// The reference's inputs on the model's device.
#[derive(Clone)]
pub(super) struct Inputs {
    x: Tensor<4>,
    x_target: Tensor<4>,
    labels: Tensor<1, Int>,
    wished: Tensor<1, Int>,
    /// Of those that paint: 1 where `x_target` may change and 0 where it should stay,
    /// `[1, 1, height, width]`.
    free: Option<Tensor<4>>,
}

impl Inputs {
    pub fn read(model: &Model, reference: &Reference<'_>) -> Result<Self, VerifyError> {
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
            // The references' targeted attack wishes for the next class.
            wished: ints(labels.iter().map(|label| (label + 1) % classes).collect()),
            labels: ints(labels),
            free: reference.has("free").then(|| images("free")).transpose()?,
        })
    }

    pub async fn recompute(&self, model: &Model, key: &Key) -> Result<Vec<f32>, VerifyError> {
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

    /// Judges the result of each image by [`KeyReport::sensitivity`].
    pub async fn allow_for_rounding(
        &self,
        model: &Model,
        key: &Key,
        expected: &Array,
        found: &[f32],
        report: &mut KeyReport,
    ) -> Result<(), VerifyError> {
        let length = expected.values.len() / expected.shape.first().copied().unwrap_or(1).max(1);
        let mut spread = vec![0.0f32; found.len() / length];
        for seed in 0..NUDGED_RUNS {
            let nudged = self.nudged(model, seed)?.recompute(model, key).await?;
            let pairs = nudged.chunks_exact(length).zip(found.chunks_exact(length));
            for (spread, (nudged, found)) in spread.iter_mut().zip(pairs) {
                *spread = spread.max(largest_difference(nudged, found));
            }
        }
        let tolerance = tolerance(key, &expected.values);
        let pairs = expected.values.chunks_exact(length).zip(found.chunks_exact(length));
        report.ok = pairs.zip(&spread).all(|((expected, found), spread)| {
            largest_difference(expected, found) <= tolerance.max(NUDGED_FACTOR * spread)
        });
        report.sensitivity = Some(spread.iter().copied().fold(0.0, f32::max));
        Ok(())
    }

    /// The same inputs, but for a change of `x` as small as rounding.
    pub fn nudged(&self, model: &Model, seed: u64) -> Result<Self, TaskError> {
        let [batch, _, size, _] = self.x.dims();
        let noise: Vec<_> = (0..batch as u64).map(|i| noise(size, seed, i)).collect();
        // `noise` has mean 0.5 and standard deviation 1/20.
        let nudge = (model.batch(&noise)? - 0.5) * (20.0 * NUDGE);
        Ok(Self { x: self.x.clone() + nudge, ..self.clone() })
    }

    /// The five coordinates that weigh most for the predicted class, equation (8).
    async fn top_features(&self, model: &Model) -> Result<Vec<f32>, VerifyError> {
        let [_, channels, size, _] = self.x.dims();
        let values = read(self.x.clone()).await?;
        let images = values.chunks_exact(channels * size * size);
        let mut top = Vec::new();
        for values in images {
            let image = Pixels::new(size, values.to_vec()).ok_or(TaskError::NoResult)?;
            let explanation = explain(model, &image, None, 5).await?;
            top.extend(explanation.features.iter().map(|part| part.feature as f32));
        }
        Ok(top)
    }

    async fn optimise(&self, model: &Model, key: &Key) -> Result<Vec<f32>, VerifyError> {
        let each = |feature: usize| vec![feature; self.x.dims()[0]];
        match key.task {
            Task::Invert => {
                let target = model.representation(self.x_target.clone());
                self.quantity(model, key, Invert::new(target)).await
            }
            Task::Activate(feature) => {
                self.quantity(model, key, Activate::new(&each(feature), model.device())).await
            }
            Task::Add(feature) => {
                self.quantity(model, key, AddFeature::new(&each(feature), model.device())).await
            }
            Task::Attack => {
                self.quantity(model, key, CrossEntropy::untargeted(self.labels.clone())).await
            }
            Task::TargetedAttack => {
                self.quantity(model, key, CrossEntropy::targeted(self.wished.clone())).await
            }
            Task::Inpaint => {
                let towards = CrossEntropy::targeted(self.wished.clone());
                self.quantity(model, key, self.keep(towards, Making::Inpaint)?).await
            }
            Task::PaintFeature(feature) => {
                let activate = Activate::new(&each(feature), model.device());
                self.quantity(model, key, self.keep(activate, Making::Feature)?).await
            }
        }
    }

    /// The objective, and that of keeping `x_target` where it is not free.
    fn keep<O: Objective>(&self, objective: O, making: Making) -> Result<Keep<O>, VerifyError> {
        let free = self.free.clone().ok_or_else(|| ReferenceError::Missing("free".into()))?;
        let (original, keep) = (self.x_target.clone(), free.neg() + 1.0);
        Ok(Keep::new(objective, original, keep, making.weights()))
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
        pgd.finish();
        read(pgd.images()).await
    }
}

async fn read<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>, VerifyError> {
    let data = tensor.into_data_async().await.map_err(TaskError::from)?;
    Ok(data.iter::<f32>().collect())
}
