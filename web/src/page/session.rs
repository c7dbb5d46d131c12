//! The state of the page and what can be done with it.

use std::collections::HashMap;

use futures_channel::oneshot;
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use robust_core::settings::{InvertSettings, Start};
use serde_bytes::ByteBuf;

use super::adapter::{Choice, choose};
use super::change::Change;
use super::history::History;
use super::models::{Loading, Models};
use super::modes::Mode;
use super::morph::{Morph, hear_saved};
use super::paint::Paint;
use super::photos::Photo;
use super::place::{PLACES, Place};
use super::slot::Slot;
use super::url;
use crate::protocol::{Event, Fault, Response, RunId};
use crate::recovery::{Cause, Losses};
use crate::turn::Turn;

/// Where images start: a photo is one with this id.
pub type StartChoice = Start<usize>;

/// Photos that an engine is shrinking, by the number of the request.
type Shrinking = HashMap<usize, oneshot::Sender<Result<ByteBuf, String>>>;

/// Handles to everything that the page shows.
#[derive(Clone, Copy)]
pub struct Session {
    /// The robust and the standard model, and one more where the visitor wants it.
    pub slots: [Slot; PLACES],
    /// Photos to choose from.
    pub photos: RwSignal<Vec<Photo>>,
    /// Why some of them cannot be read, by their ids.
    pub wrong: RwSignal<Vec<(usize, String)>>,
    /// The photo that is inverted.
    pub selected: RwSignal<usize>,
    /// The run that was given a photo that cannot be read.
    pub(super) unread: StoredValue<RunId>,
    /// Number of the next photo that is added.
    pub(super) next_photo: StoredValue<usize>,
    /// The photo whose picture is shown, which may be an earlier one.
    pub pictured: RwSignal<Option<usize>>,
    /// How it is inverted.
    pub settings: RwSignal<InvertSettings>,
    /// Where the image starts.
    pub start: RwSignal<StartChoice>,
    /// What computes, once known.
    pub choice: RwSignal<Option<Choice>>,
    /// Something that went wrong, until it is closed.
    pub notice: RwSignal<Option<String>>,
    /// What the page is used for.
    pub mode: RwSignal<Mode>,
    /// The class that is explained, or the predicted one.
    pub class: RwSignal<Option<usize>>,
    /// The class that it is asked about why the photo is none of it.
    pub question: RwSignal<Option<usize>>,
    /// What an image is changed towards.
    pub change: Change,
    /// The path between photos.
    pub morph: Morph,
    /// The drawing.
    pub paint: Paint,
    /// The step of the tour that is told.
    pub tour: RwSignal<Option<usize>>,
    /// Whether the visitor wants to be told of the end of a run.
    pub tell: RwSignal<bool>,
    /// What was made and chosen in this visit.
    pub history: History,
    /// The fragment of a link to what is shown, where there is one.
    pub fragment: RwSignal<Option<String>>,
    pub(super) shrinking: StoredValue<Shrinking, LocalStorage>,
    /// Photos as links hold them.
    pub(super) shrunk: StoredValue<Vec<(Photo, ByteBuf)>>,
    /// The engine that the visitor has asked for.
    pub(super) wish: StoredValue<Option<String>>,
    pub(super) losses: StoredValue<Losses>,
    /// The device that has shown that it computes right, by the words for it.
    pub(super) proved: StoredValue<Option<String>>,
    /// The newest run when an engine was lost.
    pub(super) lost_run: StoredValue<RunId>,
    /// The networks to choose from.
    pub models: Models,
    /// What engines are loaded from, and how often.
    pub(super) loading: Loading,
    /// Number of the next request that is answered by its number.
    pub(super) requests: StoredValue<usize>,
    /// What the laboratory has measured.
    pub measured: RwSignal<Vec<Response>>,
    /// Whether the chosen photo is inverted as soon as a model is loaded.
    eager: bool,
    pub(super) run: RwSignal<RunId>,
}

