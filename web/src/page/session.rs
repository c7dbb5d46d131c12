//! The state of the page and what can be done with it.

use std::ops::Deref;

use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::engines::adapter::choose;
use super::engines::place::{PLACES, Place};
use super::engines::slot::Slot;
use super::engines::state::Device;
use super::history::History;
use super::models::{Loading, Models};
use super::photos::Tray;
use super::views::morph::hear_saved;
use super::views::{Mode, Rooms};
use crate::protocol::{Cause, Event, Fault, Image, Response, RunId};
use crate::turn::Turn;

/// The page's state. A copy is a reference: all of it lives as long as the page, and what captures it
/// stays small.
#[derive(Clone, Copy)]
pub struct Session(&'static State);

impl Deref for Session {
    type Target = State;

    fn deref(&self) -> &State {
        self.0
    }
}

/// Handles to everything that the page shows.
pub struct State {
    /// The robust and the standard model, and one more where the visitor wants it.
    pub slots: [Slot; PLACES],
    /// The photos at hand.
    pub tray: Tray,
    /// What the views have chosen and show.
    pub rooms: Rooms,
    /// What was made and chosen in this visit.
    pub history: History,
    /// The networks to choose from.
    pub models: Models,
    /// What computes.
    pub device: Device,
    /// What engines are loaded from, and how often.
    pub(super) loading: Loading,
    /// What the page is used for.
    pub mode: RwSignal<Mode>,
    /// Something that went wrong, until it is closed.
    pub notice: RwSignal<Option<String>>,
    /// The step of the tour that is told.
    pub tour: RwSignal<Option<usize>>,
    /// Whether the visitor wants to be told of the end of a run.
    pub tell: RwSignal<bool>,
    /// The fragment of a link to what is shown, where there is one.
    pub fragment: RwSignal<Option<String>>,
    /// Number of the next request that is answered by its number.
    pub(super) requests: StoredValue<usize>,
    /// What the laboratory has measured.
    pub measured: RwSignal<Vec<Response>>,
    /// Whether the chosen photo is inverted as soon as a model is loaded.
    pub(super) eager: bool,
    pub(super) run: RwSignal<RunId>,
}

/// A view's room is one of the session's.
impl Deref for State {
    type Target = Rooms;

    fn deref(&self) -> &Rooms {
        &self.rooms
    }
}

impl Session {
    /// A session that starts loading the models of `index`. `eager`: inverts the first sample
    /// without a click.
    pub fn begin(index: String, eager: bool) -> Self {
        let session = Self(Box::leak(Box::new(State {
            slots: Place::ALL.map(Slot::new),
            tray: Tray::new(),
            rooms: Rooms::new(),
            history: History::new(),
            models: Models::new(),
            device: Device::new(),
            loading: Loading::of(index),
            mode: RwSignal::new(Mode::Invert),
            notice: RwSignal::new(None),
            tour: RwSignal::new(None),
            tell: RwSignal::new(false),
            fragment: RwSignal::new(None),
            requests: StoredValue::new(0),
            measured: RwSignal::new(Vec::new()),
            eager,
            run: RwSignal::new(0),
        })));
        window_event_listener(ev::popstate, move |_| session.follow_address());
        session.follow_address();
        session.bring_kept_photos();
        spawn_local(async move {
            session.load(choose(session.device.wish.get_value().as_deref()).await).await;
        });
        session
    }

    /// The photo as the networks see it, once one has looked at it.
    pub fn photo_seen(self) -> Option<Image> {
        self.slots.iter().find_map(|slot| slot.target.get())
    }

    /// The networks at work, from left to right.
    pub fn at_work(self) -> Vec<Slot> {
        self.slots.into_iter().filter(Slot::is_used).collect()
    }

    pub(super) fn hear(self, slot: Slot, response: Response) {
        match response {
            Response::Loaded(card) => {
                self.models.loaded(slot.place, &card);
                slot.card.set(Some(*card));
                slot.turn.update(Turn::loaded);
                // Unless the visitor has asked for something else meanwhile.
                let same = self.run.get_untracked() == self.device.lost_run.get_value();
                if !(same && slot.go_on()) {
                    (self.view_untracked().model_ready)(self, slot);
                }
            }
            Response::Failed(fault) => self.engine_failed(slot, fault),
            Response::Proved { wrong } => self.hear_proof(slot, wrong),
            Response::Run { id, event } => {
                if let Event::Failed(fault) = &*event
                    && fault.loss().is_some()
                {
                    return self.engine_failed(slot, fault.clone());
                }
                let begins = matches!(*event, Event::Started(_));
                let ends = matches!(*event, Event::Finished { .. });
                let fault = match &*event {
                    Event::Failed(fault) => Some(fault.clone()),
                    _ => None,
                };
                // What went wrong with an older run is of no interest any more.
                if slot.hear(id, *event) {
                    if begins {
                        let shown = self.tray.selected.get_untracked();
                        self.tray.pictured.set(Some(shown));
                        self.tray.wrong.update(|wrong| wrong.retain(|(id, _)| *id != shown));
                    }
                    if let Some(fault) = fault {
                        self.run_failed(id, fault);
                    }
                    if ends && slot.is_asked(id) {
                        self.ask_open_question(slot);
                    }
                }
            }
            Response::VerifiedKey { .. } | Response::Verified { .. } | Response::Speed { .. } => {
                self.measured.update(|measured| measured.push(response));
            }
            Response::Looked { ids, activations } => match activations {
                // Late answers are about other photos.
                Ok(_) if slot.features.looked.with_untracked(|looked| *looked != ids) => {}
                Ok(rows) => slot.features.activations.set(ids.into_iter().zip(rows).collect()),
                Err(fault) if fault.loss().is_some() => self.engine_failed(slot, fault),
                Err(fault) => self.notice.set(Some(fault.message)),
            },
            Response::Embedded { id, photo } => {
                let waiting = self.tray.shrinking.try_update_value(|all| all.remove(&id)).flatten();
                if let Some(waiting) = waiting {
                    let _ = waiting.send(photo);
                }
            }
            Response::Saved { kind, bytes } => {
                let painted = self.mode.get_untracked() == Mode::Paint;
                if let Err(fault) = hear_saved(kind, &bytes, painted) {
                    self.notice.set(Some(fault.message));
                }
            }
            Response::Ready => {}
        }
    }

    /// Says what was wrong with a run that was asked for, and with which photo.
    fn run_failed(self, run: RunId, Fault { message, cause }: Fault) {
        let photo = match cause {
            Some(Cause::Photo(id)) => self.photo(id),
            _ => None,
        };
        let Some(photo) = photo else { return self.notice.set(Some(message)) };
        // Both models say the same about a photo; once is enough.
        if self.tray.unread.get_value() == run {
            return;
        }
        self.tray.unread.set_value(run);
        if photo.is_brought() {
            self.mark_wrong(photo.id, &message);
        }
        self.notice.set(Some(format!("{}: {message}", photo.name)));
    }

    /// Number of a new run; answers of all others are old from now on.
    pub fn next_run(self) -> RunId {
        self.run.update(|run| *run += 1);
        let run = self.run.get_untracked();
        self.remember(run);
        run
    }

    /// Goes to another view: what the one before it had asked for is not heard any more.
    pub fn enter(self, mode: Mode) {
        if self.mode.get_untracked() != mode {
            self.slots.iter().for_each(Slot::forget);
            self.notice.set(None);
            self.fragment.set(None);
            self.mode.set(mode);
        }
    }

    /// Holds both models, or lets them go on.
    pub fn pause(self, hold: bool) {
        self.slots.iter().for_each(|slot| slot.pause(hold));
    }

    /// Ends both runs; what they have reached stays.
    pub fn stop(self) {
        self.slots.iter().for_each(Slot::stop);
    }
}
