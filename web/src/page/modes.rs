//! What the page is used for, and where that changes what things mean.

use leptos::prelude::*;
use robust_core::settings::Crop;

use super::session::Session;
use super::url;

/// What the page is used for at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One photo is inverted.
    Invert,
    /// Photos are joined by a path.
    Morph,
    /// A prediction is explained.
    Explain,
    /// A coordinate is added to a photo.
    Add,
}

impl Session {
    /// Chooses a photo: inverts it, or makes it part of the path.
    pub fn select(self, id: usize) {
        match self.mode.get_untracked() {
            Mode::Invert => {
                self.selected.set(id);
                self.invert();
            }
            Mode::Morph => self.choose_stop(id),
            Mode::Explain => {
                self.selected.set(id);
                self.explain(None);
            }
            Mode::Add => {
                self.selected.set(id);
                self.add_feature();
            }
        }
    }

    /// Whether a photo is the one that is inverted, or part of the path.
    pub fn is_chosen(self, id: usize) -> bool {
        match self.mode.get() {
            Mode::Invert | Mode::Explain | Mode::Add => self.selected.get() == id,
            Mode::Morph => self.morph.stops.with(|stops| stops.contains(&id)),
        }
    }

    /// The photo that the crop is of: the inverted one, or the marked one of the path.
    pub fn cropped(self) -> usize {
        match self.mode.get() {
            Mode::Invert | Mode::Explain | Mode::Add => self.selected.get(),
            Mode::Morph => {
                let active = self.morph.active.get();
                self.morph.stops.with(|stops| stops.get(active).copied()).unwrap_or_default()
            }
        }
    }

    /// Crops that photo and computes again.
    pub fn crop(self, crop: Crop) {
        let id = untrack(|| self.cropped());
        self.photos.update(|photos| {
            if let Some(photo) = photos.iter_mut().find(|photo| photo.id == id) {
                photo.crop = crop;
            }
        });
        match self.mode.get_untracked() {
            Mode::Invert => self.invert(),
            Mode::Morph => self.compute_path(true),
            Mode::Explain => self.explain(None),
            Mode::Add => self.add_feature(),
        }
    }

    /// Goes to what the fragment of the address says.
    pub fn follow_address(self) {
        match url::fragment().as_str() {
            "" => self.enter_invert(),
            url::ADD => self.enter_add(),
            url::EXPLAIN => self.enter_explain(),
            url::MORPH => self.enter_morph(),
            fragment => self.open_link(fragment),
        }
    }

    /// Shows the view of one photo.
    pub fn enter_invert(self) {
        if self.mode.get_untracked() != Mode::Invert {
            self.mode.set(Mode::Invert);
            self.invert();
        }
    }
}
