//! Computing a path between photos with a progress bar: what `interpolate` and `open` share.

use anyhow::Result;
use robust_core::engine::Model;
use robust_core::engine::tasks::path::PathRun;
use robust_core::image::Pixels;
use robust_core::settings::path::PathSettings;

use crate::progress::follow;

/// What was computed.
pub struct Computed {
    /// All frames in order.
    pub frames: Vec<Pixels>,
    /// Steps done.
    pub steps: usize,
    /// Mean relative representation distance before the last step.
    pub distance: f32,
}

/// Runs all frames; Ctrl-C keeps what has been reached.
pub fn compute(model: &Model, stops: &[Pixels], settings: &PathSettings) -> Result<Computed> {
    let mut path = PathRun::new(model, stops, settings)?;
    let mut distance = 0.0;
    // Losses wait on the device until they are read.
    let due = |step: usize| step > 0 && step.is_multiple_of(100);
    let report = follow(&mut path, due, |report| {
        distance = report.mean_losses().last().copied().unwrap_or(distance);
    })?;
    Ok(Computed { frames: report.images, steps: report.step, distance })
}
