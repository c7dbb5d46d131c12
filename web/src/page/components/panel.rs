//! One model at work.

use leptos::prelude::*;
use robust_core::model::card::Role;

use super::canvas::{ImageCanvas, SavePng};
use super::chart::LossCurve;
use super::frame::Frame;
use super::term::{DISTANCE, Term};
use super::wipe::{Compared, beside_photo};
use crate::page::engines::slot::Slot;
use crate::page::words::{fixed, percent};

/// From this correlation on, a picture resembles its photo.
pub const ALIKE: f32 = 0.3;

/// What the role means, in a sentence.
fn explanation(role: Role) -> &'static str {
    match role {
        Role::Robust => "Trained against an adversary: it had to rely on what people see.",
        Role::Standard => "Trained the usual way: it may rely on anything that helps.",
    }
}

/// The image that a model's representation is turned back into, and how far that is.
#[component]
pub fn Panel(
    model: Slot,
    /// What is compared full screen; a tap on the picture sets it.
    compared: Compared,
) -> impl IntoView {
    let slot = model;
    let name = slot.place.key();
    let canvas = format!("{name}-image");
    let pair = beside_photo(slot.place);
    let role = move || slot.card.with(|card| card.as_ref().map(|card| card.role));
    let distance = move || slot.course.losses.with(|l| l.last().map(|d| percent(*d, 1)));
    let shown = view! {
        <button class="picture" title="Compare full screen" on:click=move |_| compared.set(Some(pair))>
            <ImageCanvas id=canvas.clone() image=slot.image label="Image rebuilt from the representation" />
        </button>
    };
    view! {
        <Frame model=slot id=name shown=shown.into_any()>
            <details class="numbers">
                <summary>
                    "Distance: " <strong data-value="distance">{move || distance().unwrap_or("–".into())}</strong>
                </summary>
                <LossCurve losses=slot.course.losses steps=slot.course.steps />
                <p><Term of=DISTANCE />" to the photo’s representation, step by step."</p>
                <p class="likeness">{move || slot.course.likeness.get().map(likeness_text)}</p>
                <SavePng canvas file=format!("inverted-{name}.png")
                    disabled=Signal::derive(move || slot.image.with(Option::is_none)) />
                <p class="hint">{move || role().or(slot.place.role()).map(explanation)}</p>
            </details>
        </Frame>
    }
}

fn likeness_text(correlation: f32) -> String {
    let verdict = match correlation {
        c if c >= 0.6 => "clearly resembles the photo",
        c if c >= ALIKE => "somewhat resembles the photo",
        _ => "does not resemble the photo",
    };
    let correlation = fixed(correlation.into(), 2);
    format!("At a glance the result {verdict} (correlation {correlation}).")
}
