//! Brushes, colours, and where a drawing begins.

use leptos::prelude::*;
use robust_core::settings::paint::Making;

use super::state::{Origin, Tool};
use crate::drawing::{flat, noise};
use crate::page::components::controls::event_number;
use crate::page::session::Session;
use crate::page::words::plain;

/// Colours at hand.
const COLOURS: [(&str, u32); 8] = [
    ("Black", 0x1a1a1a),
    ("White", 0xf7f5f0),
    ("Brown", 0x7a4a22),
    ("Red", 0xc8281e),
    ("Orange", 0xf08c1e),
    ("Yellow", 0xf2d63c),
    ("Green", 0x3c8c32),
    ("Blue", 0x1d6ae0),
];

/// Everything that a hand needs.
#[component]
pub fn Tools(session: Session) -> impl IntoView {
    let paint = session.paint;
    let tool = move |tool: Tool, id: &'static str, label: &'static str| {
        let pressed = move || (paint.chosen.get().tool == tool).to_string();
        view! { <button id=id aria-pressed=pressed on:click=move |_| paint.choose(|chosen| chosen.tool = tool)>{label}</button> }
    };
    let take = move |colour: u32| {
        paint.choose(|chosen| (chosen.colour, chosen.tool) = (colour, Tool::Brush));
    };
    let swatch = move |(name, colour): (&'static str, u32)| {
        let pressed = move || (paint.chosen.get().colour == colour).to_string();
        view! {
            <button class="swatch" title=name aria-label=name aria-pressed=pressed
                style:background-color=hex(colour) on:click=move |_| take(colour) />
        }
    };
    let typed = move |event| {
        if let Ok(colour) =
            u32::from_str_radix(event_target_value(&event).trim_start_matches('#'), 16)
        {
            take(colour & 0xffffff);
        }
    };
    let width = move |event| {
        if let Some(width) = event_number(&event) {
            paint.choose(|chosen| chosen.width = width.clamp(0.02, 0.5) as f32);
        }
    };
    let clear = move |_| {
        let colour = paint.chosen.get_untracked().colour;
        session.begin_drawing(flat(paint.side(), colour), Origin::Colour(colour));
    };
    let to_noise = move |_| {
        let seed = (js_sys::Math::random() * f64::from(u32::MAX)) as u32;
        session.begin_drawing(noise(paint.side(), seed), Origin::Noise(seed));
    };
    let fills = move || paint.chosen.get().making == Making::Inpaint;
    view! {
        <div class="buttons">
            {move || tool(Tool::Brush, "brush", if fills() { "Rub a hole" } else { "Brush" })}
            {tool(Tool::Rubber, "rubber", "Bring back")}
            {tool(Tool::Picker, "picker", "Take a colour")}
            <button id="undo" on:click=move |_| session.undo_drawing() disabled=move || !paint.chosen.get().undo>
                "Undo"
            </button>
        </div>
        <div class="buttons swatches">
            {COLOURS.map(swatch)}
            <input id="colour" type="color" aria-label="Another colour"
                prop:value=move || hex(paint.chosen.get().colour) on:input=typed />
        </div>
        <div class="fields">
            <label>
                "Width of the brush"
                <input id="width" type="range" min="0.02" max="0.5" step="0.01"
                    prop:value=move || plain(paint.chosen.get().width.into()) on:input=width />
            </label>
        </div>
        <div class="buttons">
            <button id="clear" on:click=clear>"Clear to this colour"</button>
            <button id="noise" on:click=to_noise>"Clear to noise"</button>
        </div>
    }
}

fn hex(colour: u32) -> String {
    format!("#{colour:06x}")
}
