//! Walking along a path: slider, filmstrip, animation, keys.

use std::time::Duration;

use leptos::ev;
use leptos::prelude::*;
use robust_core::settings::path::FRAME_MS;
use wasm_bindgen::JsCast;

use super::Morph;
use crate::page::components::canvas::ImageCanvas;
use crate::page::components::frame::Stop;
use crate::page::session::Session;
use crate::page::views::Mode;
use crate::protocol::Image;

/// The slider and the play button.
#[component]
pub fn Player(session: Session) -> impl IntoView {
    let morph = session.morph;
    run_animation(session);
    listen_for_keys(session);
    let last = move || morph.settings.with(|settings| settings.frames.saturating_sub(1));
    let moved = move |event| {
        if let Ok(position) = event_target_value(&event).parse() {
            morph.playing.set(false);
            morph.position.set(position);
        }
    };
    view! {
        <div class="player">
            <button id="play" on:click=move |_| morph.playing.update(|playing| *playing = !*playing)>
                {move || if morph.playing.get() { "Hold" } else { "Play" }}
            </button>
            <input
                id="position"
                type="range"
                aria-label="Place on the path"
                min="0"
                max=move || last().to_string()
                prop:value=move || morph.position.get().to_string()
                on:input=moved
            />
            <Stop session />
        </div>
        <p class="hint keys">"Arrow keys walk along the path, space plays."</p>
    }
}

/// All frames in a row; a click shows one large.
#[component]
pub fn Filmstrip(morph: Morph, #[prop(into)] frames: Signal<Vec<Image>>) -> impl IntoView {
    let frame = move |i: usize| {
        let image = Signal::derive(move || frames.with(|frames| frames.get(i).cloned()));
        view! {
            <button
                class="frame"
                aria-label=format!("Frame {}", i + 1)
                aria-pressed=move || (morph.position.get() == i).to_string()
                on:click=move |_| morph.position.set(i)
            >
                <ImageCanvas id=format!("frame-{i}") image label="A frame of the path" />
            </button>
        }
    };
    let count = move || morph.settings.with(|settings| settings.frames);
    view! {
        <div class="filmstrip" id="filmstrip">
            <For each=move || 0..count() key=|i| *i children=frame />
        </div>
    }
}

/// Moves back and forth while playing.
fn run_animation(session: Session) {
    let morph = session.morph;
    let forth = StoredValue::new(true);
    let tick = move || {
        if !morph.playing.get_untracked() || session.mode.get_untracked() != Mode::Morph {
            return;
        }
        let last = morph.settings.with_untracked(|settings| settings.frames.saturating_sub(1));
        let position = morph.position.get_untracked();
        if position >= last {
            forth.set_value(false);
        } else if position == 0 {
            forth.set_value(true);
        }
        let next = if forth.get_value() { position + 1 } else { position.saturating_sub(1) };
        morph.position.set(next.min(last));
    };
    let pause = Duration::from_millis(u64::from(FRAME_MS));
    if let Ok(timer) = set_interval_with_handle(tick, pause) {
        on_cleanup(move || timer.clear());
    }
}

fn listen_for_keys(session: Session) {
    let morph = session.morph;
    let handle = window_event_listener(ev::keydown, move |event| {
        let target = event.target().and_then(|t| t.dyn_into::<web_sys::Element>().ok());
        let tag = target.map(|target| target.tag_name()).unwrap_or_default();
        let taken = match event.key().as_str() {
            " " => ["BUTTON", "INPUT", "SELECT", "SUMMARY", "TEXTAREA"].as_slice(),
            _ => ["INPUT", "SELECT", "TEXTAREA"].as_slice(),
        };
        let modified = event.ctrl_key() || event.meta_key() || event.alt_key();
        if session.mode.get_untracked() != Mode::Morph || modified || taken.contains(&&*tag) {
            return;
        }
        let last = morph.settings.with_untracked(|settings| settings.frames.saturating_sub(1));
        match event.key().as_str() {
            "ArrowRight" => morph.position.update(|p| *p = (*p + 1).min(last)),
            "ArrowLeft" => morph.position.update(|p| *p = p.saturating_sub(1)),
            " " => morph.playing.update(|playing| *playing = !*playing),
            _ => return,
        }
        event.prevent_default();
    });
    on_cleanup(move || handle.remove());
}
