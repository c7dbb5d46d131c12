//! The state of a path between photos and what can be done with it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use robust_core::link::{Link, PathLink, Stop};
use robust_core::settings::path::{PathSettings, STOPS};

use super::fade;
use crate::page::engines::slot::{Slot, USUAL_SIDE};
use crate::page::photos::Photo;
use crate::page::session::Session;
use crate::page::sharing::url;
use crate::page::views::Mode;
use crate::protocol::{Cause, Fault, Image, MorphRequest, RunId, StopFile, Task};
use crate::turn::Phase;

/// What to say of a link to a sample that this page does not have.
pub const GONE: &str =
    "This link names a sample photo that is not here any more. Choose others below.";

/// Two samples that go well together.
const USUAL_STOPS: [usize; 2] = [1, 2];

/// Handles to everything about the path.
#[derive(Clone, Copy)]
pub struct Morph {
    /// Ids of its photos, in order.
    pub stops: RwSignal<Vec<usize>>,
    /// The photo that the next choice replaces.
    pub active: RwSignal<usize>,
    /// How the frames are computed.
    pub settings: RwSignal<PathSettings>,
    /// The frame that is shown.
    pub position: RwSignal<usize>,
    /// Whether it moves by itself.
    pub playing: RwSignal<bool>,
    /// Whether the standard model and the cross-fade are shown too.
    pub compare: RwSignal<bool>,
    /// The photos as this page shows them, for the cross-fade.
    pub previews: RwSignal<Vec<Image>>,
    /// The link's fragment, once the photos are small enough for it.
    pub fragment: RwSignal<Option<String>>,
    /// The model that a link names.
    pub wanted: RwSignal<Option<String>>,
}

impl Morph {
    /// A path between two samples.
    pub fn new() -> Self {
        Self {
            stops: RwSignal::new(USUAL_STOPS.to_vec()),
            active: RwSignal::new(0),
            settings: RwSignal::new(PathSettings::FAST),
            position: RwSignal::new(PathSettings::FAST.frames / 2),
            playing: RwSignal::new(false),
            compare: RwSignal::new(false),
            previews: RwSignal::new(Vec::new()),
            fragment: RwSignal::new(None),
            wanted: RwSignal::new(None),
        }
    }

    /// What is chosen.
    pub fn chosen(self) -> PathChosen {
        PathChosen {
            stops: self.stops.get(),
            settings: self.settings.get(),
            compare: self.compare.get(),
        }
    }

    /// Chooses that again.
    pub fn choose(self, chosen: &PathChosen) {
        self.stops.set(chosen.stops.clone());
        self.active.set(0);
        self.settings.set(chosen.settings);
        self.compare.set(chosen.compare);
        self.playing.set(false);
    }

    /// A visitor's own photo comes along, unless the path is one of theirs already.
    pub(super) fn begin_with(self, photo: Option<Photo>) {
        let usual = self.stops.with_untracked(|stops| *stops == USUAL_STOPS);
        if let Some(photo) = photo.filter(|photo| usual && photo.is_brought()) {
            self.stops.update(|stops| stops[0] = photo.id);
        }
    }
}

/// What is chosen of a path.
#[derive(Debug, PartialEq)]
pub struct PathChosen {
    /// Ids of its photos, in order.
    pub stops: Vec<usize>,
    /// How the frames are computed.
    pub settings: PathSettings,
    /// Whether other networks and the cross-fade are shown too.
    pub compare: bool,
}

impl Session {
    /// Puts a photo where the next choice goes, and moves on to the one after it.
    pub fn choose_stop(self, id: usize) {
        let morph = self.morph;
        let active = morph.active.get_untracked();
        morph.stops.update(|stops| match stops.get_mut(active) {
            Some(stop) => *stop = id,
            None => stops.push(id),
        });
        let count = morph.stops.with_untracked(Vec::len);
        morph.active.set((active + 1) % count.max(1));
        self.compute_path(true);
    }

    /// Shows a path that a link names.
    pub fn open_path(self, link: PathLink) {
        let Some(stops) = self.stops_of(&link) else {
            return self.notice.set(Some(GONE.into()));
        };
        self.enter(Mode::Morph);
        let morph = self.morph;
        morph.stops.set(stops);
        morph.settings.set(link.settings);
        morph.wanted.set(Some(link.model));
        self.put_wanted();
        // Whoever opens a link sees it move, unless their system asks for calm.
        let calm = window().match_media("(prefers-reduced-motion: reduce)").ok().flatten();
        morph.playing.set(!calm.is_some_and(|query| query.matches()));
        if !self.show_kept() {
            self.compute_path(false);
        }
    }

