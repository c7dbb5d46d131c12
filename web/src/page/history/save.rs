//! All results as one archive.

use wasm_bindgen::JsValue;
use web_sys::HtmlCanvasElement;

use super::shown::Shown;
use crate::page::components::canvas::{blank, draw, png_file, sheet};
use crate::page::photos::read;
use crate::page::session::Session;
use crate::page::views::morph::offer;
use crate::protocol::{Fault, Image};
use crate::zip::zip;

impl Session {
    /// Offers every result of this visit, a picture a network, in the order in which they were made.
    pub(super) async fn save_all(self) -> Result<(), Fault> {
        let failed = |error: JsValue| format!("the pictures could not be saved: {error:?}");
        let mut sheets = Vec::new();
        self.history.with(|kept| {
            for (i, made) in kept.made.iter().rev().enumerate() {
                for (slot, shown) in self.slots.iter().zip(&made.shown) {
                    if let Some(sheet) = shown.as_ref().and_then(sheet_of) {
                        sheets.push((file_name(i + 1, &made.words, slot.place.key()), sheet));
                    }
                }
            }
        });
        let mut files = Vec::new();
        for (name, sheet) in sheets {
            let file = png_file(&sheet).await.map_err(failed)?;
            files.push((name, read(&file).await.map_err(failed)?.to_vec()));
        }
        let archive = zip(&files).ok_or("the pictures are too large for one file")?;
        Ok(offer("made-here.zip", "application/zip", &archive).map_err(failed)?)
    }
}

/// The photo and all that came of it, side by side.
fn sheet_of(shown: &Shown) -> Option<HtmlCanvasElement> {
    let canvas = |image: &Image| {
        let (canvas, _) = blank(image.size, image.size)?;
        draw(&canvas, image);
        Some(canvas)
    };
    let canvases: Vec<_> =
        shown.photo().into_iter().chain(shown.pictures()).filter_map(canvas).collect();
    sheet(&canvases)
}

/// A name that every system takes.
fn file_name(number: usize, words: &str, network: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || !c.is_ascii() { c } else { '-' };
    let words: String = words.chars().map(plain).take(60).collect();
    let words: Vec<&str> = words.split('-').filter(|word| !word.is_empty()).collect();
    [&*format!("{number:02}"), &words.join("-"), network].join("-") + ".png"
}
