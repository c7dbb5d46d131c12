//! What is changed towards what, and asking the engines for it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use robust_core::settings::change::{Goal, RADII, radii};
use serde_bytes::ByteBuf;

use super::tiles::AtlasSheet;
use crate::page::download;
use crate::page::engines::slot::{Slot, USUAL_SIDE};
use crate::page::photos::StartChoice;
use crate::page::session::Session;
use crate::protocol::{ChangeRequest, Fault, PhotoFile, Request, RunId, StartRequest, Task};

/// Place among the radii of what a collision may change at first.
const USUAL_RADIUS: usize = 3;

/// Handles to everything about the change.
#[derive(Clone, Copy)]
pub struct Change {
    /// Coordinates that are added to a photo, one after another.
    pub features: RwSignal<Vec<usize>>,
    /// Pixels of the photo that may change; all of them if there is none.
    pub region: RwSignal<Option<Vec<bool>>>,
    /// The feature or class that is maximised.
    pub goal: RwSignal<Goal>,
    /// Where that starts.
    pub start: RwSignal<StartChoice>,
    /// Whether it is done as the authors do it.
    pub authors: RwSignal<bool>,
    /// The photo that is collided with.
    pub other: RwSignal<usize>,
    /// How near the photo a collision stays, where the visitor or a link has said so.
    pub epsilon: RwSignal<Option<f32>>,
}

impl Change {
    /// What catches the eye first.
    pub fn new() -> Self {
        Self {
            features: RwSignal::new(vec![0]),
            region: RwSignal::new(None),
            goal: RwSignal::new(Goal::Class(0)),
            start: RwSignal::new(StartChoice::Noise),
            authors: RwSignal::new(false),
            other: RwSignal::new(4),
            epsilon: RwSignal::new(None),
        }
    }

    /// What is chosen. A region that is being painted is part of it, but no reason to look again.
    pub fn chosen(self) -> ChangeChosen {
        ChangeChosen {
            features: self.features.get(),
            region: self.region.get_untracked(),
            goal: self.goal.get(),
            start: self.start.get(),
            authors: self.authors.get(),
            other: self.other.get(),
            epsilon: self.epsilon.get(),
        }
    }

    /// Chooses that again.
    pub fn choose(self, chosen: &ChangeChosen) {
        self.features.set(chosen.features.clone());
        self.region.set(chosen.region.clone());
        self.goal.set(chosen.goal.clone());
        self.start.set(chosen.start);
        self.authors.set(chosen.authors);
        self.other.set(chosen.other);
        self.epsilon.set(chosen.epsilon);
    }
}

/// What is chosen of a change.
#[derive(Debug, PartialEq)]
pub struct ChangeChosen {
    /// Coordinates that are added to a photo, one after another.
    pub features: Vec<usize>,
    /// Pixels of the photo that may change; all of them if there is none.
    pub region: Option<Vec<bool>>,
    /// The feature or class that is maximised.
    pub goal: Goal,
    /// Where that starts.
    pub start: StartChoice,
    /// Whether it is done as the authors do it.
    pub authors: bool,
    /// The photo that is collided with.
    pub other: usize,
    /// How near the photo a collision stays, where that was said.
    pub epsilon: Option<f32>,
}

impl Session {
    /// What the view at hand changes an image towards.
    pub fn goal(self) -> Option<Goal> {
        (self.view_untracked().ways.goal)(self)
    }

    /// How near the photo a collision stays.
    pub(super) fn epsilon(self) -> f32 {
        self.change.epsilon.get().unwrap_or_else(|| self.radii()[USUAL_RADIUS])
    }

    /// Radii that suit what the networks see.
    pub(super) fn radii(self) -> [f32; RADII] {
        radii(self.slots[0].side().unwrap_or(USUAL_SIDE) as usize)
    }

    /// Steps that a change takes, as the authors do it or here; `None` in another view.
    pub fn change_steps(self, authors: bool) -> Option<usize> {
        Some(self.goal()?.steps(authors))
    }

    /// Changes the image on every ready model.
    pub fn change(self) {
        self.notice.set(None);
        self.change_on(&self.slots);
    }

