//! How often a run listens to messages and tells of itself.

use std::rc::Rc;

use super::run::Run;
use super::time;

/// How often the page hears of a run, in ms. Reading an image back holds a graphics card up.
const REPORT_EVERY: f64 = 120.0;

/// How long a run may keep the worker from its messages, in ms.
const LISTEN_EVERY: f64 = 30.0;

/// The rhythm of one run.
pub(super) struct Pace {
    run: Rc<Run>,
    /// Report when this many steps are done.
    next_step: usize,
    /// Step and time of the last report.
    last: (usize, f64),
    /// When messages were last let in.
    listened: f64,
    /// Speed between the last two reports.
    pub steps_per_second: f64,
}

impl Pace {
    pub fn new(run: Rc<Run>) -> Self {
        let now = time::now();
        Self { run, next_step: 0, last: (0, now), listened: now, steps_per_second: 0.0 }
    }

    /// Lets messages in where it is time to, waits while paused, and says whether the run, which
    /// has done `step` steps, goes on.
    pub async fn goes_on(&mut self, step: usize) -> bool {
        if time::now() - self.listened > LISTEN_EVERY {
            time::next_turn().await;
            self.listened = time::now();
        }
        let (goes_on, waited) = self.run.goes_on().await;
        if waited {
            // A pause is no slowness.
            self.last = (step, time::now());
        }
        goes_on
    }

    /// Whether the page should hear of this step.
    pub fn is_due(&self, step: usize) -> bool {
        step >= self.next_step
    }

    /// To be called once the images of this step are there, which is when its work was done.
    pub fn reported(&mut self, step: usize) {
        let now = time::now();
        let (last_step, last_time) = self.last;
        let steps = step - last_step;
        if steps > 0 {
            self.steps_per_second = steps as f64 * 1000.0 / (now - last_time).max(0.1);
        }
        self.last = (step, now);
        let due = (self.steps_per_second * REPORT_EVERY / 1000.0) as usize;
        self.next_step = step + due.clamp(1, 64);
    }
}
