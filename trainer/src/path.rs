//! Computing a path between photos with a progress bar: what `interpolate` and `open` share.

use anyhow::{Context, Result, anyhow, bail};
use indicatif::{ProgressBar, ProgressStyle};
use robust_core::interpolation::{Interpolation, PathReport};
use robust_core::model::Model;
use robust_core::morph::MorphSettings;
use robust_core::pixels::Pixels;

use crate::interrupt::Interrupt;

/// Runs all frames; Ctrl-C keeps what has been reached.
pub fn compute(model: &Model, stops: &[Pixels], settings: &MorphSettings) -> Result<PathReport> {
    let Some(mut path) = Interpolation::new(model, stops, settings) else {
        bail!("a path takes at least two photos");
    };
    let interrupt = Interrupt::listen();
    let style = "{bar:32} step {pos}/{len}, {per_sec}, {eta} left";
    let style = ProgressStyle::with_template(style)?;
    let bar = ProgressBar::new(settings.steps as u64).with_style(style);
    while !path.is_done() && !interrupt.asked() {
        path.step();
        // Losses wait on the device until they are read.
        if path.steps_done().is_multiple_of(100) {
            read(&mut path)?;
        }
        bar.set_position(path.steps_done() as u64);
    }
    bar.finish_and_clear();
    let report = read(&mut path).context("the path could not be read back")?;
    if report.step < settings.steps {
        eprintln!("Stopped after {} of {} steps.", report.step, settings.steps);
    }
    Ok(report)
}

fn read(path: &mut Interpolation<'_>) -> Result<PathReport> {
    pollster::block_on(path.report()).map_err(|error| anyhow!("the device failed: {error:?}"))
}
