//! One picture of an inversion, to save, copy and share: photo and results side by side, with a
//! caption.

use js_sys::{Array, Object, Reflect};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, ClipboardItem, File, FilePropertyBag, HtmlCanvasElement, Navigator, ShareData,
};

use super::canvas::{Bare, BarePixels, blank, offer_png, png};
use super::session::Session;
use super::url;

/// Width of the picture in pixels, the space around its parts, and the height of a line of text.
const WIDTH: u32 = 1216;
const GAP: f64 = 16.0;
const LINE: f64 = 36.0;

/// Paper and ink of the page in daylight: a picture is seen on other people's pages.
const PAPER: &str = "#faf8f4";
const INK: &str = "#1d2026";

const FILE: &str = "inversion.png";
const PNG: &str = "image/png";

/// The ways out of the page for a picture of what is shown.
#[component]
pub fn Keep(session: Session) -> impl IntoView {
    let Bare(bare) = expect_context();
    let told = RwSignal::new("");
    let waiting = move || session.slots.iter().all(|slot| slot.image.with(Option::is_none));
    let drawn = move || untrack(|| drawn(session, bare.get()));
    let save = move |_| {
        if let Some(canvas) = drawn() {
            offer_png(&canvas, FILE);
        }
    };
    let copy = move |_| {
        let Some(canvas) = drawn() else { return };
        spawn_local(async move {
            told.set(match copied(&canvas).await {
                Ok(()) => "Copied.",
                Err(_) => "This browser copies no pictures: save it instead.",
            });
        });
    };
    let share = move |_| {
        let Some(canvas) = drawn() else { return };
        spawn_local(async move {
            if shared(&canvas).await.is_err() {
                told.set("It was not shared.");
            }
        });
    };
    let navigator = window().navigator();
    let has = |of: &JsValue, name: &str| Reflect::has(of, &name.into()).unwrap_or(false);
    let copies = has(&window(), "ClipboardItem");
    let shares = has(&navigator, "canShare");
    view! {
        <div class="buttons keep">
            <button id="save-picture" on:click=save disabled=waiting>"Save picture"</button>
            {copies.then(|| view! {
                <button id="copy-picture" on:click=copy disabled=waiting>"Copy picture"</button>
            })}
            {shares.then(|| view! {
                <button id="share-picture" on:click=share disabled=waiting>"Share picture…"</button>
            })}
            <BarePixels />
            <span role="status">{move || told.get()}</span>
        </div>
    }
}

/// What is shown, side by side, under headings and above a caption.
fn drawn(session: Session, bare: bool) -> Option<HtmlCanvasElement> {
    let results = session.slots.into_iter().filter(|slot| slot.image.with(Option::is_some));
    let results = results.map(|slot| (slot.place.key(), slot.title()));
    let parts: Vec<_> = [("original", "Photo".to_owned())].into_iter().chain(results).collect();
    let count = parts.len() as f64;
    let side = ((f64::from(WIDTH) - GAP) / count - GAP).floor();
    let height = LINE + side + 2.0 * LINE + 2.0 * GAP;
    let (canvas, context) = blank(WIDTH, height as u32)?;
    context.set_fill_style_str(PAPER);
    context.fill_rect(0.0, 0.0, f64::from(WIDTH), height);
    context.set_fill_style_str(INK);
    context.set_image_smoothing_enabled(!bare);
    context.set_font("600 22px system-ui, sans-serif");
    for (i, (name, heading)) in parts.into_iter().enumerate() {
        let left = GAP + i as f64 * (side + GAP);
        context.fill_text_with_max_width(&heading, left, GAP + 20.0, side).ok()?;
        let part = document().get_element_by_id(&[name, "-image"].concat())?;
        let part = part.dyn_into::<HtmlCanvasElement>().ok()?;
        let top = GAP + LINE;
        context
            .draw_image_with_html_canvas_element_and_dw_and_dh(&part, left, top, side, side)
            .ok()?;
    }
    let photo = session.photo(session.selected.get()).map(|photo| photo.name).unwrap_or_default();
    let caption = [&*photo, ", and what each network kept of it, turned back into a picture"];
    let made = ["Made with robust-reps: ", &*url::page()];
    context.set_font("20px system-ui, sans-serif");
    let (below, most) = (GAP + LINE + side, f64::from(WIDTH) - 2.0 * GAP);
    for (line, words) in [(1.0, caption), (2.0, made)] {
        let baseline = below + line * LINE - 8.0;
        context.fill_text_with_max_width(&words.concat(), GAP, baseline, most).ok()?;
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
async fn shared(canvas: &HtmlCanvasElement) -> Result<(), JsValue> {
    let blob: Blob = JsFuture::from(png(canvas)).await?.dyn_into()?;
    let kind = FilePropertyBag::new();
    kind.set_type(PNG);
    let file = File::new_with_blob_sequence_and_options(&Array::of1(&blob), FILE, &kind)?;
    let data = ShareData::new();
    data.set_files(&Array::of1(&file));
    data.set_text(&url::page());
    let navigator: Navigator = window().navigator();
    if !navigator.can_share_with_data(&data) {
        return Err(JsValue::NULL);
    }
    let _ = JsFuture::from(navigator.share_with_data(&data)).await;
    Ok(())
}