impl Session {
    /// A session that starts loading the models of `index`. `eager`: inverts the first sample
    /// without a click.
    pub fn begin(index: String, eager: bool) -> Self {
        let session = Self {
            slots: Place::ALL.map(Slot::new),
            photos: RwSignal::new(Photo::samples()),
            wrong: RwSignal::new(Vec::new()),
            selected: RwSignal::new(0),
            unread: StoredValue::new(0),
            next_photo: StoredValue::new(Photo::samples().len()),
            pictured: RwSignal::new(None),
            settings: RwSignal::new(InvertSettings::FAST),
            start: RwSignal::new(StartChoice::Noise),
            choice: RwSignal::new(None),
            notice: RwSignal::new(None),
            mode: RwSignal::new(Mode::Invert),
            class: RwSignal::new(None),
            question: RwSignal::new(None),
            change: Change::new(),
            morph: Morph::new(),
            paint: Paint::new(),
            tour: RwSignal::new(None),
            tell: RwSignal::new(false),
            history: History::new(),
            fragment: RwSignal::new(None),
            shrinking: StoredValue::new_local(HashMap::new()),
            shrunk: StoredValue::new(Vec::new()),
            wish: StoredValue::new(url::parameter("engine")),
            losses: StoredValue::new(Losses::none()),
            proved: StoredValue::new(None),
            lost_run: StoredValue::new(0),
            models: Models::new(),
            loading: Loading::of(index),
            requests: StoredValue::new(0),
            measured: RwSignal::new(Vec::new()),
            eager,
            run: RwSignal::new(0),
        };
        window_event_listener(ev::popstate, move |_| session.follow_address());
        session.follow_address();
        spawn_local(async move {
            session.load(choose(session.wish.get_value().as_deref()).await).await;
        });
        session
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
                let same = self.run.get_untracked() == self.lost_run.get_value();
                if !(same && slot.go_on()) {
                    self.model_ready(slot);
                }
            }
            Response::Failed { message } => {
                let cause = Cause::of(&message).unwrap_or(Cause::Lost);
                self.engine_failed(slot, cause, message);
            }
            Response::Proved { wrong } => self.hear_proof(slot, wrong),
            Response::Run { id, event } => {
                if let Event::Failed(Fault { message, .. }) = &*event
                    && let Some(cause) = Cause::of(message)
                {
                    return self.engine_failed(slot, cause, message.clone());
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
                        let shown = self.selected.get_untracked();
                        self.pictured.set(Some(shown));
                        self.wrong.update(|wrong| wrong.retain(|(id, _)| *id != shown));
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
                Ok(rows) => slot.activations.set(ids.into_iter().zip(rows).collect()),
                Err(message) => match Cause::of(&message) {
                    Some(cause) => self.engine_failed(slot, cause, message),
                    None => self.notice.set(Some(message)),
                },
            },
            Response::Embedded { id, photo } => {
                let waiting = self.shrinking.try_update_value(|all| all.remove(&id)).flatten();
                if let Some(waiting) = waiting {
                    let _ = waiting.send(photo);
                }
            }
            Response::Saved { kind, bytes } => {
                let painted = self.mode.get_untracked() == Mode::Paint;
                if let Err(message) = hear_saved(kind, &bytes, painted) {
                    self.notice.set(Some(message));
                }
            }
            Response::Ready => {}
        }
    }

    /// A model has come: it takes part in what the other one may be doing already.
    fn model_ready(self, slot: Slot) {
        match self.mode.get_untracked() {
            Mode::Invert if self.eager || self.loading.asked() => self.invert_on(&[slot]),
            Mode::Invert => {}
            Mode::Morph => self.path_model_ready(slot),
            Mode::Explain => self.explain_on(&[slot]),
            Mode::Atlas | Mode::Add | Mode::Collide => self.change_on(&[slot]),
            Mode::Paint if slot.place == Place::Robust => self.look_at_drawing(),
            Mode::Paint => {}
        }
    }

    /// Says what was wrong with a run that was asked for, and with which photo.
    fn run_failed(self, run: RunId, Fault { message, photo }: Fault) {
        let Some(photo) = photo.and_then(|id| self.photo(id)) else {
            return self.notice.set(Some(message));
        };
        // Both models say the same about a photo; once is enough.
        if self.unread.get_value() == run {
            return;
        }
        self.unread.set_value(run);
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

    /// Whether no run has been started since.
    pub fn is_newest(self, run: RunId) -> bool {
        self.run.get_untracked() == run
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
