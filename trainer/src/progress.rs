//! A run on the command line: a bar says how far it is, and Ctrl-C keeps what it has reached.

use anyhow::{Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use robust_core::engine::TaskError;
use robust_core::engine::solve::{Report, Run, Watch, drive};
use robust_core::image::Pixels;

use crate::backend::wait;
use crate::interrupt::Interrupt;

/// What is seen of a run.
struct Progress<'a> {
    bar: ProgressBar,
    interrupt: Interrupt,
    /// Whether to look at the run after so many steps.
    is_due: &'a dyn Fn(usize) -> bool,
    tell: &'a mut dyn FnMut(&Report),
}

impl Watch for Progress<'_> {
    async fn goes_on(&mut self, step: usize) -> bool {
        self.bar.set_position(step as u64);
        !self.interrupt.asked()
    }

    fn is_due(&self, step: usize) -> bool {
        (self.is_due)(step)
    }

    fn tell(&mut self, report: &Report) {
        if let Some(mean) = report.mean_losses().last() {
            self.bar.set_message(format!("at {mean:.3}"));
        }
        (self.tell)(report);
    }
}

/// Runs to the end, or until Ctrl-C, and gives the last report. After the steps that `is_due` names,
/// and at the end, `tell` hears how far it is.
pub fn follow(
    run: &mut impl Run,
    is_due: impl Fn(usize) -> bool,
    mut tell: impl FnMut(&Report),
) -> Result<Report> {
    let style = "{bar:32} step {pos}/{len}, {per_sec}, {eta} left  {msg}";
    let bar = ProgressBar::new(run.steps() as u64).with_style(ProgressStyle::with_template(style)?);
    let mut progress =
        Progress { bar, interrupt: Interrupt::listen(), is_due: &is_due, tell: &mut tell };
    let report = wait(drive(run, &mut progress))?;
    progress.bar.finish_and_clear();
    if !run.is_done() {
        eprintln!("Stopped after {} of {} steps.", report.step, run.steps());
    }
    Ok(report)
}

/// A run of which only the end is wanted.
struct Silent(Interrupt);

impl Watch for Silent {
    async fn goes_on(&mut self, _: usize) -> bool {
        !self.0.asked()
    }

    fn is_due(&self, _: usize) -> bool {
        false
    }

    fn tell(&mut self, _: &Report) {}
}

/// Runs to the end without a word, and gives the last report.
///
/// # Errors
///
/// Where the device fails; and on Ctrl-C, since half of such a run is no result.
pub fn finished(run: &mut impl Run) -> Result<Report> {
    let report = wait(drive(run, &mut Silent(Interrupt::listen())))?;
    if !run.is_done() {
        bail!("interrupted after {} of {} steps", report.step, run.steps());
    }
    Ok(report)
}

/// The beginning of a run, up to a step at which it is looked at.
struct Beginning<'a, R>(&'a mut R, usize);

impl<R: Run> Run for Beginning<'_, R> {
    fn steps(&self) -> usize {
        self.1.min(self.0.steps())
    }

    fn steps_done(&self) -> usize {
        self.0.steps_done()
    }

    fn step(&mut self) {
        self.0.step();
    }

    async fn report(&mut self) -> Result<Report, TaskError> {
        self.0.report().await
    }

    fn is_done(&self) -> bool {
        self.steps_done() >= self.steps() || self.0.is_done()
    }
}

/// [`finished`], but only up to `step`: whoever looks at a run at some steps calls this for each.
///
/// # Errors
///
/// The errors of [`finished`].
pub fn finished_until(run: &mut impl Run, step: usize) -> Result<Report> {
    finished(&mut Beginning(run, step))
}

/// The only image of a run of one, done.
pub fn finished_image(run: &mut impl Run) -> Result<Pixels> {
    Ok(finished(run)?.image()?.clone())
}
