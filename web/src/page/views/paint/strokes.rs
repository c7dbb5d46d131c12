//! Strokes of the pointer, of the keys, and of a link.

use leptos::prelude::*;
use robust_core::link::{InkLink, StrokeLink};
use robust_core::settings::paint::Making;
use serde_bytes::ByteBuf;

use super::state::{Choices, Origin, Paint, Tool};
use crate::drawing::{GREY, Ink, Stroke, lines, pixel_at};
use crate::page::session::Session;

impl Session {
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
        }
        paint.keep();
        paint.work(|work| {
            if let Some(sheet) = work.sheet.as_mut().filter(|_| making == Making::Inpaint)
                && sheet.touched
            {
                sheet.touched = false;
                sheet.origin = Origin::Made;
                sheet.strokes.clear();
            }
        });
        self.stroke(x, y);
    }

    /// The pointer moves while it is down.
    pub fn stroke(self, x: f32, y: f32) {
        let paint = self.paint;
        let Choices { tool, colour, width, making, .. } = paint.chosen.get_untracked();
        let ink = match (tool, making) {
            (Tool::Rubber, _) => InkLink::Sheet,
            (_, Making::Inpaint) => InkLink::Hole,
            _ => InkLink::Colour(colour),
        };
        let width = (100.0 * width).round() as u8;
        // Drawn as a link tells it, so that whoever opens one sees the same.
        let to = [x, y].map(StrokeLink::place);
        let part = |places: &[u8]| StrokeLink { ink, width, places: ByteBuf::from(places) };
        let drawn = paint.work(|work| {
            let sheet = work.sheet.as_mut()?;
            match work.last.replace(to) {
                Some(from) if from == to => None,
                Some(from) => {
                    sheet.strokes.last_mut()?.places.extend(to);
                    Some(part(&[from, to].concat()))
                }
                None => {
                    sheet.strokes.push(part(&to));
                    Some(part(&to))
                }
            }
        });
        if let Some(drawn) = drawn
            && let Some(line) = lines(&drawn, paint.side()).last()
        {
            paint.draw(ink, line);
        }
    }

    /// The pointer is up again.
    pub fn end_stroke(self) {
        if self.paint.work(|work| work.last.take()).is_some() {
            self.tell_of_strokes();
        }
    }

    /// An arrow key moves the brush by its width, space puts it down and lifts it; whether this was
    /// such a key.
    pub fn draw_by_key(self, key: &str) -> bool {
        let paint = self.paint;
        let Choices { cursor, width, .. } = paint.chosen.get_untracked();
        let (x, y) = cursor.unwrap_or((0.5, 0.5));
        let step = (width / 2.0).max(0.02);
        let to = match key {
            "ArrowLeft" => (x - step, y),
            "ArrowRight" => (x + step, y),
            "ArrowUp" => (x, y - step),
            "ArrowDown" => (x, y + step),
            " " if paint.is_drawing() => {
                self.end_stroke();
                return true;
            }
            " " => {
                self.begin_stroke(x, y);
                (x, y)
            }
            _ => return false,
        };
        let (x, y) = (to.0.clamp(0.0, 1.0), to.1.clamp(0.0, 1.0));
        paint.choose(|chosen| chosen.cursor = Some((x, y)));
        if paint.is_drawing() {
            self.stroke(x, y);
            self.tell_of_strokes();
        }
        true
    }
}

impl Paint {
    /// Draws a whole stroke.
    pub(super) fn draw_whole(self, stroke: &StrokeLink) {
        for line in lines(stroke, self.side()) {
            self.draw(stroke.ink, line);
        }
    }

    fn draw(self, ink: InkLink, line: Stroke) {
        let mut drawing = self.drawing.get_untracked();
        let size = drawing.size;
        self.work(|work| {
            let ink = match (ink, &work.sheet) {
                (InkLink::Sheet, Some(sheet)) => Ink::Image(&sheet.base),
                (InkLink::Colour(colour), _) => Ink::Colour(colour),
                _ => Ink::Colour(GREY),
            };
            line.draw(&mut drawing, ink);
            if let Some(centre) = &mut work.centre {
                line.draw(centre, ink);
            }
            work.fresh.resize((size * size) as usize, false);
            for (place, _) in line.covered(size) {
                work.fresh[place] = true;
            }
        });
        self.drawing.set(drawing);
    }
}
