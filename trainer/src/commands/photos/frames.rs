//! Computing a path between photos with a progress bar: what `interpolate` and `open` share.

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use robust_core::engine::Model;
use robust_core::engine::tasks::path::{PathReport, PathRun};
use robust_core::image::Pixels;
use robust_core::settings::path::PathSettings;

use crate::backend::wait;
use crate::interrupt::Interrupt;

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
    let Some(mut path) = PathRun::new(model, stops, settings) else {
        bail!("a path takes at least two photos");
    };
    let interrupt = Interrupt::listen();
    let style = "{bar:32} step {pos}/{len}, {per_sec}, {eta} left";
    let style = ProgressStyle::with_template(style)?;
    let bar = ProgressBar::new(settings.steps as u64).with_style(style);
    let mut distance = 0.0;
    while !path.is_done() && !interrupt.asked() {
        path.step();
        // Losses wait on the device until they are read.
        if path.steps_done().is_multiple_of(100) {
            distance = read(&mut path)?.losses.last().copied().unwrap_or(distance);
        }
        bar.set_position(path.steps_done() as u64);
    }
    bar.finish_and_clear();
    let report = read(&mut path).context("the path could not be read back")?;
    if report.step < settings.steps {
        eprintln!("Stopped after {} of {} steps.", report.step, settings.steps);
    }
    let distance = report.losses.last().copied().unwrap_or(distance);
    Ok(Computed { frames: report.frames, steps: report.step, distance })
}

fn read(path: &mut PathRun<'_>) -> Result<PathReport> {
    wait(path.report())
}
