//! Inverting a batch of photos, equation (5), and judging the result.

use serde::{Deserialize, Serialize};

use crate::engine::error::{finite, one_each};
use crate::engine::network::LastRelu;
use crate::engine::solve::Run;
use crate::engine::solve::objective::{Invert, Objective};
use crate::engine::solve::pgd::{Pgd, noise};
use crate::engine::{Model, TaskError};
use crate::image::Pixels;
use crate::image::measure::{coarse_correlation, psnr, ssim};
use crate::settings::{InvertSettings, Start};

impl Start<Pixels> {
    /// The image that number `index` of a batch starts from; a seed and an index name one noise.
    pub fn image(&self, size: usize, seed: u64, index: u64) -> Pixels {
        match self {
            Start::Noise => noise(size, seed, index),
            Start::Grey => Pixels::flat(size, [0.5; 3]),
            Start::Photo(image) => image.clone(),
        }
    }
}

/// How well one photo was inverted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// `‖R(x) - R(target)‖ / ‖R(target)‖`.
    pub relative_distance: f32,
    /// Peak signal-to-noise ratio, dB.
    pub psnr: f32,
    /// Structural similarity.
    pub ssim: f32,
    /// Correlation of both images averaged to 8x8.
    pub coarse_correlation: f32,
}

impl Quality {
    /// Compares an inversion with its original; the distance is the run's.
    pub fn of(inversion: &Pixels, original: &Pixels, relative_distance: f32) -> Self {
        Self {
            relative_distance,
            psnr: psnr(inversion, original),
            ssim: ssim(inversion, original),
            coarse_correlation: coarse_correlation(inversion, original),
        }
    }

    /// The mean of each measure.
    pub fn mean(all: &[Self]) -> Self {
        let mean =
            |value: fn(&Self) -> f32| all.iter().map(value).sum::<f32>() / all.len().max(1) as f32;
        Self {
            relative_distance: mean(|q| q.relative_distance),
            psnr: mean(|q| q.psnr),
            ssim: mean(|q| q.ssim),
            coarse_correlation: mean(|q| q.coarse_correlation),
        }
    }
}

/// Prepares the inversion of several photos as one batch, each towards its own representation.
///
/// # Errors
///
/// [`TaskError`] where there is no photo, or the sizes of photos and start differ.
pub fn invert<'a>(
    model: &'a Model,
    targets: &[Pixels],
    start: &Start<Pixels>,
    settings: &InvertSettings,
) -> Result<Pgd<'a, Invert>, TaskError> {
    let target = model.batch(targets)?;
    let [_, _, size, _] = target.dims();
    let starts: Vec<Pixels> =
        (0..targets.len() as u64).map(|i| start.image(size, settings.seed, i)).collect();
    let start = model.batch(&starts)?;
    if start.dims()[2] != size {
        return Err(TaskError::Sizes(size, start.dims()[2]));
    }
    let objective = Invert::new(model.representation(target));
    Ok(Pgd::from_centre(model, objective, settings.pgd(), start))
}

/// Steps once and throws the result away: a graphics device compiles what a step needs when it
/// is first asked to, which takes seconds that are better spent while a model is loading.
///
/// # Errors
///
/// [`TaskError::Device`].
pub async fn warm_up(model: &Model) -> Result<(), TaskError> {
    let grey = Pixels::flat(model.card().input_size, [0.5; 3]);
    let settings = InvertSettings { steps: 2, ..InvertSettings::FAST };
    let mut pgd = invert(model, &[grey], &Start::Noise, &settings)?;
    pgd.finish();
    pgd.report().await.map(|_| ())
}

/// The relative representation distance of each image to its own target.
///
/// # Errors
///
/// [`TaskError`] where their numbers or sizes differ, the device failed, or a distance is not finite.
pub async fn relative_distances(
    model: &Model,
    images: &[Pixels],
    targets: &[Pixels],
) -> Result<Vec<f32>, TaskError> {
    one_each(images, "targets", targets.len())?;
    let output = model.forward(model.batch(images)?, LastRelu::True);
    let loss = Invert::new(model.representation(model.batch(targets)?)).loss(&output);
    finite(loss.into_data_async().await?.iter().collect())
}
