//! Views of sample photos as links, and back.

use leptos::prelude::*;
use robust_core::link::{Link, LinkStart, Stop};
use robust_core::settings::change::Goal;

use crate::page::modes::Mode;
use crate::page::morph::GONE;
use crate::page::photos::Photo;
use crate::page::session::{Session, StartChoice};

impl Session {
    /// The view at hand; `None` where it shows a photo of the visitor, whose files stay here.
    pub fn link(self) -> Option<Link> {
        let stop = |id: usize| self.photo(id).as_ref().and_then(Photo::stop);
        let chosen = || stop(self.selected.get_untracked());
        if self.mode.get_untracked() == Mode::Explain {
            return Some(Link::Explain { photo: chosen()?, class: self.class.get_untracked() });
        }
        // What was painted is no part of a link.
        let painted = self.change.region.with_untracked(Option::is_some);
        let goal = self.goal()?;
        let (start, other) = match (&goal, self.change.start.get_untracked()) {
            (Goal::Add(_), _) if painted => return None,
            (Goal::Add(_), _) => (LinkStart::Photo(chosen()?), None),
            (Goal::Collide { .. }, _) => {
                (LinkStart::Photo(chosen()?), Some(stop(self.change.other.get_untracked())?))
            }
            (_, StartChoice::Noise) => (LinkStart::Noise, None),
            (_, StartChoice::Grey) => (LinkStart::Grey, None),
            (_, StartChoice::Photo(_)) => (LinkStart::Photo(chosen()?), None),
        };
        Some(Link::Change { start, other, goal })
    }

    /// Shows an explanation that a link names.
    pub fn open_explanation(self, photo: &Stop, class: Option<usize>) {
        if let Some(id) = self.open_stop(photo) {
            self.selected.set(id);
            self.enter(Mode::Explain);
            self.explain(class);
        }
    }

    /// Shows a change that a link names.
    pub fn open_change(self, start: &LinkStart, other: Option<&Stop>, goal: Goal) {
        let choice = match start {
            LinkStart::Noise => StartChoice::Noise,
            LinkStart::Grey => StartChoice::Grey,
            LinkStart::Photo(photo) => {
                let Some(id) = self.open_stop(photo) else { return };
                self.selected.set(id);
                StartChoice::Photo(id)
            }
        };
        if let Some(other) = other {
            let Some(id) = self.open_stop(other) else { return };
            self.change.other.set(id);
        }
        self.change.region.set(None);
        self.enter(match goal {
            Goal::Add(features) => {
                self.change.features.set(features);
                Mode::Add
            }
            Goal::Collide { epsilon } => {
                self.change.epsilon.set(epsilon);
                Mode::Collide
            }
            goal => {
                self.change.start.set(choice);
                self.change.goal.set(goal);
                Mode::Atlas
            }
        });
        self.change();
    }

    fn open_stop(self, stop: &Stop) -> Option<usize> {
        let id = self.stop_id(stop);
        if id.is_none() {
            self.notice.set(Some(GONE.into()));
        }
        id
    }
}
