//! What the views without a folder of their own have chosen, and what computes.

use std::collections::HashMap;

use futures_channel::oneshot;
use leptos::prelude::*;
use robust_core::settings::{InvertSettings, Start};
use serde_bytes::ByteBuf;

use super::adapter::Choice;
use super::photos::Photo;
use super::url;
use crate::protocol::{Fault, RunId};
use crate::recovery::Losses;

/// Where images start: a photo is one with this id.
pub type StartChoice = Start<usize>;

/// Where a photo is gone, an image that started from it starts from noise.
pub fn start_without(start: RwSignal<StartChoice>, gone: usize) {
    if start.get_untracked() == StartChoice::Photo(gone) {
        start.set(StartChoice::Noise);
    }
}

/// Photos that an engine is shrinking, by the number of the request.
type Shrinking = HashMap<usize, oneshot::Sender<Result<ByteBuf, Fault>>>;

/// The photos at hand.
#[derive(Clone, Copy)]
pub struct Tray {
    /// Photos to choose from.
    pub photos: RwSignal<Vec<Photo>>,
    /// Whether the visitor's own are kept in the browser.
    pub keeps_photos: RwSignal<bool>,
    /// How often what is kept of them has changed: what was begun before the last time is out of date.
    pub kept_changes: StoredValue<usize>,
    /// Why some of them cannot be read, by their ids.
    pub wrong: RwSignal<Vec<(usize, String)>>,
    /// The chosen photo.
    pub selected: RwSignal<usize>,
    /// The photo whose picture is shown, which may be an earlier one.
    pub pictured: RwSignal<Option<usize>>,
    /// The run that was given a photo that cannot be read.
    pub unread: StoredValue<RunId>,
    /// Number of the next photo that is added.
    pub next_photo: StoredValue<usize>,
    /// Photos that are on their way into a link.
    pub shrinking: StoredValue<Shrinking, LocalStorage>,
    /// Photos as links hold them.
    pub shrunk: StoredValue<Vec<(Photo, ByteBuf)>>,
}

impl Tray {
    /// The samples.
    pub fn new() -> Self {
        let samples = Photo::samples();
        Self {
            keeps_photos: RwSignal::new(false),
            kept_changes: StoredValue::new(0),
            wrong: RwSignal::new(Vec::new()),
            selected: RwSignal::new(0),
            pictured: RwSignal::new(None),
            unread: StoredValue::new(0),
            next_photo: StoredValue::new(samples.len()),
            photos: RwSignal::new(samples),
            shrinking: StoredValue::new_local(HashMap::new()),
            shrunk: StoredValue::new(Vec::new()),
        }
    }
}

/// How a photo is inverted.
#[derive(Clone, Copy)]
pub struct Invert {
    /// What is optimised, how.
    pub settings: RwSignal<InvertSettings>,
    /// Where the image starts.
    pub start: RwSignal<StartChoice>,
}

impl Invert {
    /// The fast way, from noise.
    pub fn new() -> Self {
        Self {
            settings: RwSignal::new(InvertSettings::FAST),
            start: RwSignal::new(StartChoice::Noise),
        }
    }

    /// What is chosen.
    pub fn chosen(self) -> InvertChosen {
        InvertChosen { settings: self.settings.get(), start: self.start.get() }
    }

    /// Chooses that again.
    pub fn choose(self, chosen: &InvertChosen) {
        self.settings.set(chosen.settings);
        self.start.set(chosen.start);
    }
}

/// What is chosen of an inversion.
#[derive(Debug, PartialEq)]
pub struct InvertChosen {
    /// What is optimised, how.
    pub settings: InvertSettings,
    /// Where the image starts.
    pub start: StartChoice,
}

/// What is explained.
#[derive(Clone, Copy)]
pub struct Explained {
    /// The class, or the predicted one.
    pub class: RwSignal<Option<usize>>,
    /// The class of which it is asked why the photo is not one.
    pub question: RwSignal<Option<usize>>,
}

impl Explained {
    /// What is predicted.
    pub fn new() -> Self {
        Self { class: RwSignal::new(None), question: RwSignal::new(None) }
    }

    /// What is chosen.
    pub fn chosen(self) -> ExplainedChosen {
        ExplainedChosen { class: self.class.get(), question: self.question.get() }
    }

    /// Chooses that again.
    pub fn choose(self, chosen: &ExplainedChosen) {
        self.class.set(chosen.class);
        self.question.set(chosen.question);
    }
}

/// What is chosen of an explanation.
#[derive(Debug, PartialEq)]
pub struct ExplainedChosen {
    /// The class, or the predicted one.
    pub class: Option<usize>,
    /// The class of which it is asked why the photo is not one.
    pub question: Option<usize>,
}

/// What computes, and how that has gone.
#[derive(Clone, Copy)]
pub struct Device {
    /// What computes, once known.
    pub choice: RwSignal<Option<Choice>>,
    /// The engine that the visitor has asked for.
    pub wish: StoredValue<Option<String>>,
    /// The devices that were lost.
    pub losses: StoredValue<Losses>,
    /// The device that has shown that it computes correctly, by the words for it.
    pub proved: StoredValue<Option<String>>,
    /// The newest run when an engine was lost.
    pub lost_run: StoredValue<RunId>,
}

impl Device {
    /// Nothing yet; the address may ask for an engine.
    pub fn new() -> Self {
        Self {
            choice: RwSignal::new(None),
            wish: StoredValue::new(url::parameter("engine")),
            losses: StoredValue::new(Losses::none()),
            proved: StoredValue::new(None),
            lost_run: StoredValue::new(0),
        }
    }
}
