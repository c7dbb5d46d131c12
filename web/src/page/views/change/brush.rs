//! Painting the part of a photo that may change.

use leptos::html::Canvas;
use leptos::prelude::*;
use serde_bytes::ByteBuf;
use web_sys::PointerEvent;

use crate::page::components::canvas::draw;
use crate::page::session::Session;
use crate::protocol::Image;

/// Radius of the brush, as a share of the photo's side.
const RADIUS: f64 = 0.09;

/// The photo to paint on, and what was painted; the rest is dimmed.
#[component]
pub fn Brush(session: Session, photo: Signal<Option<Image>>) -> impl IntoView {
    let canvas = NodeRef::<Canvas>::new();
    let region = session.change.region;
    let painting = RwSignal::new(false);
    Effect::new(move || {
        if let (Some(canvas), Some(photo)) = (canvas.get(), photo.get()) {
            draw(&canvas, &region.with(|region| dimmed(photo, region.as_deref())));
        }
    });
    let paint = move |event: &PointerEvent| {
        let side = photo.with_untracked(|photo| photo.as_ref().map(|photo| photo.size as usize));
        let (Some(canvas), Some(side)) = (canvas.get_untracked(), side) else { return };
        let share = |at: i32, length: i32| f64::from(at) / f64::from(length.max(1));
        let x = share(event.offset_x(), canvas.client_width());
        let y = share(event.offset_y(), canvas.client_height());
        region.update(|region| {
            // One of another side is of another network's photo.
            let fits = region.take().filter(|pixels| pixels.len() == side * side);
            let pixels = region.insert(fits.unwrap_or_else(|| vec![false; side * side]));
            circle(pixels, side, x, y, RADIUS);
        });
    };
    let begin = move |event: PointerEvent| {
        event.prevent_default();
        painting.set(true);
        paint(&event);
    };
    let go_on = move |event: PointerEvent| {
        if painting.get_untracked() {
            paint(&event);
        }
    };
    let end = move |_: PointerEvent| {
        if painting.get_untracked() {
            painting.set(false);
            session.change();
        }
    };
    let whole = move |_| {
        region.set(None);
        session.change();
    };
    // For those who do not point.
    let middle = move |_| {
        let side = photo.with_untracked(|photo| photo.as_ref().map(|photo| photo.size as usize));
        let Some(side) = side else { return };
        let mut pixels = vec![false; side * side];
        circle(&mut pixels, side, 0.5, 0.5, 0.3);
        region.set(Some(pixels));
        session.change();
    };
    view! {
        <section class="panel" id="original">
            <h2>"Your photo"</h2>
            <canvas id="brush" class="brush" node_ref=canvas width="64" height="64" role="img"
                aria-label="The photo; paint where it may change"
                on:pointerdown=begin on:pointermove=go_on on:pointerup=end on:pointerleave=end />
            <div class="buttons">
                <button id="middle" on:click=middle>"Only the middle"</button>
                <button id="whole" on:click=whole disabled=move || region.with(Option::is_none)>
                    "The whole photo"
                </button>
            </div>
            <p class="hint">"Paint on it to change only a part."</p>
        </section>
    }
}

fn circle(pixels: &mut [bool], side: usize, x: f64, y: f64, radius: f64) {
    for (i, pixel) in pixels.iter_mut().enumerate() {
        let share = |at: usize| (at as f64 + 0.5) / side as f64;
        let (dx, dy) = (share(i % side) - x, share(i / side) - y);
        *pixel |= dx * dx + dy * dy <= radius * radius;
    }
}

fn dimmed(photo: Image, region: Option<&[bool]>) -> Image {
    let Some(region) = region.filter(|r| r.len() == (photo.size * photo.size) as usize) else {
        return photo;
    };
    let mut rgba = photo.rgba.into_vec();
    for (pixel, free) in rgba.chunks_exact_mut(4).zip(region) {
        if !free {
            pixel[..3].iter_mut().for_each(|value| *value /= 3);
        }
    }
    Image { size: photo.size, rgba: ByteBuf::from(rgba) }
}
