//! What is drawn, with what, and what was there before.

use leptos::prelude::*;
use robust_core::link::{DrawingLink, InkLink, StrokeLink};
use robust_core::settings::paint::Making;
use robust_core::settings::{Constraint, PgdSettings};

use crate::drawing::{GREY, flat, hole};
use crate::page::engines::slot::USUAL_SIDE;
use crate::page::session::Session;
use crate::protocol::Image;

/// Steps back that are kept.
const HISTORY: usize = 40;

/// What the pointer does to the drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// Draws, or rubs a hole that is to be filled.
    Brush,
    /// Brings back what was there at first.
    Rubber,
    /// Takes a colour from the drawing.
    Picker,
}

/// What a drawing began as, for a link.
#[derive(Clone, Copy, Debug)]
pub enum Origin {
    /// A colour, `0xRRGGBB`.
    Colour(u32),
    /// Noise of this seed.
    Noise(u32),
    /// The photo with this id.
    Photo(usize),
    /// What a network has made: only its pixels tell of it.
    Made,
}

/// A drawing, what it began as, and what was done to it since.
#[derive(Clone, Debug)]
pub(super) struct Sheet {
    pub drawing: Image,
    pub base: Image,
    pub origin: Origin,
    pub strokes: Vec<StrokeLink>,
    /// Whether a network has changed the drawing.
    pub touched: bool,
}

impl Sheet {
    /// One on which nothing was drawn.
    pub fn new(image: Image, origin: Origin) -> Self {
        let (drawing, base) = (image.clone(), image);
        Self { drawing, base, origin, strokes: Vec::new(), touched: false }
    }
}

/// What was painted, and all that it takes to go on with it.
#[derive(Clone, Debug)]
pub struct Painting {
    sheet: Option<Sheet>,
    chosen: Choices,
    centre: Option<Image>,
    by_hand: bool,
    seed: u32,
}

/// What the visitor has chosen.
#[derive(Clone, Copy, Debug)]
pub struct Choices {
    /// What the pointer does.
    pub tool: Tool,
    /// Colour of the brush, `0xRRGGBB`.
    pub colour: u32,
    /// Width of the brush, as a share of the drawing's side.
    pub width: f32,
    /// What is made of the drawing.
    pub making: Making,
    /// How far it may go, as a share of as far as the steps could.
    pub reach: f32,
    /// What it is to become; `None` for what the network sees in it.
    pub class: Option<usize>,
    /// Whether something was made of it, and not only looked at.
    pub made: bool,
    /// Which of the images that were made last is on the sheet, for saving how it came about.
    pub film: Option<usize>,
    /// Whether the standard network does the same beside it.
    pub compare: bool,
    /// Whether there are Gaussians of the classes to dream from.
    pub dreams: bool,
    /// Whether there is a step to go back.
    pub undo: bool,
    /// Where the brush is that the arrow keys move, across and down in shares of the side.
    pub cursor: Option<(f32, f32)>,
}

/// What the drawing is made of; nothing that is shown depends on it.
#[derive(Default)]
pub(super) struct Work {
    /// The sheet that lies there. Its drawing is the one of [`Paint::drawing`] only once it is kept.
    pub sheet: Option<Sheet>,
    history: Vec<Sheet>,
    /// What the run at hand began with, strokes since then included: the centre of its ball.
    pub centre: Option<Image>,
    /// Pixels that were drawn since the engines last heard of the drawing.
    pub fresh: Vec<bool>,
    /// Where the pointer was, while it is down, as a link has it.
    pub last: Option<[u8; 2]>,
    /// Whether strokes, another radius or the visitor's "stop" had a part in what was made: nobody
    /// gets there again from what it began with.
    pub by_hand: bool,
    /// When the engines last heard of the drawing, in ms.
    pub told: f64,
    /// Where the Gaussians of the classes are.
    pub gaussians: Option<String>,
    /// Number of the newest dreams.
    pub seed: u32,
    /// A drawing of a link that waits for its network.
    pub wanted: Option<DrawingLink>,
}

/// Handles to everything about the drawing. Few, since each type that is watched makes the page larger.
#[derive(Clone, Copy)]
pub struct Paint {
    /// The drawing as it is now.
    pub drawing: RwSignal<Image>,
    /// What the visitor has chosen.
    pub chosen: RwSignal<Choices>,
    work: StoredValue<Work>,
}

impl Paint {
    /// An empty sheet.
    pub fn new() -> Self {
        let chosen = Choices {
            tool: Tool::Brush,
            colour: 0x1d_6a_e0,
            width: 0.1,
            making: Making::Sketch,
            reach: usual_reach(Making::Sketch),
            class: None,
            made: false,
            film: None,
            compare: false,
            dreams: false,
            undo: false,
            cursor: None,
        };
        let sheet = Sheet::new(flat(USUAL_SIDE, GREY), Origin::Colour(GREY));
        let drawing = sheet.drawing.clone();
        let work = Work { sheet: Some(sheet), ..Work::default() };
        Self {
            drawing: RwSignal::new(drawing),
            chosen: RwSignal::new(chosen),
            work: StoredValue::new(work),
        }
    }

    /// Changes what is chosen.
    pub fn choose(self, change: impl FnOnce(&mut Choices)) {
        self.chosen.update(change);
    }

