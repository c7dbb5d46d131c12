//! Asking the engines to make something of the drawing, and hearing of it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use robust_core::settings::paint::Making;
use serde_bytes::ByteBuf;

use super::state::{Choices, Origin};
use crate::drawing::{GREY, flat, laid_over};
use crate::page::download;
use crate::page::engines::place::PLACES;
use crate::page::engines::slot::Slot;
use crate::page::session::Session;
use crate::page::views::Mode;
use crate::page::views::morph::preview;
use crate::protocol::{Image, PaintRequest, PaintStart, Task};
use crate::turn::Phase;

/// How often the engines hear of a stroke while it is drawn, in ms.
const TELL_EVERY: f64 = 250.0;

/// Dreams at a time.
pub const DREAMS: u32 = 4;

impl Session {
    pub(super) fn show_paint(self) {
        if self.mode.get_untracked() != Mode::Paint {
            for slot in self.slots {
                slot.image.set(None);
                slot.frames.set(Vec::new());
            }
            self.enter(Mode::Paint);
        }
    }

    /// The robust network, and the others where they are wanted.
    fn painting_slots(self) -> Vec<Slot> {
        let painters = if self.paint.chosen.get_untracked().compare { PLACES } else { 1 };
        self.slots[..painters].to_vec()
    }

    /// Ends whatever is made, unheard.
    pub(super) fn forget_painting(self) {
        self.slots.iter().for_each(Slot::forget);
        self.paint.work(|work| (work.centre, work.by_hand) = (None, false));
        // The other networks' are of what is not there any more.
        for beside in &self.slots[1..] {
            beside.image.set(None);
            beside.target.set(None);
            beside.frames.set(Vec::new());
        }
    }

    /// Side of what the robust network sees, in pixels, once it is there.
    fn seen_side(self) -> Option<u32> {
        untrack(|| self.slots[0].side())
    }

    /// Asks what the networks see in the drawing, where nothing is being made of it.
    pub fn look_at_drawing(self) {
        let paint = self.paint;
        if let Some(side) = self.seen_side() {
            if let Some(link) = paint.work(|work| work.wanted.take()) {
                return self.draw_link(link, side);
            }
            if side != paint.side() {
                // Drawn before it was known what this network sees.
                return self.begin_drawing(flat(side, GREY), Origin::Colour(GREY));
            }
        }
        paint.choose(|chosen| chosen.made = false);
        let drawing = paint.drawing.get_untracked();
        for slot in self.slots {
            // What it saw before stays until it has looked.
            slot.confidences.update(|[before, _]| before.clear());
        }
        self.ask_with(&self.painting_slots(), &|slot, run| slot.ask(run, 0), Vec::new(), &|_| {
            let start = PaintStart::Drawing { now: drawing.clone(), centre: None };
            Task::Paint(PaintRequest { start, hole: None, class: None, settings: None })
        });
        self.show_drawing_link();
    }

    /// Makes what was chosen of the drawing: this class, or what the network sees in it.
    pub fn make(self, class: Option<usize>) {
        let paint = self.paint;
        let making = paint.chosen.get_untracked().making;
        if making == Making::Inpaint && !paint.hole().contains(&true) {
            let words = "Rub out a part of the picture first; it grows again.";
            return self.notice.set(Some(words.into()));
        }
        paint.choose(|chosen| chosen.class = class);
        if making == Making::Generate {
            paint.work(|work| work.seed += 1);
            return self.dream(self.painting_slots(), class);
        }
        paint.keep();
        paint.work(|work| {
            if let Some(sheet) = work.sheet.as_mut().filter(|sheet| sheet.touched) {
                sheet.origin = Origin::Made;
            }
        });
        self.make_of(paint.drawing.get_untracked());
    }

    /// The same of this image.
    fn make_of(self, now: Image) {
        self.paint.choose(|chosen| (chosen.made, chosen.film) = (true, Some(0)));
        self.paint.work(|work| {
            work.fresh.clear();
            work.by_hand = false;
            work.centre = Some(now.clone());
        });
        self.ask_to_make(&self.painting_slots(), now);
    }

    /// Asks these models for it.
    fn ask_to_make(self, slots: &[Slot], now: Image) {
        let paint = self.paint;
        let fills = paint.chosen.get_untracked().making == Making::Inpaint;
        let hole = fills.then(|| paint.hole().into_iter().map(u8::from).collect::<Vec<u8>>());
        self.ask_to_paint(slots, true, &|| {
            let hole = hole.clone().map(ByteBuf::from);
            (PaintStart::Drawing { now: now.clone(), centre: None }, hole)
        });
    }

    /// Has the standard network do what the robust one has done, from the same drawing.
    pub fn compare_painters(self, compare: bool) {
        self.paint.choose(|chosen| chosen.compare = compare);
        let Choices { made, making, class, .. } = self.paint.chosen.get_untracked();
        match self.paint.work(|work| work.centre.clone()) {
            _ if !compare => {}
            Some(centre) if made => self.ask_to_make(&self.slots[1..], centre),
            None if made && making == Making::Generate => {
                self.dream(self.slots[1..].to_vec(), class);
            }
            _ => self.look_at_drawing(),
        }
    }

    /// Draws images of a class from its Gaussian and has these models go on from there.
    fn dream(self, slots: Vec<Slot>, class: Option<usize>) {
        let (url, seed) = self.paint.work(|work| {
            work.centre = None;
            (work.gaussians.clone(), work.seed)
        });
        let Some(url) = url else { return };
        self.paint.choose(|chosen| (chosen.made, chosen.film) = (true, Some(0)));
        spawn_local(async move {
            match download::bytes(&url).await {
                Ok(bytes) if self.paint.chosen.get_untracked().class == class => {
                    self.ask_to_paint(&slots, true, &|| {
                        let gaussians = ByteBuf::from(bytes.to_vec());
                        (PaintStart::Dreams { gaussians, count: DREAMS, seed }, None)
                    });
                }
                Ok(_) => {}
                Err(fault) => self.notice.set(Some(fault.message)),
            }
        });
    }

