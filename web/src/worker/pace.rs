//! How often a run listens to messages and tells of itself.

use std::rc::Rc;

use robust_core::engine::solve::{Report, Run, Watch, drive};

use super::run::Switch;
use super::{failed, time};
use crate::protocol::{Fault, Progress};

/// How often the page hears of a run, in ms. Reading an image back holds a graphics card up.
const REPORT_EVERY: f64 = 120.0;

/// How long a run may keep the worker from its messages, in ms.
const LISTEN_EVERY: f64 = 30.0;

/// When a run is reported.
enum Due {
    /// As often as people can follow: next when so many steps are done.
    At(usize),
    /// After every so many steps.
    Every(usize),
}

/// The rhythm of one run.
pub(super) struct Pace {
    switch: Rc<Switch>,
    due: Due,
    /// Step and time of the last report.
    last: (usize, f64),
    /// When messages were last let in.
    listened: f64,
    /// Speed between the last two reports.
    steps_per_second: f64,
}

impl Pace {
    pub fn new(switch: Rc<Switch>) -> Self {
        Self::due(switch, Due::At(0))
    }

    /// Reports after every so many steps, however fast they are.
    pub fn every(switch: Rc<Switch>, steps: usize) -> Self {
        Self::due(switch, Due::Every(steps))
    }

    fn due(switch: Rc<Switch>, due: Due) -> Self {
        let now = time::now();
        Self { switch, due, last: (0, now), listened: now, steps_per_second: 0.0 }
    }

    /// Says that the run begins at this step: those before were another's.
    pub fn begins_at(&mut self, step: usize) {
        self.last.0 = step;
    }

    /// Runs to the end, or until the switch says stop, and gives the last report. `tell` hears each
    /// with the speed, in steps a second.
    pub async fn follow(
        self,
        run: &mut impl Run,
        tell: impl FnMut(&Report, f64),
    ) -> Result<Report, Fault> {
        drive(run, &mut Telling { pace: self, tell }).await.map_err(failed)
    }

    /// Lets messages in where it is time to, waits while paused, and says whether the run, which
    /// has done `step` steps, goes on.
    async fn goes_on(&mut self, step: usize) -> bool {
        if time::now() - self.listened > LISTEN_EVERY {
            time::next_turn().await;
            self.listened = time::now();
        }
        let (goes_on, waited) = self.switch.goes_on().await;
        if waited {
            // A pause is no slowness.
            self.last = (step, time::now());
        }
        goes_on
    }

    /// Whether the page should hear of this step.
    fn is_due(&self, step: usize) -> bool {
        match self.due {
            Due::At(next) => step >= next,
            Due::Every(steps) => step > 0 && step.is_multiple_of(steps),
        }
    }

    /// To be called once the images of this step are there, which is when its work was done.
    fn reported(&mut self, step: usize) {
        let now = time::now();
        let (last_step, last_time) = self.last;
        let steps = step - last_step;
        if steps > 0 {
            self.steps_per_second = steps as f64 * 1000.0 / (now - last_time).max(0.1);
        }
        self.last = (step, now);
        if let Due::At(next) = &mut self.due {
            let wait = (self.steps_per_second * REPORT_EVERY / 1000.0) as usize;
            *next = step + wait.clamp(1, 64);
        }
    }
}

/// A pace, and who hears of it.
struct Telling<T> {
    pace: Pace,
    tell: T,
}

impl<T: FnMut(&Report, f64)> Watch for Telling<T> {
    async fn goes_on(&mut self, step: usize) -> bool {
        self.pace.goes_on(step).await
    }

    fn is_due(&self, step: usize) -> bool {
        self.pace.is_due(step)
    }

    fn tell(&mut self, report: &Report) {
        self.pace.reported(report.step);
        (self.tell)(report, self.pace.steps_per_second);
    }
}

/// All images of a report, with the mean loss at each step.
pub(super) fn progress(report: &Report, steps_per_second: f64) -> Progress {
    Progress {
        step: report.step,
        losses: report.mean_losses(),
        images: report.images.iter().map(super::canvas_image).collect(),
        steps_per_second,
    }
}
