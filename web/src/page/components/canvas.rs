//! Showing and saving images.

use js_sys::Promise;
use leptos::html::Canvas;
use leptos::prelude::*;
use wasm_bindgen::{Clamped, JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, CanvasRenderingContext2d, HtmlCanvasElement, ImageData};

use crate::protocol::Image;

/// Images in a row of a saved sheet, and the side of each in pixels; twice that where there are few.
const COLUMNS: usize = 5;
const TILE: u32 = 256;

/// Whether pictures are shown as bare pixels instead of smoothly enlarged; a context of the page. It is
/// told anew when the browser has emptied canvases, whose pixels were on a graphics device that is lost.
#[derive(Clone, Copy)]
pub struct Bare(pub RwSignal<bool>);

/// The switch between both.
#[component]
pub fn BarePixels() -> impl IntoView {
    let Bare(bare) = expect_context();
    view! {
        <label class="check">
            <input type="checkbox" prop:checked=move || bare.get()
                on:change=move |event| bare.set(event_target_checked(&event)) />
            "Bare pixels"
        </label>
    }
}

/// A canvas that shows an image.
#[component]
pub fn ImageCanvas(
    /// The image, if there is one yet.
    #[prop(into)]
    image: Signal<Option<Image>>,
    /// What it shows, for those who cannot see it.
    label: &'static str,
    /// For finding it again.
    id: String,
) -> impl IntoView {
    let canvas = NodeRef::<Canvas>::new();
    let Bare(bare) = expect_context();
    Effect::new(move || {
        bare.track();
        if let (Some(canvas), Some(image)) = (canvas.get(), image.get()) {
            draw(&canvas, &image);
        }
    });
    view! { <canvas node_ref=canvas id=id width="64" height="64" role="img" aria-label=label /> }
}

/// Puts an image onto a canvas, which takes its size.
pub fn draw(canvas: &HtmlCanvasElement, image: &Image) {
    let pixels = Clamped(image.rgba.as_slice());
    let Ok(data) = ImageData::new_with_u8_clamped_array(pixels, image.size) else {
        return;
    };
    canvas.set_width(image.size);
    canvas.set_height(image.size);
    let context = canvas.get_context("2d").ok().flatten();
    if let Some(context) = context.and_then(|c| c.dyn_into::<CanvasRenderingContext2d>().ok()) {
        let _ = context.put_image_data(&data, 0.0, 0.0);
    }
}

/// Buttons that save a canvas as a PNG file: enlarged as it is shown, or pixel for pixel.
#[component]
pub fn SavePng(
    /// Its id.
    canvas: String,
    /// Name of the file.
    file: String,
    /// Whether there is nothing to save yet.
    disabled: Signal<bool>,
) -> impl IntoView {
    let what = StoredValue::new((canvas, file));
    let save = move |_| {
        let (canvas, file) = what.get_value();
        save_sheet([canvas], &file);
    };
    let save_small = move |_| {
        let (canvas, file) = what.get_value();
        if let Some(canvas) = found(canvas) {
            offer_png(&canvas, &file);
        }
    };
    view! {
        <div class="buttons">
            <button class="save" on:click=save disabled=move || disabled.get()>"Save PNG"</button>
            <button class="save-small" title="Pixel for pixel, as the network sees it" on:click=save_small
                disabled=move || disabled.get()>"Save at 1x"</button>
        </div>
    }
}

/// The canvas with this id, where it is on the page.
pub fn found(id: String) -> Option<HtmlCanvasElement> {
    document().get_element_by_id(&id)?.dyn_into().ok()
}

/// Offers the content of those of these canvases that are there, side by side, as one PNG file. They
/// are enlarged as the page shows them: a picture of 64 pixels would be a stamp elsewhere.
pub fn save_sheet(canvas_ids: impl IntoIterator<Item = String>, file_name: &str) {
    let canvases: Vec<HtmlCanvasElement> = canvas_ids.into_iter().filter_map(found).collect();
    if let Some(sheet) = sheet(&canvases) {
        offer_png(&sheet, file_name);
    }
}

/// All of these side by side, enlarged.
pub fn sheet(canvases: &[HtmlCanvasElement]) -> Option<HtmlCanvasElement> {
    let tile = if canvases.len() > 2 { TILE } else { 2 * TILE };
    let (columns, rows) = (canvases.len().min(COLUMNS), canvases.len().div_ceil(COLUMNS));
    let (sheet, context) = blank(columns as u32 * tile, rows as u32 * tile)?;
    let bare = document().query_selector(".bare").ok().flatten().is_some();
    context.set_image_smoothing_enabled(!bare);
    for (i, canvas) in canvases.iter().enumerate() {
        let place = |at: usize| at as f64 * f64::from(tile);
        let (x, y, side) = (place(i % COLUMNS), place(i / COLUMNS), f64::from(tile));
        let _ = context.draw_image_with_html_canvas_element_and_dw_and_dh(canvas, x, y, side, side);
    }
    Some(sheet)
}

/// A canvas of this size that is not part of the page, and what draws on it.
pub fn blank(width: u32, height: u32) -> Option<(HtmlCanvasElement, CanvasRenderingContext2d)> {
    let canvas = document().create_element("canvas").ok()?.dyn_into::<HtmlCanvasElement>().ok()?;
    canvas.set_width(width);
    canvas.set_height(height);
    let context = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    Some((canvas, context))
}

/// Offers the content of a canvas as a PNG file.
pub fn offer_png(canvas: &HtmlCanvasElement, file_name: &str) {
    let link = document().create_element("a").ok();
    let link = link.and_then(|a| a.dyn_into::<web_sys::HtmlAnchorElement>().ok());
    if let (Some(link), Ok(url)) = (link, canvas.to_data_url_with_type("image/png")) {
        link.set_href(&url);
        link.set_download(file_name);
        link.click();
    }
}

/// The canvas as a PNG file, as soon as the browser has written it.
pub fn png(canvas: &HtmlCanvasElement) -> Promise {
    Promise::new(&mut |done, failed| {
        if let Err(error) = canvas.to_blob(&done) {
            let _ = failed.call1(&JsValue::NULL, &error);
        }
    })
}

/// The same, once it is made.
pub async fn png_file(canvas: &HtmlCanvasElement) -> Result<Blob, JsValue> {
    JsFuture::from(png(canvas)).await?.dyn_into()
}
