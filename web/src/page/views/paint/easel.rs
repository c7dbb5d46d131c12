//! The drawing under the pointer.

use leptos::html::Canvas;
use leptos::prelude::*;
use web_sys::{KeyboardEvent, PointerEvent};

use crate::page::components::canvas::{Bare, draw};
use crate::page::session::Session;

/// The drawing, which mouse, pen and finger draw on.
#[component]
pub fn Easel(session: Session) -> impl IntoView {
    let canvas = NodeRef::<Canvas>::new();
    let paint = session.paint;
    let Bare(bare) = expect_context();
    Effect::new(move || {
        bare.track();
        if let Some(canvas) = canvas.get() {
            paint.drawing.with(|drawing| draw(&canvas, drawing));
        }
    });
    // In shares of the canvas.
    let place = move |event: &PointerEvent| {
        let canvas = canvas.get_untracked()?;
        let share = |at: i32, length: i32| at as f32 / length.max(1) as f32;
        let x = share(event.offset_x(), canvas.client_width());
        Some((x, share(event.offset_y(), canvas.client_height())))
    };
    let begin = move |event: PointerEvent| {
        if !event.is_primary() || event.button() != 0 {
            return;
        }
        event.prevent_default();
        if let (Some(canvas), Some((x, y))) = (canvas.get_untracked(), place(&event)) {
            // So that a stroke may leave the canvas and come back.
            let _ = canvas.set_pointer_capture(event.pointer_id());
            session.begin_stroke(x, y);
        }
    };
    let go_on = move |event: PointerEvent| {
        if let Some((x, y)) = place(&event).filter(|_| event.is_primary() && paint.is_drawing()) {
            session.stroke(x, y);
            session.tell_of_strokes();
        }
    };
    let end = move |_: PointerEvent| session.end_stroke();
    let press = move |event: KeyboardEvent| {
        if session.draw_by_key(&event.key()) {
            event.prevent_default();
        }
    };
    let leave = move |_| {
        session.end_stroke();
        paint.choose(|chosen| chosen.cursor = None);
    };
    let cursor = move || {
        let (x, y) = paint.chosen.get().cursor?;
        let width = format!("{}%", 100.0 * paint.chosen.get().width);
        Some(view! {
            <span class="cursor" style:left=format!("{}%", 100.0 * x)
                style:top=format!("{}%", 100.0 * y) style:width=width />
        })
    };
    view! {
        <div class="easel">
            <canvas id="drawing" class="brush" node_ref=canvas width="64" height="64" tabindex="0"
                role="application" aria-label="The drawing. Arrow keys move the brush, space puts it down and lifts it."
                on:pointerdown=begin on:pointermove=go_on on:pointerup=end on:pointercancel=end
                on:keydown=press on:blur=leave />
            {cursor}
        </div>
    }
}
