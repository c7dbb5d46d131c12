//! Accuracy on held-out images, clean and under attack.

use anyhow::{Context, Result};
use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use robust_core::engine::network::LastRelu;
use robust_core::engine::solve::Run;
use robust_core::engine::solve::objective::CrossEntropy;
use robust_core::engine::solve::pgd::Pgd;
use robust_core::engine::{Model, TaskError};
use robust_core::settings::PgdSettings;
use robust_core::settings::change::attack_settings;

use crate::autoattack::Ball;
use crate::data::{Dataset, planes};

/// Images a batch.
pub const BATCH: usize = 64;

/// An attack on every image.
#[derive(Clone, Copy, Debug)]
pub struct Attack {
    /// Constraint, steps and their length.
    pub settings: PgdSettings,
    /// Random starts; an image counts as correct only if none of them fools the network.
    pub restarts: usize,
    /// Seed of the random starts.
    pub seed: u64,
}

impl Attack {
    /// The attack by which published networks are measured: steps of 2.5 eps / steps.
    pub fn standard(ball: Ball, steps: usize, seed: u64) -> Self {
        let constraint = ball.norm.within(ball.eps);
        let settings = PgdSettings { constraint, ..attack_settings(ball.eps, steps) };
        Self { settings, restarts: 1, seed }
    }
}

/// What the network called each class: `[label][prediction]` counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Confusion(pub Vec<Vec<usize>>);

impl Confusion {
    /// Share of all images classified correctly.
    pub fn share(&self) -> f32 {
        let correct: usize = self.0.iter().enumerate().map(|(i, row)| row[i]).sum();
        correct as f32 / self.0.iter().flatten().sum::<usize>().max(1) as f32
    }

    /// Share of each class classified correctly; a class without images has none.
    pub fn per_class(&self) -> Vec<Option<f32>> {
        let share = |(i, row): (usize, &Vec<usize>)| {
            let all: usize = row.iter().sum();
            (all > 0).then(|| row[i] as f32 / all as f32)
        };
        self.0.iter().enumerate().map(share).collect()
    }

    /// Mean of the classes' shares: every class counts alike.
    pub fn balanced(&self) -> f32 {
        let shares: Vec<f32> = self.per_class().into_iter().flatten().collect();
        shares.iter().sum::<f32>() / shares.len().max(1) as f32
    }
}

/// `count` images, as many of each class as there are, in turn; the same for the same seed.
pub fn balanced_draw(set: &Dataset, count: usize, seed: u64) -> Vec<usize> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut indices: Vec<usize> = (0..set.len()).collect();
    indices.shuffle(&mut rng);
    let mut of_class: Vec<std::vec::IntoIter<usize>> = (0..set.classes.len())
        .map(|label| {
            let of_label = indices.iter().copied().filter(|&i| set.labels()[i] == label);
            of_label.collect::<Vec<_>>().into_iter()
        })
        .collect();
    let mut drawn = Vec::new();
    while drawn.len() < count.min(set.len()) {
        for images in &mut of_class {
            drawn.extend(images.next());
        }
    }
    drawn.truncate(count);
    drawn
}

/// Classifies the images, attacked or not.
pub fn measure(
    model: &Model,
    set: &Dataset,
    images: &[usize],
    attack: Option<&Attack>,
) -> Result<Confusion> {
    let classes = set.classes.len();
    let mut confusion = vec![vec![0; classes]; classes];
    for chunk in images.chunks(BATCH) {
        let (x, labels) = batch(model.device(), set, chunk)?;
        let truth: Vec<usize> = chunk.iter().map(|&i| set.labels()[i]).collect();
        let mut predicted = predict(model, x.clone())?;
        if let Some(attack) = attack {
            for restart in 0..attack.restarts {
                model.device().seed(attack.seed ^ ((chunk[0] as u64) << 20) ^ restart as u64);
                let attacked = run(model, x.clone(), labels.clone(), attack.settings);
                let fooled = predict(model, attacked)?;
                for (i, wrong) in fooled.into_iter().enumerate() {
                    // Once fooled stays fooled.
                    if predicted[i] == truth[i] {
                        predicted[i] = wrong;
                    }
                }
            }
        }
        for (&label, prediction) in truth.iter().zip(predicted) {
            confusion[label][prediction.min(classes - 1)] += 1;
        }
    }
    set.check_readable()?;
    Ok(Confusion(confusion))
}

/// Images of one size as `[batch, 3, height, width]`, and their labels.
///
/// # Errors
///
/// Where there is none.
pub fn batch(
    device: &Device,
    set: &Dataset,
    images: &[usize],
) -> Result<(Tensor<4>, Tensor<1, Int>)> {
    let first = images.first().context("no image to measure")?;
    let size = set.image(*first).width() as usize;
    let values: Vec<f32> = images.iter().flat_map(|&i| planes(set.image(i).as_raw())).collect();
    let labels: Vec<i32> = images.iter().map(|&i| set.labels()[i] as i32).collect();
    let x = TensorData::new(values, [images.len(), 3, size, size]);
    let labels = TensorData::new(labels, [images.len()]);
    Ok((Tensor::from_data(x, device), Tensor::from_data(labels, device)))
}

/// The label that the network gives each image of `[batch, 3, height, width]`.
///
/// # Errors
///
/// [`TaskError::NotFinite`] where it gives none.
pub fn predict(model: &Model, x: Tensor<4>) -> Result<Vec<usize>> {
    let logits = model.forward(x, LastRelu::True).logits;
    let predicted = logits.clone().argmax(1).squeeze_dim::<1>(1);
    if !logits.into_data().iter::<f32>().all(f32::is_finite) {
        return Err(TaskError::NotFinite.into());
    }
    Ok(predicted.into_data().iter::<i64>().map(|label| label as usize).collect())
}

fn run(model: &Model, x: Tensor<4>, labels: Tensor<1, Int>, settings: PgdSettings) -> Tensor<4> {
    let start = settings.constraint.random_start(x.clone());
    let mut pgd = Pgd::new(model, CrossEntropy::untargeted(labels), settings, start, x);
    pgd.finish();
    pgd.images()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balanced_accuracy_counts_classes_alike() {
        let confusion = Confusion(vec![vec![90, 10, 0], vec![5, 5, 0], vec![0, 0, 0]]);
        assert!((confusion.share() - 95.0 / 110.0).abs() < 1e-6);
        assert!((confusion.balanced() - 0.7).abs() < 1e-6);
        assert_eq!(confusion.per_class()[2], None);
    }
}
