//! The plain cross-fade, which needs no network: at once, and for comparison.

use robust_core::settings::path::Place;
use serde_bytes::ByteBuf;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlImageElement};

use crate::page::photos::Photo;
use crate::protocol::Image;

/// Side of a preview in pixels.
const SIDE: u32 = 64;

/// Each photo's square, as the browser scales it. A photo that it cannot read is grey.
pub async fn previews(photos: &[Photo]) -> Vec<Image> {
    let mut previews = Vec::new();
    for photo in photos {
        previews.push(preview(photo).await.unwrap_or_else(grey));
    }
    previews
}

/// The cross-fade at a place of the path.
pub fn blend(previews: &[Image], place: Place) -> Option<Image> {
    let (a, b) = (previews.get(place.from)?, previews.get(place.from + 1)?);
    let mix = |(a, b): (&u8, &u8)| {
        (f32::from(*a) * (1.0 - place.share) + f32::from(*b) * place.share).round() as u8
    };
    let rgba: Vec<u8> = a.rgba.iter().zip(b.rgba.iter()).map(mix).collect();
    Some(Image { size: a.size, rgba: ByteBuf::from(rgba) })
}

async fn preview(photo: &Photo) -> Option<Image> {
    let image = HtmlImageElement::new().ok()?;
    image.set_src(&photo.url);
    JsFuture::from(image.decode()).await.ok()?;
    let (left, top, side) = photo.crop.square(image.natural_width(), image.natural_height());
    let canvas = leptos::prelude::document().create_element("canvas").ok()?;
    let canvas = canvas.dyn_into::<HtmlCanvasElement>().ok()?;
    canvas.set_width(SIDE);
    canvas.set_height(SIDE);
    let context = canvas.get_context("2d").ok()??.dyn_into::<CanvasRenderingContext2d>().ok()?;
    let (left, top, side) = (f64::from(left), f64::from(top), f64::from(side));
    let whole = f64::from(SIDE);
    context
        .draw_image_with_html_image_element_and_sw_and_sh_and_dx_and_dy_and_dw_and_dh(
            &image, left, top, side, side, 0.0, 0.0, whole, whole,
        )
        .ok()?;
    let data = context.get_image_data(0.0, 0.0, whole, whole).ok()?;
    Some(Image { size: SIDE, rgba: ByteBuf::from(data.data().0) })
}

fn grey() -> Image {
    let rgba = [128, 128, 128, 255].repeat((SIDE * SIDE) as usize);
    Image { size: SIDE, rgba: ByteBuf::from(rgba) }
}
