//! One picture of what is shown, to save, copy and share: photo and results side by side, with a
//! caption.

use js_sys::{Array, Object, Reflect};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, ClipboardItem, File, FilePropertyBag, HtmlCanvasElement, Navigator, ShareData,
};

use super::url;
use crate::page::components::canvas::{Bare, BarePixels, blank, found, offer_png, png};
use crate::page::engines::slot::Slot;
use crate::page::session::Session;

/// Width of the picture in pixels, the space around its parts, the height of a line of text, and the
/// most parts in a row.
const WIDTH: u32 = 1216;
const GAP: f64 = 16.0;
const LINE: f64 = 36.0;
const COLUMNS: usize = 5;

/// Paper and ink of the page in daylight: a picture is seen on other people's pages.
const PAPER: &str = "#faf8f4";
const INK: &str = "#1d2026";

const PNG: &str = "image/png";

/// The ways out of the page for a picture of what is shown.
#[component]
pub fn Keep(session: Session) -> impl IntoView {
    let Bare(bare) = expect_context();
    let told = RwSignal::new("");
    let waiting = move || (session.view().ways.waits)(session);
    let drawn = move || untrack(|| drawn(session, bare.get()));
    let save = move |_| {
        if let Some(canvas) = drawn() {
            offer_png(&canvas, &file_name(session));
        }
    };
    let copy = move |_| {
        let Some(canvas) = drawn() else { return };
        spawn_local(async move {
            told.set(match copied(&canvas).await {
                Ok(()) => "Copied.",
                Err(_) => "This browser cannot copy pictures. Save it instead.",
            });
        });
    };
    let share = move |_| {
        let Some(canvas) = drawn() else { return };
        spawn_local(async move {
            if shared(session, &canvas).await.is_err() {
                told.set("It was not shared.");
            }
        });
    };
    let navigator = window().navigator();
    let has = |of: &JsValue, name: &str| Reflect::has(of, &name.into()).unwrap_or(false);
    let copies = has(&window(), "ClipboardItem");
    let shares = has(&navigator, "canShare");
    view! {
        <button id="save-picture" on:click=save disabled=waiting>"Save picture"</button>
        {copies.then(|| view! {
            <button id="copy-picture" on:click=copy disabled=waiting>"Copy picture"</button>
        })}
        {shares.then(|| view! {
            <button id="share-picture" on:click=share disabled=waiting>"Share picture…"</button>
        })}
        <BarePixels />
        <span role="status">{move || told.get()}</span>
    }
}

impl Slot {
    /// Whether it shows something.
    pub fn shows(&self) -> bool {
        self.image.with(Option::is_some) || !self.frames.with(Vec::is_empty)
    }
}

/// A canvas that stands for a view, by its id, and what stands above it.
pub type Part = (String, String);

/// The canvases of all networks that show something, whose ids end in `what`.
pub fn of_networks(session: Session, what: &str) -> Vec<Part> {
    let part = |slot: Slot| ([slot.place.key(), what].concat(), slot.title());
    session.at_work().into_iter().filter(Slot::shows).map(part).collect()
}

/// The photo, and those canvases beside it.
pub fn photo_and_networks(session: Session, what: &str) -> Vec<Part> {
    let photo = ("original-image".to_owned(), "Photo".to_owned());
    [vec![photo], of_networks(session, what)].concat()
}

fn file_name(session: Session) -> String {
    let name = match session.view_untracked().fragment {
        "" => "inversion",
        view => view,
    };
    [name, ".png"].concat()
}

/// What is shown, side by side, under headings and above a caption.
fn drawn(session: Session, bare: bool) -> Option<HtmlCanvasElement> {
    let view = session.view();
    let parts = (view.parts)(session).into_iter();
    let parts: Vec<_> = parts.filter_map(|(id, heading)| Some((found(id)?, heading))).collect();
    let columns = parts.len().clamp(1, COLUMNS);
    let rows = parts.len().div_ceil(columns) as f64;
    let head = if parts.iter().all(|(_, heading)| heading.is_empty()) { 0.0 } else { LINE };
    let side = ((f64::from(WIDTH) - GAP) / columns as f64 - GAP).floor();
    let below = rows * (head + side + GAP);
    let height = below + 2.0 * LINE + GAP;
    let (canvas, context) = blank(WIDTH, height as u32)?;
    context.set_fill_style_str(PAPER);
    context.fill_rect(0.0, 0.0, f64::from(WIDTH), height);
    context.set_fill_style_str(INK);
    context.set_image_smoothing_enabled(!bare);
    context.set_font("600 22px system-ui, sans-serif");
    for (i, (part, heading)) in parts.into_iter().enumerate() {
        let left = GAP + (i % columns) as f64 * (side + GAP);
        let top = GAP + (i / columns) as f64 * (head + side + GAP);
        context.fill_text_with_max_width(&heading, left, top + 20.0, side).ok()?;
        context
            .draw_image_with_html_canvas_element_and_dw_and_dh(&part, left, top + head, side, side)
            .ok()?;
    }
    let made = ["Made with robust-reps: ", &*url::page()].concat();
    context.set_font("20px system-ui, sans-serif");
    let most = f64::from(WIDTH) - 2.0 * GAP;
    for (line, words) in [(1.0, (view.ways.caption)(session)), (2.0, made)] {
        let baseline = below + line * LINE - 8.0;
        context.fill_text_with_max_width(&words, GAP, baseline, most).ok()?;
    }
    Some(canvas)
}

/// Safari takes a promise only within the click, so the clipboard waits and not this.
async fn copied(canvas: &HtmlCanvasElement) -> Result<(), JsValue> {
    let record = Object::new();
    Reflect::set(&record, &PNG.into(), &png(canvas))?;
    let item = ClipboardItem::new_with_record_from_str_to_blob_promise(&record)?;
    let clipboard = window().navigator().clipboard();
    JsFuture::from(clipboard.write(&Array::of1(&item))).await.map(drop)
}

/// Hands the picture to the system's sheet. Turning that down is no mistake.
async fn shared(session: Session, canvas: &HtmlCanvasElement) -> Result<(), JsValue> {
    let blob: Blob = JsFuture::from(png(canvas)).await?.dyn_into()?;
    let kind = FilePropertyBag::new();
    kind.set_type(PNG);
    let file =
        File::new_with_blob_sequence_and_options(&Array::of1(&blob), &file_name(session), &kind)?;
    let data = ShareData::new();
    data.set_files(&Array::of1(&file));
    // Whoever gets the picture can open what it shows.
    let fragment = (session.view_untracked().ways.fragment)(session).get_untracked();
    data.set_text(&fragment.map_or_else(url::page, |fragment| url::to_share(&fragment)));
    let navigator: Navigator = window().navigator();
    if !navigator.can_share_with_data(&data) {
        return Err(JsValue::NULL);
    }
    let _ = JsFuture::from(navigator.share_with_data(&data)).await;
    Ok(())
}
