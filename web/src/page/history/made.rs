//! The results of this visit: kept as they were, so that showing one again computes nothing.

use std::sync::Arc;

use leptos::prelude::*;

use super::described::Described;
use super::shown::Shown;
use super::undo::Steps;
use crate::page::engines::place::PLACES;
use crate::page::engines::slot::Slot;
use crate::page::session::Session;
use crate::page::sharing::url;
use crate::page::views::view::Again;
use crate::protocol::{Image, RunId};
use crate::turn::Turn;

/// Most results that are kept; the oldest makes room.
pub const MOST: usize = 50;

/// Runs whose settings are remembered: those that may still be shown.
const RUNS: usize = 8;

/// One result.
pub struct Made {
    /// Tells results apart.
    pub id: usize,
    /// What was chosen.
    pub view: Arc<Described>,
    /// What it is, for people.
    pub words: String,
    /// What each network came to, from left to right.
    pub shown: [Option<Shown>; PLACES],
    runs: [RunId; PLACES],
    /// The networks that the visitor had chosen.
    chosen: [Option<String>; PLACES],
    again: Again,
}

impl Made {
    /// A picture that stands for all of it.
    pub fn small(&self) -> Option<Image> {
        let shown = self.shown.iter().flatten().next()?;
        let small = self.view.mode.view().ways.small;
        small(shown).or(shown.photo()).cloned()
    }
}

/// Everything that was made and is kept.
#[derive(Default)]
pub struct Kept {
    /// The newest first.
    pub made: Vec<Made>,
    /// How many had to make room.
    pub dropped: usize,
    /// The result that is shown.
    pub shown: Option<usize>,
    /// How often a result had to be shown on canvases of its own.
    afresh: usize,
    count: usize,
    /// What was chosen, step by step.
    pub(super) steps: Steps,
    /// What the newest runs were asked for.
    asked: Vec<(RunId, Arc<Described>)>,
}

/// Handles to what was made and chosen in this visit. One signal tells of all: each type that is
/// watched makes the page larger.
#[derive(Clone, Copy)]
pub struct History {
    kept: StoredValue<Kept>,
    changes: RwSignal<usize>,
}

impl History {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { kept: StoredValue::new(Kept::default()), changes: RwSignal::new(0) }
    }

    /// Hears of every change from now on.
    pub(super) fn track(self) {
        self.changes.track();
    }

    /// Reads it. Nothing else may be asked of it meanwhile.
    pub(super) fn with<T>(self, with: impl FnOnce(&Kept) -> T) -> T {
        self.kept.with_value(with)
    }

    /// Changes it, and says so; the same holds.
    pub(super) fn update<T>(self, with: impl FnOnce(&mut Kept) -> T) -> T {
        let told = self
            .kept
            .try_update_value(with)
            .unwrap_or_else(|| unreachable!("it lives as long as the page"));
        self.changes.update(|changes| *changes += 1);
        told
    }

    /// Has the view built anew.
    pub fn draw_afresh(self) {
        self.update(|kept| kept.afresh += 1);
    }

    /// Changes where the view has to be built anew, since its canvases hold what is not shown any more.
    pub fn afresh(self) -> usize {
        self.track();
        self.with(|kept| kept.afresh)
    }
}

impl Session {
    /// Keeps whatever comes to its end from now on.
    pub(super) fn keep_results(self) {
        Effect::new(move |before: Option<[RunId; PLACES]>| {
            let ended = self.slots.map(|slot| slot.turn.with(Turn::finished));
            if before != Some(ended) && ended != [0; PLACES] {
                self.keep_result(ended);
            }
            ended
        });
    }

    /// Remembers what a run is asked for.
    pub fn remember(self, run: RunId) {
        let view = Arc::new(untrack(|| self.describe()));
        self.note(view.clone());
        self.history.update(|kept| {
            kept.asked.push((run, view));
            if kept.asked.len() > RUNS {
                kept.asked.remove(0);
            }
        });
    }