    /// Changes it on some of them.
    pub fn change_on(self, slots: &[Slot]) {
        let Some(goal) = self.goal() else { return };
        let authors = self.change.authors.get_untracked();
        let chosen = self.tray.selected.get_untracked();
        let (start, photos) = match (&goal, self.change.start.get_untracked()) {
            (Goal::Feature(_) | Goal::Class(_), StartChoice::Photo(_)) => (None, vec![chosen]),
            (Goal::Feature(_) | Goal::Class(_), StartChoice::Noise) => {
                (Some(StartChoice::Noise), Vec::new())
            }
            (Goal::Feature(_) | Goal::Class(_), StartChoice::Grey) => {
                (Some(StartChoice::Grey), Vec::new())
            }
            (Goal::Add(_), _) => (None, vec![chosen]),
            (Goal::Collide { .. }, _) => (None, vec![chosen, self.change.other.get_untracked()]),
        };
        let region = match goal {
            Goal::Add(_) => self.change.region.get_untracked(),
            _ => None,
        };
        let region = region.map(|pixels| pixels.into_iter().map(u8::from).collect::<Vec<u8>>());
        for slot in slots {
            slot.image.set(None);
        }
        self.ask(slots, goal.steps(authors), photos, &|photos| {
            let mut photos = photos.iter().cloned();
            let start = match start {
                Some(StartChoice::Grey) => StartRequest::Grey,
                Some(_) => StartRequest::Noise,
                None => photos.next().map_or(StartRequest::Noise, StartRequest::Photo),
            };
            let region = region.clone().map(ByteBuf::from);
            let (goal, other) = (goal.clone(), photos.next());
            Task::Change(ChangeRequest { start, other, goal, region, authors })
        });
        self.show_link();
    }

    /// Starts what `make` makes of some photos on every ready model of these, as a new run of so many
    /// steps.
    pub fn ask(
        self,
        slots: &[Slot],
        steps: usize,
        photos: Vec<usize>,
        make: &dyn Fn(&[PhotoFile]) -> Task,
    ) {
        self.ask_with(slots, &|slot, run| slot.ask_afresh(run, steps), photos, make);
    }

    /// The same, where a model is asked in another way: how all runs but a path's begin.
    pub fn ask_with(
        self,
        slots: &[Slot],
        ask: &dyn Fn(&Slot, RunId),
        photos: Vec<usize>,
        make: &dyn Fn(&[PhotoFile]) -> Task,
    ) {
        let photos = match self.files(&photos) {
            Ok(photos) => photos,
            Err(fault) => return self.notice.set(Some(fault.message)),
        };
        let run = self.next_run();
        let names = untrack(|| self.class_names());
        for slot in slots.iter().filter(|slot| untrack(|| slot.is_ready())) {
            ask(slot, run);
            match untrack(|| slot.in_own_terms(&names, make(&photos))) {
                Ok(task) => slot.start(run, task),
                Err(fault) => slot.decline(run, fault.message),
            }
        }
    }

    /// These photos, as an engine takes them.
    fn files(self, photos: &[usize]) -> Result<Vec<PhotoFile>, Fault> {
        let file = |id: &usize| self.photo(*id).map(|photo| photo.file());
        let files: Option<Vec<PhotoFile>> = photos.iter().map(file).collect();
        files.ok_or_else(|| "a photo of this is gone: choose another".into())
    }

    /// Fetches a model's atlas, where there is one.
    pub fn load_atlas(self, slot: Slot, folder: &str, file: Option<&String>) {
        let Some(path) = file.map(|file| format!("{folder}{file}")) else { return };
        let folder = folder.to_owned();
        spawn_local(async move {
            // A page without it lacks the tiles, nothing else.
            if let Ok(atlas) = download::json(&path).await {
                slot.features.atlas.set(Some(AtlasSheet::new(atlas, &folder)));
            }
        });
    }

    /// Has a model look at all photos, for the most and least activating ones.
    pub fn look(self, slot: Slot) {
        let photos = self.tray.photos.get_untracked();
        let ids: Vec<usize> = photos.iter().map(|photo| photo.id).collect();
        if !untrack(|| slot.is_ready()) || slot.features.looked.get_untracked() == ids {
            return;
        }
        slot.features.looked.set(ids.clone());
        let photos = photos.iter().map(|photo| photo.file()).collect();
        slot.send(&Request::Look { ids, photos });
    }
}
