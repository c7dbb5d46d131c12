//! Every view of the page, by name: a new one has its lines here, and all else in a file or a folder of its
//! own beside this one.

pub mod change;
pub mod explain;
pub mod invert;
pub mod morph;
pub mod paint;
pub mod view;

use leptos::prelude::Set;
use robust_core::link::Link;

use self::change::{Change, ChangeChosen};
use self::explain::{Explained, ExplainedChosen};
use self::invert::{Invert, InvertChosen};
use self::morph::{Morph, PathChosen};
use self::paint::Paint;
use self::view::View;
use crate::page::session::Session;

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

/// What each of them is, in the same order, which is that of the tabs.
pub static VIEWS: [&View; 7] = [
    &invert::VIEW,
    &morph::VIEW,
    &explain::VIEW,
    &change::ATLAS,
    &change::ADD,
    &change::COLLIDE,
    &paint::VIEW,
];

const _: () = {
    assert!(VIEWS.len() == Mode::Paint as usize + 1, "every `Mode` has its view");
    let mut i = 0;
    while i < VIEWS.len() {
        assert!(VIEWS[i].mode as usize == i, "the views are in the order of `Mode`");
        i += 1;
    }
};

impl Mode {
    /// The view that it stands for.
    pub fn view(self) -> &'static View {
        VIEWS[self as usize]
    }

    /// The fragment that leads there.
    pub fn fragment(self) -> &'static str {
        self.view().fragment
    }
}

/// What the views have chosen and show, each in a room of its own.
pub struct Rooms {
    /// How a photo is inverted.
    pub invert: Invert,
    /// What is explained.
    pub explained: Explained,
    /// What an image is changed towards.
    pub change: Change,
    /// The path between photos.
    pub morph: Morph,
    /// The drawing.
    pub paint: Paint,
}

/// What is chosen in each of them. A drawing is more than that, and has steps of its own.
#[derive(Debug, PartialEq)]
pub struct Chosen {
    /// How a photo is inverted.
    pub invert: InvertChosen,
    /// What is explained.
    pub explained: ExplainedChosen,
    /// What an image is changed towards.
    pub change: ChangeChosen,
    /// The path between photos.
    pub path: PathChosen,
}

impl Rooms {
    /// As a visitor finds them.
    pub fn new() -> Self {
        Self {
            invert: Invert::new(),
            explained: Explained::new(),
            change: Change::new(),
            morph: Morph::new(),
            paint: Paint::new(),
        }
    }

    /// What is chosen now.
    pub fn chosen(&self) -> Chosen {
        Chosen {
            invert: self.invert.chosen(),
            explained: self.explained.chosen(),
            change: self.change.chosen(),
            path: self.morph.chosen(),
        }
    }

    /// Chooses all that again, without computing anything.
    pub fn choose(&self, chosen: &Chosen) {
        self.invert.choose(&chosen.invert);
        self.explained.choose(&chosen.explained);
        self.change.choose(&chosen.change);
        self.morph.choose(&chosen.path);
    }
}

impl Chosen {
    /// The photos among it.
    pub fn photos(&self) -> impl Iterator<Item = usize> {
        let started = [self.invert.start, self.change.start].into_iter();
        let stops = self.path.stops.iter().copied();
        started.filter_map(|start| start.photo()).chain([self.change.other]).chain(stops)
    }
}

impl Session {
    /// Shows what a link says. Nothing in it is trusted.
    pub fn open_link(self, text: &str) {
        match Link::from_fragment(text) {
            Ok(Link::Invert { photo, settings, start }) => {
                self.open_inversion(&photo, settings, &start);
            }
            Ok(Link::Path(link)) => self.open_path(link),
            Ok(Link::Explain { photo, class }) => self.open_explanation(&photo, class, None),
            Ok(Link::WhyNot { photo, class, other }) => {
                self.open_explanation(&photo, class, Some(other));
            }
            Ok(Link::Change { start, other, goal }) => {
                self.open_change(&start, other.as_ref(), goal, false, None);
            }
            Ok(Link::ChangeBy { start, other, goal, authors, region }) => {
                self.open_change(&start, other.as_ref(), goal, authors, region.as_ref());
            }
            Ok(Link::Drawing(link)) => self.open_drawing(link),
            Err(error) => {
                let way_on = "Below you can make a picture or a path of your own.";
                self.notice.set(Some(format!("{error}. {way_on}")));
            }
        }
    }
}
