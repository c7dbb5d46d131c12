//! The photos at hand, and which of them is chosen.

use std::collections::HashMap;

use futures_channel::oneshot;
use leptos::prelude::*;
use robust_core::settings::Start;
use serde_bytes::ByteBuf;

use super::Photo;
use super::reader::Reader;
use crate::protocol::{Fault, RunId};

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
    /// What reads them for the engines, once it is there.
    pub reader: StoredValue<Option<Reader>, LocalStorage>,
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
            reader: StoredValue::new_local(None),
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
