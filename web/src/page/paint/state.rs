//! What is drawn, with what, and what was there before.

use leptos::prelude::*;
use robust_core::settings::paint::Making;
use robust_core::settings::{Constraint, PgdSettings};

use crate::drawing::{GREY, Ink, Stroke, flat, pixel_at};
use crate::page::session::Session;
use crate::protocol::Image;

/// Side of a drawing until a network says what it sees, in pixels.
const SIDE: u32 = 64;

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

/// A drawing, and the image that it began as.
#[derive(Clone)]
struct Sheet {
    drawing: Image,
    base: Image,
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
    /// Whether the standard network does the same beside it.
    pub compare: bool,
    /// Whether there are Gaussians of the classes to dream from.
    pub dreams: bool,
    /// Whether there is a step to go back.
    pub undo: bool,
}

/// What the drawing is made of; nothing that is shown depends on it.
#[derive(Default)]
pub(super) struct Work {
    /// The image that the drawing began as.
    base: Option<Image>,
    history: Vec<Sheet>,
    /// The centre of the ball of the run at hand.
    pub centre: Option<Image>,
    /// Pixels that were drawn since the engines last heard of the drawing.
    pub fresh: Vec<bool>,
    /// Pixels that were rubbed out.
    pub hole: Vec<bool>,
    /// Whether they have been filled.
    pub filled: bool,
    /// Where the pointer was, while it is down.
    last: Option<(f32, f32)>,
    /// When the engines last heard of the drawing, in ms.
    pub told: f64,
    /// Where the Gaussians of the classes are.
    pub gaussians: Option<String>,
    /// Number of the next dreams.
    pub seed: u32,
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
            compare: false,
            dreams: false,
            undo: false,
        };
        let sheet = flat(SIDE, GREY);
        let work = Work { base: Some(sheet.clone()), ..Work::default() };
        Self {
            drawing: RwSignal::new(sheet),
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

    /// The Gaussians of the classes are at this address.
    pub fn dream_from(self, gaussians: String) {
        self.work(|work| work.gaussians = Some(gaussians));
        self.choose(|chosen| chosen.dreams = true);
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
            let base = work.base.clone().unwrap_or_else(|| drawing.clone());
            work.history.push(Sheet { drawing, base });
        });
        self.choose(|chosen| chosen.undo = true);
    }

    fn put(self, sheet: Sheet) {
        self.drawing.set(sheet.drawing);
        let undo = self.work(|work| {
            work.base = Some(sheet.base);
            work.centre = None;
            work.fresh.clear();
            work.forget_hole();
            !work.history.is_empty()
        });
        self.choose(|chosen| (chosen.made, chosen.undo) = (false, undo));
    }
}

impl Work {
    fn forget_hole(&mut self) {
        self.hole.clear();
        self.filled = false;
    }
}

/// The paper's radius, as a share of as far as the steps could go.
fn usual_reach(making: Making) -> f32 {
    let settings = making.live_settings(SIDE as usize);
    let Constraint::L2 { epsilon } = settings.constraint else { return 1.0 };
    epsilon / (settings.steps as f32 * settings.step_size)
}

impl Session {
    /// Begins anew with an image.
    pub fn begin_drawing(self, image: Image) {
        self.forget_painting();
        self.paint.keep();
        self.paint.put(Sheet { base: image.clone(), drawing: image });
        self.look_at_drawing();
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

    /// The pointer is down at this place, in shares of the drawing's sides.
    pub fn begin_stroke(self, x: f32, y: f32) {
        let paint = self.paint;
        let Choices { tool, making, .. } = paint.chosen.get_untracked();
        if tool == Tool::Picker {
            let side = paint.side();
            let at = |share: f32| (share.clamp(0.0, 0.999) * side as f32) as usize;
            let place = at(y) * side as usize + at(x);
            let colour = paint.drawing.with_untracked(|drawing| pixel_at(drawing, place));
            return paint.choose(|chosen| (chosen.colour, chosen.tool) = (colour, Tool::Brush));
        }
        if making == Making::Inpaint {
            // What a hole grows from stays as it was; another hole is another run.
            self.forget_painting();
            paint.work(|work| {
                if work.filled {
                    work.forget_hole();
                }
            });
        }
        paint.keep();
        self.stroke(x, y);
    }

    /// The pointer moves while it is down.
    pub fn stroke(self, x: f32, y: f32) {
        let paint = self.paint;
        let Choices { tool, colour, width, making, .. } = paint.chosen.get_untracked();
        let (rubs, fills) = (tool == Tool::Rubber, making == Making::Inpaint);
        let mut drawing = paint.drawing.get_untracked();
        let size = drawing.size;
        let to = (x * size as f32, y * size as f32);
        paint.work(|work| {
            let from = work.last.replace(to).unwrap_or(to);
            let stroke = Stroke { from, to, radius: width * size as f32 / 2.0 };
            let ink = match &work.base {
                Some(base) if rubs => Ink::Image(base),
                _ if fills => Ink::Colour(GREY),
                _ => Ink::Colour(colour),
            };
            stroke.draw(&mut drawing, ink);
            if let Some(centre) = &mut work.centre {
                stroke.draw(centre, ink);
            }
            let mark = |mask: &mut Vec<bool>, value| {
                mask.resize((size * size) as usize, false);
                for (place, _) in stroke.covered(size) {
                    mask[place] = value;
                }
            };
            mark(&mut work.fresh, true);
            if fills {
                mark(&mut work.hole, !rubs);
            }
        });
        paint.drawing.set(drawing);
    }

    /// The pointer is up again.
    pub fn end_stroke(self) {
        if self.paint.work(|work| work.last.take()).is_some() {
            self.tell_of_strokes();
        }
    }
}
