//! A change as a link, and back.

use leptos::prelude::*;
use robust_core::link::{Link, LinkStart, RegionLink, Stop};
use robust_core::settings::change::Goal;

use crate::page::photos::StartChoice;
use crate::page::session::Session;
use crate::page::views::Mode;
use crate::page::views::view::LinkMade;

impl Session {
    /// A link to the change at hand.
    pub(super) fn change_link(self) -> LinkMade {
        Box::pin(async move {
            let selected = self.tray.selected.get_untracked();
            let goal = self.goal()?;
            // A collision is done in one way.
            let authors =
                self.change.authors.get_untracked() && !matches!(goal, Goal::Collide { .. });
            let region = self.change.region.with_untracked(|region| {
                let painted = region.as_ref().filter(|_| matches!(goal, Goal::Add(_)))?;
                RegionLink::of(painted)
            });
            let other = self.change.other.get_untracked();
            let start = match (&goal, self.change.start.get_untracked()) {
                (Goal::Feature(_) | Goal::Class(_), StartChoice::Noise) => LinkStart::Noise,
                (Goal::Feature(_) | Goal::Class(_), StartChoice::Grey) => LinkStart::Grey,
                _ => LinkStart::Photo(self.linked_photo(selected).await?),
            };
            let other = match &goal {
                Goal::Collide { .. } => Some(self.linked_photo(other).await?),
                _ => None,
            };
            Some(if authors || region.is_some() {
                Link::ChangeBy { start, other, goal, authors, region }
            } else {
                Link::Change { start, other, goal }
            })
        })
    }

    /// Shows a change that a link names.
    pub fn open_change(
        self,
        start: &LinkStart,
        other: Option<&Stop>,
        goal: Goal,
        authors: bool,
        region: Option<&RegionLink>,
    ) {
        let Some(choice) = self.open_start(start) else { return };
        if let StartChoice::Photo(id) = choice {
            self.tray.selected.set(id);
        }
        if let Some(other) = other {
            let Some(id) = self.open_stop(other) else { return };
            self.change.other.set(id);
        }
        if !matches!(goal, Goal::Collide { .. }) {
            self.change.authors.set(authors);
        }
        if matches!(goal, Goal::Add(_)) {
            self.change.region.set(region.map(RegionLink::pixels));
        }
        self.enter(match goal {
            Goal::Add(features) => {
                self.change.features.set(features);
                Mode::Add
            }
            Goal::Collide { epsilon } => {
                self.change.epsilon.set(Some(epsilon));
                Mode::Collide
            }
            goal => {
                self.change.start.set(choice);
                self.change.goal.set(goal);
                Mode::Atlas
            }
        });
        self.show_or_compute();
    }
}
