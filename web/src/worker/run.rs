//! Pausing and stopping.

use std::cell::Cell;

/// How long a paused run sleeps before it looks again, in ms.
const NAP: i32 = 40;

/// The switch that a run looks at between two steps.
#[derive(Debug, Default)]
pub(super) struct Switch {
    state: Cell<State>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Running,
    Paused,
    Stopped,
}

impl Switch {
    pub fn pause(&self) {
        if self.state.get() == State::Running {
            self.state.set(State::Paused);
        }
    }

    pub fn resume(&self) {
        if self.state.get() == State::Paused {
            self.state.set(State::Running);
        }
    }

    /// For good: a stopped run never runs again.
    pub fn stop(&self) {
        self.state.set(State::Stopped);
    }

    /// Waits while paused; false where the run should end. The second value tells whether it
    /// had to wait.
    pub async fn goes_on(&self) -> (bool, bool) {
        let mut waited = false;
        while self.state.get() == State::Paused {
            super::time::sleep(NAP).await;
            waited = true;
        }
        (self.state.get() == State::Running, waited)
    }
}
