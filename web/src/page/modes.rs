//! What the page is used for, and where that changes what things mean.

use leptos::prelude::*;
use robust_core::settings::Crop;

use super::session::Session;
use super::state::StartChoice;
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
    /// Coordinates are shown and maximised.
    Atlas,
    /// Coordinates are added to a photo.
    Add,
    /// A photo is to pass for another.
    Collide,
    /// A drawing becomes what a network knows.
    Paint,
}

impl Mode {
    /// The fragment that leads here.
    pub fn fragment(self) -> &'static str {
        match self {
            Mode::Invert => "",
            Mode::Morph => url::MORPH,
            Mode::Explain => url::EXPLAIN,
            Mode::Atlas => url::ATLAS,
            Mode::Add => url::ADD,
            Mode::Collide => url::COLLIDE,
            Mode::Paint => url::PAINT,
        }
    }
}

impl Mode {
    /// What happens to photos that are dropped here.
    pub fn drop_words(self) -> &'static str {
        match self {
            Mode::Invert => "Drop photos to invert them",
            Mode::Morph => "Drop photos to put them on the path",
            Mode::Explain => "Drop a photo to see what is predicted, and why",
            Mode::Atlas => "Drop a photo to start from it",
            Mode::Add => "Drop a photo to add the feature to it",
            Mode::Collide => "Drop a photo to fool the networks with",
            Mode::Paint => "Drop a photo to paint on it",
        }
    }
}

impl Session {
    /// Chooses a photo: inverts it, or makes it part of the path.
    pub fn select(self, id: usize) {
        match self.mode.get_untracked() {
            Mode::Invert => {
                self.tray.selected.set(id);
                self.invert();
            }
            Mode::Morph => self.choose_stop(id),
            Mode::Explain => {
                self.tray.selected.set(id);
                self.explain(None);
            }
            Mode::Atlas => {
                self.tray.selected.set(id);
                self.change.start.set(StartChoice::Photo(id));
                self.change();
            }
            Mode::Add | Mode::Collide => {
                self.tray.selected.set(id);
                self.change();
            }
            Mode::Paint => {
                self.tray.selected.set(id);
                self.paint_on_photo();
            }
        }
    }

    /// Whether a photo is the one that is inverted, or part of the path.
    pub fn is_chosen(self, id: usize) -> bool {
        match self.mode.get() {
            Mode::Morph => self.morph.stops.with(|stops| stops.contains(&id)),
            _ => self.tray.selected.get() == id,
        }
    }

    /// The photo that the crop is of: the inverted one, or the marked one of the path.
    pub fn cropped(self) -> usize {
        match self.mode.get() {
            Mode::Morph => {
                let active = self.morph.active.get();
                self.morph.stops.with(|stops| stops.get(active).copied()).unwrap_or_default()
            }
            _ => self.tray.selected.get(),
        }
    }

    /// Crops that photo and computes again.
    pub fn crop(self, crop: Crop) {
        let id = untrack(|| self.cropped());
        self.tray.photos.update(|photos| {
            if let Some(photo) = photos.iter_mut().find(|photo| photo.id == id) {
                photo.crop = crop;
            }
        });
        // Another part of a photo may show something else.
        self.explained.class.set(None);
        self.compute_again();
    }

    /// Computes what the view at hand shows.
    pub fn compute_again(self) {
        match self.mode.get_untracked() {
            Mode::Invert => self.invert(),
            Mode::Morph => self.compute_path(true),
            Mode::Explain => self.explain_on(&self.slots),
            Mode::Atlas | Mode::Add | Mode::Collide => self.change(),
            Mode::Paint => self.paint_on_photo(),
        }
    }

    /// Goes to what the fragment of the address says.
    pub fn follow_address(self) {
        let mode = self.mode.get_untracked();
        if url::fragment() == mode.fragment()
            && let Some(link) = self.fragment.get_untracked()
        {
            // The name of the view at hand, which the address says more of.
            match mode {
                Mode::Invert => self.show_link(),
                _ => url::replace_fragment(&link),
            }
            return;
        }
        match url::fragment().as_str() {
            "" => self.enter_invert(),
            url::ADD => self.enter_change(Mode::Add),
            url::ATLAS => self.enter_change(Mode::Atlas),
            url::COLLIDE => self.enter_change(Mode::Collide),
            url::EXPLAIN => self.enter_explain(),
            url::MORPH => self.enter_morph(),
            url::PAINT => self.enter_paint(),
            url::TOUR => self.begin_tour(),
            fragment => self.open_link(fragment),
        }
    }

    /// Shows the view of one photo.
    pub fn enter_invert(self) {
        if self.mode.get_untracked() != Mode::Invert {
            self.enter(Mode::Invert);
            self.show_or_compute();
        }
    }
}