    fn keep_result(self, runs: [RunId; PLACES]) {
        let newest = runs.into_iter().max().unwrap_or_default();
        let asked = self.history.with(|kept| {
            kept.asked.iter().find(|(run, _)| *run == newest).map(|(_, view)| view.clone())
        });
        let Some(view) = asked else { return };
        let ways = &view.mode.view().ways;
        if self.mode.get_untracked() != view.mode || !(ways.is_result)(self) {
            return;
        }
        // Nothing new: a kept result is shown, or a network has left.
        let known =
            |made: &&Made| runs.iter().zip(&made.runs).all(|(run, of)| *run == 0 || run == of);
        if let Some(id) = self.history.with(|kept| kept.made.iter().find(known).map(|made| made.id))
        {
            return self.history.update(|kept| kept.shown = Some(id));
        }
        let shown = self.slots.map(|slot| {
            let run = runs[slot.place as usize];
            (run != 0).then(|| Shown::of(&slot, ways))
        });
        let words = view.words(self);
        let again = (ways.keep)(self);
        let goes_on = (ways.goes_on)(self);
        let chosen = self.models.chosen.get_untracked();
        self.history.update(|kept| {
            // Another network has come to its end, or there is more to say of the same photo.
            let newest = kept.made.iter_mut().enumerate().find(|(at, made)| {
                let same = made.chosen == chosen
                    && runs.iter().zip(&made.runs).any(|(run, of)| *run != 0 && run == of);
                let explained = ways.told && made.view == view && made.chosen == chosen;
                let newest = goes_on && *at == 0 && made.view.mode == view.mode;
                same || explained || newest
            });
            let newest = newest.map(|(_, made)| made);
            let id = match &newest {
                Some(made) => made.id,
                None => kept.count,
            };
            let result = Made { id, view, words, shown, runs, chosen, again };
            match newest {
                Some(made) => *made = result,
                None => {
                    kept.count += 1;
                    kept.made.insert(0, result);
                    if kept.made.len() > MOST {
                        kept.made.pop();
                        kept.dropped += 1;
                    }
                }
            }
            kept.shown = Some(id);
        });
    }

    /// Shows a result again: photo, view, settings and pictures.
    pub fn show_made(self, id: usize) {
        let found = |made: &&Made| made.id == id;
        let view =
            self.history.with(|kept| kept.made.iter().find(found).map(|made| made.view.clone()));
        let Some(view) = view else { return };
        self.choose_again(&view);
        url::push_fragment(view.mode.fragment());
        self.show_pictures_of(id);
    }

    /// Shows what is chosen: as it was made before in this visit, or computed.
    pub fn show_or_compute(self) {
        if !self.show_kept() {
            self.compute_again();
        }
    }

    /// Shows what is chosen as the same networks have made it in this visit; whether they have.
    pub fn show_kept(self) -> bool {
        let view = untrack(|| self.describe());
        let chosen = self.models.chosen.get_untracked();
        let takes_part = view.mode.view().ways.takes_part;
        let asked = |slot: &Slot| untrack(|| takes_part(self, slot) && slot.is_ready());
        let whole = |made: &Made| {
            self.slots.iter().zip(&made.shown).all(|(slot, shown)| match shown {
                Some(shown) => !shown.stopped,
                None => !asked(slot),
            })
        };
        let same =
            |made: &&Made| made.chosen == chosen && made.view.shows_same(&view) && whole(made);
        let found = self.history.with(|kept| kept.made.iter().find(same).map(|made| made.id));
        if let Some(id) = found {
            self.show_pictures_of(id);
        }
        found.is_some()
    }

    /// Shows the pictures of a result whose settings are chosen.
    fn show_pictures_of(self, id: usize) {
        let found = self.history.with(|kept| {
            let made = kept.made.iter().find(|made| made.id == id)?;
            Some((made.view.clone(), made.again.clone()))
        });
        let Some((view, again)) = found else { return };
        self.notice.set(None);
        self.slots.iter().for_each(|slot| slot.forget());
        self.tray.pictured.set(Some(view.selected));
        let run = self.next_run();
        self.history.update(|kept| {
            kept.shown = Some(id);
            let mut afresh = view.mode.view().ways.told;
            for made in kept.made.iter_mut().filter(|made| made.id == id) {
                made.runs = [0; PLACES];
                for (i, slot) in self.slots.iter().enumerate() {
                    match &made.shown[i] {
                        Some(shown) => {
                            made.runs[i] = run;
                            shown.again(slot, run);
                        }
                        None => {
                            // A canvas keeps what it showed until there is something else.
                            afresh |= slot.target.with_untracked(Option::is_some);
                            Shown::default().again(slot, 0);
                        }
                    }
                }
            }
            kept.afresh += usize::from(afresh);
        });
        again(self);
    }

    /// Forgets a result; what is shown stays.
    pub fn forget_made(self, id: usize) {
        self.history.update(|kept| kept.made.retain(|made| made.id != id));
    }
}