    /// Ids of the photos that a link names or brings along.
    fn stops_of(self, link: &PathLink) -> Option<Vec<usize>> {
        link.stops.iter().map(|stop| self.stop_id(stop)).collect()
    }

    /// Id of a photo that a link names or brings along; new where it is not in the tray as it is.
    pub fn stop_id(self, stop: &Stop) -> Option<usize> {
        match stop {
            Stop::Embedded(bytes) => {
                self.known(stop).or_else(|| self.add_photo(|id| Photo::from_link(id, bytes)))
            }
            Stop::Gallery { name, crop } => {
                // A crop is part of the link, so it must be part of the match.
                let here = self.tray.photos.with_untracked(|photos| {
                    photos.iter().find(|photo| photo.stop().as_ref() == Some(stop)).map(|p| p.id)
                });
                here.or_else(|| {
                    self.add_photo(|id| {
                        let sample = Photo::samples().into_iter().find(|sample| {
                            matches!(sample.stop(), Some(Stop::Gallery { name: known, .. }) if known == *name)
                        })?;
                        Some(Photo { id, crop: *crop, ..sample })
                    })
                })
            }
        }
    }

    /// Takes a photo that is gone off the path; a sample takes its place where two are left over.
    pub fn leave_path(self, id: usize) {
        let samples = self
            .tray
            .photos
            .with_untracked(|photos| photos.iter().map(|photo| photo.id).collect::<Vec<_>>());
        self.morph.stops.update(|stops| {
            stops.retain(|stop| *stop != id);
            while stops.len() < *STOPS.start() {
                match samples.iter().find(|sample| !stops.contains(sample)) {
                    Some(sample) => stops.push(*sample),
                    None => break,
                }
            }
        });
        self.morph.active.set(0);
    }

    /// Shows the path that is chosen as it was kept, under its link.
    pub fn show_path_again(self, fragment: Option<String>) {
        let morph = self.morph;
        let settings = morph.settings.get_untracked();
        morph.position.set(settings.frames / 2);
        if let Some(fragment) = &fragment {
            url::push_fragment(fragment);
        }
        morph.fragment.set(fragment);
        spawn_local(async move {
            let ids = morph.stops.get_untracked();
            let photos: Vec<Photo> = ids.iter().filter_map(|&id| self.photo(id)).collect();
            morph.previews.set(fade::previews(&photos, self.preview_side()).await);
        });
    }

    /// The models that compute the path: the robust one or the one that a link names, and the
    /// others where they are compared.
    pub fn path_models(self) -> Vec<Slot> {
        let main = self.main_model();
        let compare = self.morph.compare.get();
        self.slots.into_iter().filter(|slot| slot.place == main.place || compare).collect()
    }

    /// The model that a path is shown of first.
    pub fn main_model(self) -> Slot {
        let [robust, standard, _] = self.slots;
        let named = |slot: &Slot| {
            let name = slot.card.with(|card| card.as_ref().map(|card| card.name.clone()));
            name.is_some() && name == self.morph.wanted.get()
        };
        if named(&standard) { standard } else { robust }
    }

    /// Side of what stands for a photo until its frames come, in pixels: of what the network sees.
    fn preview_side(self) -> u32 {
        untrack(|| self.main_model().side()).unwrap_or(USUAL_SIDE)
    }

    /// Computes the path on every ready model that shows it. `edited`: the visitor changed
    /// something, so that the address is theirs from now on.
    pub fn compute_path(self, edited: bool) {
        let models = self.ready_path_models();
        for slot in self.slots {
            slot.frames.set(Vec::new());
            // What takes no part any more has nothing to add.
            if models.iter().all(|of| of.place != slot.place) {
                slot.forget();
            }
        }
        self.compute_path_on(models, edited);
    }

