//! Showing and saving images.

use leptos::html::Canvas;
use leptos::prelude::*;
use wasm_bindgen::{Clamped, JsCast};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ImageData};

use crate::protocol::Image;

/// Images in a row of a saved sheet, and the side of each in pixels.
const COLUMNS: usize = 5;
const TILE: u32 = 192;

/// A canvas that shows an image, as crisp pixels.
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
    Effect::new(move || {
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

/// Offers the content of the canvas with this id as a PNG file.
pub fn save_png(canvas_id: &str, file_name: &str) {
    let canvas = document().get_element_by_id(canvas_id);
    if let Some(canvas) = canvas.and_then(|c| c.dyn_into::<HtmlCanvasElement>().ok()) {
        save(&canvas, file_name);
    }
}

/// Offers the content of those of these canvases that are there, side by side, as one PNG file.
pub fn save_sheet(canvas_ids: impl IntoIterator<Item = String>, file_name: &str) {
    let found = canvas_ids.into_iter().filter_map(|id| document().get_element_by_id(&id));
    let canvases: Vec<HtmlCanvasElement> = found.filter_map(|c| c.dyn_into().ok()).collect();
    let sheet = document().create_element("canvas").ok();
    let Some(sheet) = sheet.and_then(|c| c.dyn_into::<HtmlCanvasElement>().ok()) else { return };
    let rows = canvases.len().div_ceil(COLUMNS);
    sheet.set_width((COLUMNS as u32) * TILE);
    sheet.set_height((rows as u32) * TILE);
    let context = sheet.get_context("2d").ok().flatten();
    let context = context.and_then(|c| c.dyn_into::<CanvasRenderingContext2d>().ok());
    let Some(context) = context else { return };
    context.set_image_smoothing_enabled(false);
    for (i, canvas) in canvases.iter().enumerate() {
        let place = |at: usize| at as f64 * f64::from(TILE);
        let (x, y, side) = (place(i % COLUMNS), place(i / COLUMNS), f64::from(TILE));
        let _ = context.draw_image_with_html_canvas_element_and_dw_and_dh(canvas, x, y, side, side);
    }
    save(&sheet, file_name);
}

fn save(canvas: &HtmlCanvasElement, file_name: &str) {
    let link = document().create_element("a").ok();
    let link = link.and_then(|a| a.dyn_into::<web_sys::HtmlAnchorElement>().ok());
    if let (Some(link), Ok(url)) = (link, canvas.to_data_url_with_type("image/png")) {
        link.set_href(&url);
        link.set_download(file_name);
        link.click();
    }
}
