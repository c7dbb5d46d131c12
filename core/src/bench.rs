//! How fast this machine inverts: the same measurement natively and in the browser.

use burn::tensor::ExecutionError;
use serde::{Deserialize, Serialize};

use crate::inversion::{Start, invert};
use crate::model::Model;
use crate::pgd::noise;
use crate::settings::InvertSettings;

/// Steps before the clock starts: kernels compile and memory is taken during the first ones.
const WARM_UP: usize = 2;

/// Speed at one batch size.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Speed {
    /// Images in a batch.
    pub batch: usize,
    /// Steps that were timed.
    pub steps: usize,
    /// Steps a second; each changes every image of the batch once.
    pub steps_per_second: f64,
    /// Images times steps a second.
    pub images_per_second: f64,
}

/// Times the inversion of `batch` noise images for about `seconds` (at least one step). `now` is a
/// clock in seconds, since the standard one does not exist in a browser.
///
/// # Errors
///
/// Where the device failed.
pub async fn measure(
    model: &Model,
    batch: usize,
    seconds: f64,
    now: impl Fn() -> f64,
) -> Result<Speed, ExecutionError> {
    let size = model.card().input_size;
    let targets: Vec<_> = (0..batch as u64).map(|i| noise(size, 1, i)).collect();
    let settings = InvertSettings { steps: usize::MAX, ..InvertSettings::AUTHORS };
    let mut speed = Speed { batch, steps: 0, steps_per_second: 0.0, images_per_second: 0.0 };
    let Some(mut pgd) = invert(model, &targets, &Start::Noise, &settings) else {
        return Ok(speed);
    };
    for _ in 0..WARM_UP {
        pgd.step();
    }
    pgd.report().await?;
    let started = now();
    // As the page does: read back once in a while, more seldom the faster it goes.
    let mut chunk = 1;
    loop {
        for _ in 0..chunk {
            pgd.step();
        }
        pgd.report().await?;
        let elapsed = now() - started;
        speed.steps = pgd.steps_done() - WARM_UP;
        speed.steps_per_second = speed.steps as f64 / elapsed;
        speed.images_per_second = speed.steps_per_second * batch as f64;
        if elapsed >= seconds {
            return Ok(speed);
        }
        chunk = ((speed.steps_per_second * 0.25) as usize).clamp(1, 64);
    }
}