    fn ask_to_paint(
        self,
        slots: &[Slot],
        afresh: bool,
        start: &dyn Fn() -> (PaintStart, Option<ByteBuf>),
    ) {
        self.notice.set(None);
        let settings = self.paint.settings();
        let class = self.paint.chosen.get_untracked().class;
        self.paint.work(|work| work.told = js_sys::Date::now());
        let ask = |slot: &Slot, run| {
            if afresh {
                slot.confidences.set(Default::default());
                slot.ask_afresh(run, settings.steps);
            } else {
                slot.ask(run, settings.steps);
            }
        };
        self.ask_with(slots, &ask, Vec::new(), &|_| {
            let (start, hole) = start();
            Task::Paint(PaintRequest { start, hole, class, settings: Some(settings) })
        });
        if !self.paint.is_drawing() {
            self.show_drawing_link();
        }
    }

    /// Whether a drawing is on its way to a class, or has come there unless it was stopped, and strokes
    /// join it. A hole is filled from what is around it: there is nothing to draw on meanwhile.
    fn can_go_on(self) -> bool {
        let Choices { made, making, .. } = self.paint.chosen.get_untracked();
        let [robust, ..] = &self.slots;
        made && making != Making::Inpaint
            && self.paint.work(|work| work.centre.is_some())
            && (untrack(|| robust.is_busy()) || !robust.course.stopped.get_untracked())
    }

    /// Goes on with the drawing as it is now, strokes and radius included.
    fn go_on_painting(self) {
        let now = self.paint.drawing.get_untracked();
        let centre = self.paint.work(|work| {
            work.by_hand = true;
            work.fresh.clear();
            work.centre.clone()
        });
        self.ask_to_paint(&self.painting_slots(), false, &|| {
            (PaintStart::Drawing { now: now.clone(), centre: centre.clone() }, None)
        });
    }

    /// The drawing may go further, or less far, than what is made of it began with.
    pub fn reach_has_moved(self) {
        let Choices { made, making, class, .. } = self.paint.chosen.get_untracked();
        let centre = self.paint.work(|work| work.centre.clone());
        match (making, centre) {
            _ if !made => {}
            (Making::Generate, _) => self.dream(self.painting_slots(), class),
            (Making::Inpaint, Some(centre)) => self.make_of(centre),
            _ if self.can_go_on() => self.go_on_painting(),
            _ => {}
        }
    }

    /// Ends what is made where it stands.
    pub fn stop_painting(self) {
        if untrack(|| self.slots[0].is_busy()) {
            self.paint.work(|work| work.by_hand = work.centre.is_some());
        }
        self.stop();
    }

    /// What was made has come to its end.
    pub(super) fn has_painted(self) {
        if self.paint.work(|work| work.by_hand) {
            self.show_drawing_link();
        }
    }

    /// The engines hear of strokes: of a run's at once, else when they are done.
    pub(super) fn tell_of_strokes(self) {
        let drawing = self.paint.is_drawing();
        if self.can_go_on() {
            if !drawing || js_sys::Date::now() - self.paint.work(|work| work.told) > TELL_EVERY {
                self.go_on_painting();
            }
        } else if !drawing && self.paint.chosen.get_untracked().making != Making::Generate {
            self.look_at_drawing();
        }
    }

    /// What the robust network has made becomes the drawing, under what was drawn meanwhile.
    pub(super) fn painted(self, image: Image) {
        // Of a run that does not know of the newest strokes.
        if untrack(|| self.slots[0].phase()) == Phase::Reading {
            return;
        }
        let paint = self.paint;
        let drawing = paint.drawing.get_untracked();
        if image.size == drawing.size {
            let fresh = paint.work(|work| {
                if let Some(sheet) = &mut work.sheet {
                    sheet.touched = true;
                }
                work.fresh.clone()
            });
            paint.drawing.set(laid_over(image, &drawing, &fresh));
        }
    }

    /// Paints a class: turns the chosen photo into one, or dreams up some.
    pub fn paint_class(self, class: usize, photo: bool) {
        self.show_paint();
        let paint = self.paint;
        let side = self.seen_side().unwrap_or(paint.side());
        if !photo {
            if side != paint.side() {
                self.lay(flat(side, GREY), Origin::Colour(GREY));
            }
            paint.begin_making(Making::Generate);
            return self.make(Some(class));
        }
        let Some(photo) = self.photo(self.tray.selected.get_untracked()) else { return };
        spawn_local(async move {
            let image = preview(&photo, side).await;
            if let (Some(image), Mode::Paint) = (image, self.mode.get_untracked()) {
                paint.begin_making(Making::Translate);
                self.lay(image, Origin::Photo(photo.id));
                self.make(Some(class));
            }
        });
    }

    /// Puts the chosen photo on the sheet.
    pub fn paint_on_photo(self) {
        let Some(photo) = self.photo(self.tray.selected.get_untracked()) else { return };
        spawn_local(async move {
            let newest = |id| {
                self.tray.selected.get_untracked() == id && self.mode.get_untracked() == Mode::Paint
            };
            match preview(&photo, self.paint.side()).await {
                Some(image) if newest(photo.id) => {
                    self.begin_drawing(image, Origin::Photo(photo.id));
                }
                Some(_) => {}
                None => {
                    let name = photo.name;
                    self.notice
                        .set(Some(format!("{name}: this is not an image that is shown here")));
                }
            }
        });
    }
}