    /// Computes it on some of them; what others have begun goes on.
    fn compute_path_on(self, slots: Vec<Slot>, edited: bool) {
        let morph = self.morph;
        let settings = morph.settings.get_untracked();
        if let Err(error) = settings.check() {
            return self.notice.set(Some(error.to_string()));
        }
        if edited {
            self.notice.set(None);
        }
        let last = settings.frames - 1;
        morph.position.update(|position| *position = (*position).min(last));
        morph.fragment.set(None);
        let run = self.next_run();
        for slot in &slots {
            slot.ask_afresh(run, settings.steps);
        }
        spawn_local(async move {
            let ids = morph.stops.get_untracked();
            let photos: Vec<Photo> = ids.iter().filter_map(|&id| self.photo(id)).collect();
            morph.previews.set(fade::previews(&photos, self.preview_side()).await);
            let computed = self.try_compute(run, &slots, photos, edited).await;
            // What went wrong with an older path is of no interest any more.
            if let (Err(fault), true) = (computed, self.is_of(run, &slots)) {
                for slot in &slots {
                    slot.turn.update(|turn| turn.give_up(run));
                }
                self.notice.set(Some(fault.message));
            }
        });
    }

    async fn try_compute(
        self,
        run: RunId,
        slots: &[Slot],
        photos: Vec<Photo>,
        edited: bool,
    ) -> Result<(), Fault> {
        if !self.slots.iter().any(|slot| untrack(|| slot.is_ready())) {
            // It starts by itself once a model is there.
            return Ok(());
        }
        if !STOPS.contains(&photos.len()) {
            return Err("a path joins two to eight photos".into());
        }
        let mut stops = Vec::new();
        let mut files = Vec::new();
        for photo in &photos {
            let stop = self.stop_of(photo).await.inspect_err(|fault| {
                if fault.cause == Some(Cause::Photo(photo.id)) && self.is_of(run, slots) {
                    self.mark_wrong(photo.id, &fault.message);
                    self.notice.set(Some(fault.message.clone()));
                }
            })?;
            files.push(match &stop {
                Stop::Gallery { .. } => StopFile::Gallery(photo.file()),
                Stop::Embedded(bytes) => StopFile::Embedded(bytes.clone()),
            });
            stops.push(stop);
        }
        if !self.is_of(run, slots) {
            return Ok(());
        }
        let settings = self.morph.settings.get_untracked();
        let main = untrack(|| self.main_model());
        let model = self.model_name(main)?;
        let link = Link::Path(PathLink { model, stops, settings });
        let fragment = link.to_fragment().map_err(|error| error.to_string())?;
        if edited {
            url::push_fragment(&fragment);
        }
        self.morph.fragment.set(Some(fragment));
        for slot in slots {
            let stops = files.clone();
            slot.start(run, Task::Morph(MorphRequest { stops, settings }));
        }
        Ok(())
    }

    fn ready_path_models(self) -> Vec<Slot> {
        let models = untrack(|| self.path_models());
        models.into_iter().filter(|slot| untrack(|| slot.is_ready())).collect()
    }

    /// Name of the model for a link; an error where a link names one that is not here.
    fn model_name(self, main: Slot) -> Result<String, Fault> {
        let here = main.card.with_untracked(|card| card.as_ref().map(|card| card.name.clone()));
        let here = here.ok_or("the robust network is not there")?;
        let settled = |slot: &Slot| {
            slot.card.with_untracked(Option::is_some)
                || matches!(untrack(|| slot.phase()), Phase::Failed(_))
        };
        let loaded = untrack(|| self.at_work()).iter().all(settled);
        match self.morph.wanted.get_untracked() {
            Some(wanted) if wanted != here && loaded => {
                self.morph.wanted.set(None);
                self.notice.set(Some(format!(
                    "This link was made with the network “{wanted}”, which is not here: the \
                     frames are those of “{here}”, and look different from what was shared."
                )));
                Ok(here)
            }
            // Perhaps the other one, which is still loading.
            Some(wanted) if wanted != here => Ok(wanted),
            _ => Ok(here),
        }
    }

    /// A model has come: the path may be waiting for it.
    pub fn path_model_ready(self, slot: Slot) {
        let mut shown = untrack(|| self.path_models());
        shown.retain(|shown| shown.place == slot.place);
        // Whether the network that a link names is here is known once all have come.
        let named = self.morph.wanted.with_untracked(Option::is_some);
        if named || !shown.is_empty() {
            self.compute_path_on(shown, false);
        }
    }

    /// Whether one of these models still waits for this run; where none was asked, whether it is the newest.
    fn is_of(self, run: RunId, slots: &[Slot]) -> bool {
        let newest = self.run.get_untracked() == run && self.mode.get_untracked() == Mode::Morph;
        slots.iter().any(|slot| slot.is_asked(run)) || (slots.is_empty() && newest)
    }
}
