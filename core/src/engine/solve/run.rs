//! What runs step by step, and the one way to drive it.

use crate::engine::TaskError;
use crate::image::Pixels;

/// What happened since the last report.
#[derive(Clone, Debug)]
pub struct Report {
    /// Steps done so far.
    pub step: usize,
    /// For each step since the last report, the loss of each image before that step. For an
    /// inversion this is the relative representation distance.
    pub losses: Vec<Vec<f32>>,
    /// The current images.
    pub images: Vec<Pixels>,
}

impl Report {
    /// The newest loss of each image; empty before the first step.
    pub fn latest(&self) -> &[f32] {
        self.losses.last().map_or(&[], Vec::as_slice)
    }

    /// The first image, which is all of a run of one.
    ///
    /// # Errors
    ///
    /// [`TaskError::NoResult`] where there is none.
    pub fn image(&self) -> Result<&Pixels, TaskError> {
        self.images.first().ok_or(TaskError::NoResult)
    }

    /// The mean loss of all images, step by step.
    pub fn mean_losses(&self) -> Vec<f32> {
        let mean = |losses: &Vec<f32>| losses.iter().sum::<f32>() / losses.len().max(1) as f32;
        self.losses.iter().map(mean).collect()
    }
}

/// Something that is computed step by step. It never waits for the device but to report, so whoever
/// drives it may stop, pause or look between any two steps.
pub trait Run {
    /// Steps in all, at most.
    fn steps(&self) -> usize;

    /// Steps done so far.
    fn steps_done(&self) -> usize;

    /// One step. Queues work on the device and returns without waiting for it.
    fn step(&mut self);

    /// Waits for the device and reads the losses since the last report and the images.
    ///
    /// # Errors
    ///
    /// [`TaskError::Device`], and [`TaskError::NotFinite`].
    fn report(&mut self) -> impl Future<Output = Result<Report, TaskError>>;

    /// Whether no step is left.
    fn is_done(&self) -> bool {
        self.steps_done() >= self.steps()
    }

    /// Does the steps that are missing to `mark`, as far as there are any.
    fn advance(&mut self, mark: usize) {
        while self.steps_done() < mark && !self.is_done() {
            self.step();
        }
    }

    /// Does all steps that are left.
    fn finish(&mut self) {
        self.advance(usize::MAX);
    }
}

/// Runs of equally many steps, which take them in turn: one run, in batches that fit a device's memory.
/// A report has the images of all in order.
impl<R: Run> Run for Vec<R> {
    fn steps(&self) -> usize {
        self.first().map_or(0, Run::steps)
    }

    fn steps_done(&self) -> usize {
        self.first().map_or(0, Run::steps_done)
    }

    fn step(&mut self) {
        self.iter_mut().for_each(Run::step);
    }

    async fn report(&mut self) -> Result<Report, TaskError> {
        let mut whole = Report { step: self.steps_done(), losses: Vec::new(), images: Vec::new() };
        for run in self {
            let report = run.report().await?;
            whole.images.extend(report.images);
            whole.losses.resize(report.losses.len(), Vec::new());
            for (all, losses) in whole.losses.iter_mut().zip(report.losses) {
                all.extend(losses);
            }
        }
        Ok(whole)
    }
}

/// Whoever looks on while [`drive`] drives a run: a progress bar, a worker that has to hear its
/// messages, a test.
pub trait Watch {
    /// Whether a run that has done `step` steps goes on. May wait: for a pause to end, or to let
    /// others have their turn.
    fn goes_on(&mut self, step: usize) -> impl Future<Output = bool>;

    /// Whether to read a report after `step` steps. It takes as long as the device is behind.
    fn is_due(&self, step: usize) -> bool;

    /// Takes a report that was due, or the last one.
    fn tell(&mut self, report: &Report);
}

/// Runs to the end, or for as long as it is let go on. Gives the last report, which `watch` has been
/// told as well. Dropping the future ends the run between two steps, too.
///
/// # Errors
///
/// [`TaskError::Device`], and [`TaskError::NotFinite`].
pub async fn drive(run: &mut impl Run, watch: &mut impl Watch) -> Result<Report, TaskError> {
    loop {
        let step = run.steps_done();
        let goes_on = watch.goes_on(step).await && !run.is_done();
        if !goes_on || watch.is_due(step) {
            let report = run.report().await?;
            watch.tell(&report);
            if !goes_on {
                return Ok(report);
            }
        }
        run.step();
    }
}
