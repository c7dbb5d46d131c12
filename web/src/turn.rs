//! Whose turn it is: which run a model's answers may come from, and what the model is doing.
//!
//! Everything that keeps late answers apart from new ones is here, so that no view has to.

use crate::protocol::{Event, RunId};

/// What a model is doing.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// Weights or engine are on their way; the share that has arrived.
    Loading(f64),
    /// The engine starts.
    Starting,
    /// Waiting for a photo.
    Idle,
    /// A run has been asked for; its photos are being read.
    Reading,
    /// A run takes its steps.
    Running,
    /// Held.
    Paused,
    /// Through with all steps, or stopped.
    Finished,
    /// Not usable.
    Failed(String),
}

/// The run that was asked for last, and the one that is heard.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// What the model is doing.
    pub phase: Phase,
    asked: RunId,
    heard: RunId,
    /// What goes on below while a newer run is being read.
    before: Phase,
}

impl Turn {
    /// A model that is on its way.
    pub fn new() -> Self {
        Self { phase: Phase::Loading(0.0), asked: 0, heard: 0, before: Phase::Idle }
    }

    /// Nothing is on its way.
    pub fn empty() -> Self {
        Self { phase: Phase::Idle, ..Self::new() }
    }

    /// The model is there.
    pub fn loaded(&mut self) {
        *self = Self::empty();
    }

    /// A run is asked for. The one before it is heard until this one has started: a file that is
    /// no photo costs nothing.
    pub fn ask(&mut self, run: RunId) {
        if self.phase != Phase::Reading {
            self.before = std::mem::replace(&mut self.phase, Phase::Reading);
        }
        self.asked = run;
    }

    /// Nothing that was asked for until now is heard any more.
    pub fn forget(&mut self) {
        (self.asked, self.heard) = (0, 0);
        self.before = Phase::Idle;
        if matches!(self.phase, Phase::Reading | Phase::Running | Phase::Paused | Phase::Finished) {
            self.phase = Phase::Idle;
        }
    }

    /// What is shown is the end of this run, which was kept; 0 where there is nothing to show.
    pub fn show_again(&mut self, run: RunId) {
        self.forget();
        (self.asked, self.heard) = (run, run);
        if run != 0 && self.phase == Phase::Idle {
            self.phase = Phase::Finished;
        }
    }

    /// The run that has come to its end and is shown; 0 where there is none.
    pub fn finished(&self) -> RunId {
        if self.phase == Phase::Finished { self.heard } else { 0 }
    }

    /// The run that is shown; 0 where there is none.
    pub fn shown(&self) -> RunId {
        self.heard
    }

    /// Whether this run is the newest that was asked for.
    pub fn is_asked(&self, run: RunId) -> bool {
        self.asked == run
    }

    /// The newest run comes to nothing before it has started: what was before goes on.
    pub fn give_up(&mut self, run: RunId) {
        if self.asked == run && self.heard != run {
            self.asked = self.heard;
            if self.phase == Phase::Reading {
                self.phase = self.before.clone();
            }
        }
    }

    /// The same of whichever was asked for last.
    pub fn give_up_asked(&mut self) {
        self.give_up(self.asked);
    }

    /// Whether what happened to this run is to be shown; late answers are not.
    pub fn hear(&mut self, run: RunId, event: &Event) -> bool {
        let newest = run == self.asked;
        match event {
            Event::Started(_) if newest => {
                self.heard = run;
                self.phase = Phase::Running;
                true
            }
            Event::Failed(_) if newest && self.heard != run => {
                self.give_up(run);
                true
            }
            _ if run != self.heard || run == 0 => false,
            Event::Finished { .. } | Event::Failed(_) => {
                let ended = match event {
                    Event::Failed(_) => Phase::Idle,
                    _ => Phase::Finished,
                };
                *(if newest { &mut self.phase } else { &mut self.before }) = ended;
                true
            }
            _ => true,
        }
    }
}

impl Default for Turn {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use serde_bytes::ByteBuf;

    use super::*;
    use crate::protocol::Image;

    fn started() -> Event {
        Event::Started(Image { size: 0, rgba: ByteBuf::new() })
    }

    fn failed() -> Event {
        Event::Failed("no photo".into())
    }

    const FINISHED: Event = Event::Finished { likeness: None };

    fn running() -> Turn {
        let mut turn = Turn::new();
        turn.loaded();
        turn.ask(1);
        assert_eq!(turn.phase, Phase::Reading);
        assert!(turn.hear(1, &started()));
        turn
    }

    #[test]
    fn what_is_late_is_not_heard() {
        let mut turn = running();
        turn.ask(2);
        assert!(turn.hear(2, &started()));
        assert!(!turn.hear(1, &FINISHED) && !turn.hear(1, &failed()) && !turn.hear(1, &started()));
        assert_eq!(turn.phase, Phase::Running);
        assert!(turn.hear(2, &FINISHED));
        assert_eq!(turn.phase, Phase::Finished);
    }

    #[test]
    fn a_file_that_is_no_photo_costs_nothing() {
        let mut turn = running();
        turn.ask(2);
        assert!(turn.hear(2, &failed()));
        assert_eq!(turn.phase, Phase::Running);
        assert!(turn.hear(1, &FINISHED));
        assert_eq!(turn.phase, Phase::Finished);
        turn.ask(3);
        turn.give_up(3);
        assert_eq!(turn.phase, Phase::Finished);
    }

    #[test]
    fn a_run_that_ends_while_the_next_is_read_has_ended() {
        let mut turn = running();
        turn.ask(2);
        assert!(turn.hear(1, &FINISHED));
        assert_eq!(turn.phase, Phase::Reading);
        turn.give_up(2);
        assert_eq!(turn.phase, Phase::Finished);
    }

    #[test]
    fn a_kept_run_is_shown_again_and_no_late_answer_disturbs_it() {
        let mut turn = running();
        assert_eq!((turn.finished(), turn.shown()), (0, 1));
        turn.show_again(2);
        assert_eq!((turn.finished(), turn.shown()), (2, 2));
        assert!(!turn.hear(1, &FINISHED) && !turn.hear(1, &failed()));
        turn.ask(3);
        assert!(turn.hear(3, &started()));
        turn.show_again(0);
        assert_eq!((turn.finished(), turn.phase), (0, Phase::Idle));
        // There is nothing to show on a model that is on its way.
        let mut turn = Turn::new();
        turn.show_again(4);
        assert_eq!(turn.phase, Phase::Loading(0.0));
    }

    #[test]
    fn what_was_forgotten_stays_so() {
        let mut turn = running();
        turn.forget();
        assert!(!turn.hear(1, &FINISHED) && !turn.hear(0, &FINISHED));
        assert_eq!(turn.phase, Phase::Idle);
    }

    #[test]
    fn what_is_stopped_while_it_is_read_leaves_what_was_before() {
        let mut turn = Turn::empty();
        turn.ask(1);
        assert!(turn.hear(1, &started()));
        assert!(turn.hear(1, &Event::Finished { likeness: None }));
        turn.ask(2);
        turn.give_up_asked();
        assert_eq!((&turn.phase, turn.finished()), (&Phase::Finished, 1));
        assert!(!turn.hear(2, &started()));
        // Once it has begun there is nothing to give up.
        turn.ask(3);
        assert!(turn.hear(3, &started()));
        turn.give_up_asked();
        assert_eq!(turn.phase, Phase::Running);
    }
}
