//! A view with everything that was chosen in it.

use leptos::prelude::*;

use crate::page::photos::Photo;
use crate::page::session::Session;
use crate::page::views::{Chosen, Mode};

/// Everything that decides what a view shows, but for the pictures themselves.
#[derive(Debug, PartialEq)]
pub struct Described {
    /// The view.
    pub mode: Mode,
    /// The chosen photo.
    pub selected: usize,
    /// The photos that have a part in it, with their crops.
    photos: Vec<Photo>,
    /// What is chosen in every view.
    pub chosen: Chosen,
}

impl Described {
    /// A photo that has a part in it.
    pub fn photo(&self, id: usize) -> Option<&Photo> {
        self.photos.iter().find(|photo| photo.id == id)
    }

    /// What such a photo is called.
    pub fn name(&self, id: usize) -> &str {
        self.photo(id).map_or("?", |photo| &photo.name)
    }

    /// Whether it shows the same as another: what is chosen for other views has no part in that.
    pub fn shows_same(&self, other: &Self) -> bool {
        let photos =
            |of: &Self| of.used().into_iter().map(|id| of.photo(id).cloned()).collect::<Vec<_>>();
        self.mode == other.mode
            && photos(self) == photos(other)
            && (self.mode.view().ways.same)(self, other)
    }

    /// The photos that this view shows.
    pub fn used(&self) -> Vec<usize> {
        (self.mode.view().ways.photos)(self)
    }

    /// What it is, for people.
    pub fn words(&self, session: Session) -> String {
        (self.mode.view().words)(self, session)
    }
}

impl Session {
    /// The view at hand.
    pub fn describe(self) -> Described {
        let (selected, chosen) = (self.tray.selected.get(), self.rooms.chosen());
        let used: Vec<usize> = [selected].into_iter().chain(chosen.photos()).collect();
        let mut photos: Vec<Photo> = self.tray.photos.with(|photos| {
            photos.iter().filter(|photo| used.contains(&photo.id)).cloned().collect()
        });
        // Whichever stands first in the tray.
        photos.sort_by_key(|photo| photo.id);
        Described { mode: self.mode.get(), selected, photos, chosen }
    }

    /// What people call a class.
    pub fn class_called(self, class: usize) -> String {
        let names = untrack(|| self.class_names());
        names.into_iter().nth(class).unwrap_or_else(|| "?".into())
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
        self.tray.selected.set(view.selected);
        self.rooms.choose(&view.chosen);
        self.enter(view.mode);
    }
}
