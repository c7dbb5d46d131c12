//! The plain cross-fade, which needs no network: at once, and for comparison.

use robust_core::settings::path::Place;
use serde_bytes::ByteBuf;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlImageElement};

use crate::drawing::{GREY, flat};
use crate::page::photos::Photo;
use crate::protocol::Image;

/// Each photo's square with so many pixels a side, as the browser scales it. A photo that it cannot
/// read is grey.
pub async fn previews(photos: &[Photo], side: u32) -> Vec<Image> {
    let mut previews = Vec::new();
    for photo in photos {
        previews.push(preview(photo, side).await.unwrap_or_else(|| flat(side, GREY)));
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

/// A photo's square with so many pixels a side, as the browser scales it; `None` where it cannot read
/// the photo.
pub async fn preview(photo: &Photo, side: u32) -> Option<Image> {
    let image = HtmlImageElement::new().ok()?;
    image.set_src(&photo.url);
    JsFuture::from(image.decode()).await.ok()?;
    let (left, top, part) = photo.crop.square(image.natural_width(), image.natural_height());
    let canvas = leptos::prelude::document().create_element("canvas").ok()?;
    let canvas = canvas.dyn_into::<HtmlCanvasElement>().ok()?;
    canvas.set_width(side);
    canvas.set_height(side);
    let context = canvas.get_context("2d").ok()??.dyn_into::<CanvasRenderingContext2d>().ok()?;
    let (left, top, part) = (f64::from(left), f64::from(top), f64::from(part));
    let whole = f64::from(side);
    context
        .draw_image_with_html_image_element_and_sw_and_sh_and_dx_and_dy_and_dw_and_dh(
            &image, left, top, part, part, 0.0, 0.0, whole, whole,
        )
        .ok()?;
    let data = context.get_image_data(0.0, 0.0, whole, whole).ok()?;
    Some(Image { size: side, rgba: ByteBuf::from(data.data().0) })
}
