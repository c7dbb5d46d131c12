//! How fast this machine inverts: the same measurement natively and in the browser.

use crate::engine::solve::Run;
use crate::engine::tasks::invert::invert;
use crate::engine::{Model, TaskError};
use crate::image::Pixels;
use crate::report::{Speed, WARM_UP};
use crate::settings::{InvertSettings, Start};

/// An image that every language can make: its numbers follow from their places by integers alone.
fn scene(size: usize, index: u32) -> Pixels {
    Pixels::from_fn(size, |channel, x, y| {
        let place = ((channel * size + y) * size + x) as u32;
        let mixed = (place + index * 1_000_003).wrapping_mul(2_654_435_761);
        0.25 + 0.5 * ((mixed >> 8) as f32 / (1 << 24) as f32)
    })
}

/// Times the inversion of `batch` images, all from one other, for about `seconds` (at least one step). `now` is a
/// clock in seconds, since the standard one does not exist in a browser.
///
/// # Errors
///
/// [`TaskError::NoImage`] where `batch` is 0, and [`TaskError::Device`].
pub async fn measure(
    model: &Model,
    batch: usize,
    seconds: f64,
    now: impl Fn() -> f64,
) -> Result<Speed, TaskError> {
    let size = model.card().input_size;
    let targets: Vec<_> = (0..batch as u32).map(|i| scene(size, i + 1)).collect();
    let start = Start::Photo(scene(size, 0));
    let settings = InvertSettings { steps: usize::MAX, ..InvertSettings::AUTHORS };
    let mut speed = Speed {
        batch,
        steps: 0,
        steps_per_second: 0.0,
        images_per_second: 0.0,
        distance: f32::NAN,
        device_bytes: None,
    };
    let mut pgd = invert(model, &targets, &start, &settings)?;
    pgd.advance(WARM_UP);
    pgd.report().await?;
    let losses = pgd.loss().into_data_async().await?;
    speed.distance = losses.iter::<f32>().sum::<f32>() / batch as f32;
    let started = now();
    // As the page does: read back once in a while, more seldom the faster it goes.
    let mut chunk = 1;
    loop {
        pgd.advance(pgd.steps_done() + chunk);
        pgd.report().await?;
        let elapsed = now() - started;
        speed.steps = pgd.steps_done() - WARM_UP;
        speed.steps_per_second = speed.steps as f64 / elapsed;
        speed.images_per_second = speed.steps_per_second * batch as f64;
        if elapsed >= seconds {
            speed.device_bytes = model.device().memory_pool_usage().map(|used| used.bytes_reserved);
            return Ok(speed);
        }
        chunk = ((speed.steps_per_second * 0.25) as usize).clamp(1, 64);
    }
}