    /// Reads or changes what the drawing is made of. Nothing else may be asked for meanwhile.
    pub(super) fn work<T>(self, with: impl FnOnce(&mut Work) -> T) -> T {
        self.work
            .try_update_value(with)
            .unwrap_or_else(|| unreachable!("it lives as long as the page"))
    }

    /// The Gaussians of the classes are at this address, if there are some.
    pub fn dream_from(self, gaussians: Option<String>) {
        self.choose(|chosen| chosen.dreams = gaussians.is_some());
        self.work(|work| work.gaussians = gaussians);
    }

    /// Side of the drawing in pixels.
    pub fn side(self) -> u32 {
        self.drawing.with_untracked(|drawing| drawing.size)
    }

    /// How it is made, within the radius that was chosen.
    pub fn settings(self) -> PgdSettings {
        let chosen = self.chosen.get_untracked();
        let settings = chosen.making.live_settings(self.side() as usize);
        let reach = settings.steps as f32 * settings.step_size * chosen.reach;
        PgdSettings { constraint: Constraint::L2 { epsilon: reach }, ..settings }
    }

    /// Chooses what is made, with the paper's radius.
    pub fn begin_making(self, making: Making) {
        self.choose(|chosen| {
            chosen.making = making;
            chosen.reach = usual_reach(making);
        });
        self.work(Work::forget_hole);
    }

    /// Whether nothing was drawn yet.
    pub(super) fn is_blank(self) -> bool {
        self.work(|work| {
            work.sheet.as_ref().is_none_or(|sheet| {
                let plain = matches!(sheet.origin, Origin::Colour(_));
                plain && sheet.strokes.is_empty() && !sheet.touched
            })
        })
    }

    /// The part of the sheet that was rubbed out.
    pub(super) fn hole(self) -> Vec<bool> {
        let side = self.side();
        self.work(|work| {
            let strokes = work.sheet.as_ref().map(|sheet| hole(&sheet.strokes, side));
            strokes.unwrap_or_default()
        })
    }

    /// Whether the pointer is down.
    pub fn is_drawing(self) -> bool {
        self.work(|work| work.last.is_some())
    }

    /// Remembers the drawing, to come back to it.
    pub(super) fn keep(self) {
        let drawing = self.drawing.get_untracked();
        self.work(|work| {
            if work.history.len() >= HISTORY {
                work.history.remove(0);
            }
            if let Some(sheet) = &mut work.sheet {
                sheet.drawing = drawing;
                work.history.push(sheet.clone());
            }
        });
        self.choose(|chosen| chosen.undo = true);
    }

    /// What lies there, to keep.
    pub fn painting(self) -> Painting {
        let drawing = self.drawing.get_untracked();
        let chosen = self.chosen.get_untracked();
        self.work(|work| {
            let sheet = work.sheet.clone().map(|sheet| Sheet { drawing, ..sheet });
            let (centre, by_hand, seed) = (work.centre.clone(), work.by_hand, work.seed);
            Painting { sheet, chosen, centre, by_hand, seed }
        })
    }

    /// Lays a sheet there, in place of the one that lies there.
    fn put(self, sheet: Sheet) {
        self.drawing.set(sheet.drawing.clone());
        let undo = self.work(|work| {
            work.sheet = Some(sheet);
            work.centre = None;
            work.fresh.clear();
            !work.history.is_empty()
        });
        self.choose(|chosen| (chosen.made, chosen.film, chosen.undo) = (false, None, undo));
    }
}

impl Work {
    /// What was rubbed out is grey paint from now on.
    fn forget_hole(&mut self) {
        for stroke in self.sheet.iter_mut().flat_map(|sheet| &mut sheet.strokes) {
            if stroke.ink == InkLink::Hole {
                stroke.ink = InkLink::Colour(GREY);
            }
        }
    }
}

/// The paper's radius, as a share of as far as the steps could go.
fn usual_reach(making: Making) -> f32 {
    let settings = making.live_settings(USUAL_SIDE as usize);
    let Constraint::L2 { epsilon } = settings.constraint else { return 1.0 };
    epsilon / (settings.steps as f32 * settings.step_size)
}

impl Session {
    /// Begins anew with an image.
    pub fn begin_drawing(self, image: Image, origin: Origin) {
        self.lay(image, origin);
        self.look_at_drawing();
    }

    /// The same without asking what the networks see in it.
    pub(super) fn lay(self, image: Image, origin: Origin) {
        self.forget_painting();
        self.paint.keep();
        self.paint.put(Sheet::new(image, origin));
    }

    /// Lays there what was kept, as it was made.
    pub fn paint_again(self, painting: Painting) {
        let paint = self.paint;
        let Painting { sheet, chosen: was, centre, by_hand, seed } = painting;
        let Some(sheet) = sheet else { return };
        paint.keep();
        paint.put(sheet);
        paint.work(|work| (work.centre, work.by_hand, work.seed) = (centre, by_hand, seed));
        paint.choose(|chosen| {
            chosen.making = was.making;
            chosen.reach = was.reach;
            chosen.class = was.class;
            chosen.compare = was.compare;
            chosen.made = was.made;
        });
        self.show_drawing_link();
    }

    /// Takes back the last stroke, or whatever it was.
    pub fn undo_drawing(self) {
        let sheet = self.paint.work(|work| work.history.pop());
        if let Some(sheet) = sheet {
            self.forget_painting();
            self.paint.put(sheet);
            self.look_at_drawing();
        }
    }
}
