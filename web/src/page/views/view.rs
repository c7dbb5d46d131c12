//! What a view is to what is around it, which asks it instead of knowing each.

use std::pin::Pin;
use std::sync::Arc;

use leptos::prelude::*;
use robust_core::link::Link;
use robust_core::settings::Crop;
use robust_core::settings::change::Goal;

use super::{Mode, VIEWS};
use crate::page::engines::slot::Slot;
use crate::page::history::{Described, Shown};
use crate::page::session::Session;
use crate::page::sharing::keep::Part;
use crate::page::sharing::url;
use crate::protocol::Image;

/// A link that is being made; `None` where none can tell what is shown.
pub type LinkMade = Pin<Box<dyn Future<Output = Option<Link>>>>;

/// Shows again what goes with a kept result beside its pictures.
pub type Again = Arc<dyn Fn(Session) + Send + Sync>;

/// What every view says of itself.
pub struct View {
    /// Which one it is.
    pub mode: Mode,
    /// The fragment that leads here.
    pub fragment: &'static str,
    /// What its tab says.
    pub tab: &'static str,
    /// What happens to photos that are dropped here.
    pub drop_words: &'static str,
    /// All that it shows.
    pub show: fn(Session) -> AnyView,
    /// Computes what it shows.
    pub compute: fn(Session),
    /// A model has come: it takes part in what the other one may be doing already.
    pub model_ready: fn(Session, Slot),
    /// What is described, for people.
    pub words: fn(&Described, Session) -> String,
    /// Canvases that stand for it where it is saved as one picture.
    pub parts: fn(Session) -> Vec<Part>,
    /// What it does unlike others.
    pub ways: Ways,
}

/// What views do in ways of their own; [`Ways::USUAL`] has what most of them do.
pub struct Ways {
    /// Shows the view in place of another.
    pub enter: fn(Session, Mode),

    /// Chooses a photo.
    pub select: fn(Session, usize),
    /// Whether a photo is chosen.
    pub is_chosen: fn(Session, usize) -> bool,
    /// The photo that the crop is of.
    pub cropped: fn(Session) -> usize,
    /// Whether all photos that are added at once have a part in it, and not only the first.
    pub takes_all: bool,
    /// Whether what is shown stays until a run has begun, and so if its photo cannot be read.
    pub stays: bool,
    /// A photo is gone, where another still is: goes on without the first if the view had chosen it.
    pub let_go: fn(Session, usize, usize),

    /// What an image is changed towards.
    pub goal: fn(Session) -> Option<Goal>,
    /// Makes a link to what is shown.
    pub link: fn(Session) -> LinkMade,
    /// The fragment of that link, once it is made.
    pub fragment: fn(Session) -> RwSignal<Option<String>>,

    /// The photos that what is described shows.
    pub photos: fn(&Described) -> Vec<usize>,
    /// Whether two of them show the same of the same photos.
    pub same: fn(&Described, &Described) -> bool,
    /// Steps of its own, back (`false`) and forth, in place of those through what was chosen.
    pub step: Option<fn(Session, bool)>,

    /// Whether what has come to its end is a result, to be kept.
    pub is_result: fn(Session) -> bool,
    /// Whether it goes on with the newest result, whose place it takes.
    pub goes_on: fn(Session) -> bool,
    /// Whether a network has a part in the result.
    pub takes_part: fn(Session, &Slot) -> bool,
    /// Whether a network shows one image at its end.
    pub image: bool,
    /// Whether it shows frames.
    pub frames: bool,
    /// Whether what it says of the photo is part of the result, which grows with every question.
    pub told: bool,
    /// The picture that stands for all of a network's result, if it is not the photo.
    pub small: fn(&Shown) -> Option<&Image>,
    /// Keeps what goes with the result.
    pub keep: fn(Session) -> Again,

    /// Whether there is nothing yet to save as a picture.
    pub waits: fn(Session) -> bool,
    /// What such a picture says of itself.
    pub caption: fn(Session) -> String,
}

impl Ways {
    /// A view of the chosen photo, of which each network shows frames.
    pub const USUAL: Self = Self {
        enter: |session, mode| {
            session.enter(mode);
            session.show_or_compute();
        },
        select: |session, id| {
            session.tray.selected.set(id);
            session.compute_again();
        },
        is_chosen: |session, id| session.tray.selected.get() == id,
        cropped: |session| session.tray.selected.get(),
        takes_all: false,
        stays: false,
        let_go: |_, _, _| {},
        goal: |_| None,
        link: |_| Box::pin(async { None }),
        fragment: |session| session.fragment,
        photos: |view| vec![view.selected],
        same: |_, _| true,
        step: None,
        is_result: |_| true,
        goes_on: |_| false,
        takes_part: |_, _| true,
        image: false,
        frames: true,
        told: false,
        small: |shown| shown.frames.last().or(shown.image.as_ref()),
        keep: |_| Arc::new(Session::show_link),
        waits: |session| !session.slots.iter().any(Slot::shows),
        caption: |session| session.describe().words(session),
    };
}

impl Session {
    /// The view at hand; whoever asks hears of another.
    pub fn view(self) -> &'static View {
        self.mode.get().view()
    }

    /// The view at hand.
    pub fn view_untracked(self) -> &'static View {
        self.mode.get_untracked().view()
    }

    /// Shows a view, if it is not there already.
    pub fn show_view(self, mode: Mode) {
        if self.mode.get_untracked() != mode {
            (mode.view().ways.enter)(self, mode);
        }
    }

    /// Chooses a photo, as the view at hand does that.
    pub fn select(self, id: usize) {
        (self.view_untracked().ways.select)(self, id);
    }

    /// Whether a photo is the one that is inverted, or part of the path.
    pub fn is_chosen(self, id: usize) -> bool {
        (self.view().ways.is_chosen)(self, id)
    }

    /// The photo that the crop is of: the inverted one, or the marked one of the path.
    pub fn cropped(self) -> usize {
        (self.view().ways.cropped)(self)
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
        (self.view_untracked().compute)(self);
    }

    /// Goes to what the fragment of the address says.
    pub fn follow_address(self) {
        let mode = self.mode.get_untracked();
        let fragment = url::fragment();
        if fragment == mode.fragment()
            && let Some(link) = self.fragment.get_untracked()
        {
            // The name of the view at hand, which the address says more of.
            match mode {
                Mode::Invert => self.show_link(),
                _ => url::replace_fragment(&link),
            }
            return;
        }
        match VIEWS.iter().find(|view| view.fragment == fragment) {
            Some(view) => self.show_view(view.mode),
            None if fragment == url::TOUR => self.begin_tour(),
            None => self.open_link(&fragment),
        }
    }
}
