//! A view with everything that was chosen in it.

use leptos::prelude::*;
use robust_core::settings::InvertSettings;
use robust_core::settings::change::Goal;
use robust_core::settings::path::PathSettings;

use crate::page::modes::Mode;
use crate::page::paint::making_name;
use crate::page::photos::Photo;
use crate::page::session::Session;
use crate::page::state::StartChoice;

/// Everything that decides what a view shows, but for the pictures themselves.
#[derive(Debug, PartialEq)]
pub struct Described {
    /// The view.
    pub mode: Mode,
    /// The chosen photo.
    pub selected: usize,
    /// The photos that have a part in it, with their crops.
    photos: Vec<Photo>,
    settings: InvertSettings,
    start: StartChoice,
    class: Option<usize>,
    question: Option<usize>,
    features: Vec<usize>,
    region: Option<Vec<bool>>,
    goal: Goal,
    change_start: StartChoice,
    authors: bool,
    other: usize,
    epsilon: Option<f32>,
    stops: Vec<usize>,
    path: PathSettings,
    compare: bool,
}

impl Described {
    /// A photo that has a part in it.
    pub fn photo(&self, id: usize) -> Option<&Photo> {
        self.photos.iter().find(|photo| photo.id == id)
    }

    /// Whether it shows the same as another: what is chosen for other views has no part in that.
    pub fn shows_same(&self, other: &Self) -> bool {
        let photos =
            |of: &Self| of.used().into_iter().map(|id| of.photo(id).cloned()).collect::<Vec<_>>();
        self.mode == other.mode
            && photos(self) == photos(other)
            && match self.mode {
                Mode::Invert => (self.settings, self.start) == (other.settings, other.start),
                Mode::Morph => (self.path, self.compare) == (other.path, other.compare),
                Mode::Explain => (self.class, self.question) == (other.class, other.question),
                Mode::Atlas => {
                    (&self.goal, self.change_start, self.authors)
                        == (&other.goal, other.change_start, other.authors)
                }
                Mode::Add => {
                    (&self.features, &self.region, self.authors)
                        == (&other.features, &other.region, other.authors)
                }
                Mode::Collide => (self.epsilon, self.authors) == (other.epsilon, other.authors),
                // A drawing is more than what is chosen.
                Mode::Paint => false,
            }
    }

    /// The photos that this view shows.
    fn used(&self) -> Vec<usize> {
        match self.mode {
            Mode::Invert => [self.selected].into_iter().chain(self.start.photo()).collect(),
            Mode::Morph => self.stops.clone(),
            Mode::Explain | Mode::Add => vec![self.selected],
            // Whichever is chosen is what it starts from.
            Mode::Atlas => self.change_start.photo().map(|_| self.selected).into_iter().collect(),
            Mode::Collide => vec![self.selected, self.other],
            Mode::Paint => Vec::new(),
        }
    }

    /// What it is, for people.
    pub fn words(&self, session: Session) -> String {
        let name = |id: usize| self.photo(id).map_or("?", |photo| &photo.name);
        let classes = untrack(|| session.class_names());
        let class = |class: usize| classes.get(class).map_or("?", |name| name);
        let features = || self.features.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
        let photo = name(self.selected);
        match self.mode {
            Mode::Invert => ["Inverted: ", photo].concat(),
            Mode::Morph => {
                let names: Vec<_> = self.stops.iter().map(|id| name(*id)).collect();
                ["Path: ", &names.join(" – ")].concat()
            }
            Mode::Explain => match (self.question, self.class) {
                (Some(other), _) => ["Explained: ", photo, ", and why not ", class(other)].concat(),
                (None, Some(told)) => ["Explained: ", photo, " as ", class(told)].concat(),
                (None, None) => ["Explained: ", photo].concat(),
            },
            Mode::Atlas => match &self.goal {
                Goal::Class(goal) => ["Dreamed up: ", class(*goal)].concat(),
                Goal::Feature(feature) => ["Feature ", &feature.to_string()].concat(),
                Goal::Add(_) | Goal::Collide { .. } => String::new(),
            },
            Mode::Add => ["Feature ", &features(), " added: ", photo].concat(),
            Mode::Collide => ["Fooled: ", photo, " for ", name(self.other)].concat(),
            Mode::Paint => {
                let chosen = session.paint.chosen.get_untracked();
                let goal = chosen.class.map_or("what it sees", class);
                [making_name(chosen.making), ": ", goal].concat()
            }
        }
    }
}

impl Session {
    /// The view at hand. A region that is being painted is part of it, but no reason to look again.
    pub fn describe(self) -> Described {
        let (change, morph) = (self.change, self.morph);
        let (start, change_start) = (self.invert.start.get(), change.start.get());
        let (selected, other, stops) =
            (self.tray.selected.get(), change.other.get(), morph.stops.get());
        let started = [start, change_start].into_iter().filter_map(StartChoice::photo);
        let used: Vec<usize> =
            [selected, other].into_iter().chain(stops.iter().copied()).chain(started).collect();
        let mut photos: Vec<Photo> = self.tray.photos.with(|photos| {
            photos.iter().filter(|photo| used.contains(&photo.id)).cloned().collect()
        });
        // Whichever stands first in the tray.
        photos.sort_by_key(|photo| photo.id);
        Described {
            mode: self.mode.get(),
            selected,
            photos,
            settings: self.invert.settings.get(),
            start,
            class: self.explained.class.get(),
            question: self.explained.question.get(),
            features: change.features.get(),
            region: change.region.get_untracked(),
            goal: change.goal.get(),
            change_start,
            authors: change.authors.get(),
            other,
            epsilon: change.epsilon.get(),
            stops,
            path: morph.settings.get(),
            compare: morph.compare.get(),
        }
    }

    /// Chooses all that again, without computing anything. Photos that have left the tray come back.
    pub(super) fn choose_again(self, view: &Described) {
        self.tray.photos.update(|photos| {
            for photo in &view.photos {
                match photos.iter_mut().find(|here| here.id == photo.id) {
                    Some(here) => here.crop = photo.crop,
                    None => photos.insert(0, photo.clone()),
                }
            }
        });
        let (change, morph) = (self.change, self.morph);
        self.tray.selected.set(view.selected);
        self.invert.settings.set(view.settings);
        self.invert.start.set(view.start);
        self.explained.class.set(view.class);
        self.explained.question.set(view.question);
        change.features.set(view.features.clone());
        change.region.set(view.region.clone());
        change.goal.set(view.goal.clone());
        change.start.set(view.change_start);
        change.authors.set(view.authors);
        change.other.set(view.other);
        change.epsilon.set(view.epsilon);
        morph.stops.set(view.stops.clone());
        morph.active.set(0);
        morph.settings.set(view.path);
        morph.compare.set(view.compare);
        morph.playing.set(false);
        self.enter(view.mode);
    }
}
