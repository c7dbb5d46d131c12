//! One model at work.

use leptos::prelude::*;
use robust_core::model::card::Role;

use super::canvas::{ImageCanvas, save_png};
use super::chart::LossCurve;
use super::slot::Slot;
use super::wipe::{Compared, PHOTO_ROBUST, PHOTO_STANDARD};
use crate::turn::Phase;

/// What the role means, in a sentence.
fn explanation(role: Role) -> &'static str {
    match role {
        Role::Robust => "Trained against an adversary: it had to rely on what people see.",
        Role::Standard => "Trained the usual way: it may rely on anything that helps.",
    }
}

/// What people call a model of this role.
pub fn title(role: Role) -> &'static str {
    match role {
        Role::Robust => "Robust network",
        Role::Standard => "Standard network",
    }
}

/// Short name of a role, for tests and files.
pub fn key(role: Role) -> &'static str {
    match role {
        Role::Robust => "robust",
        Role::Standard => "standard",
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
    let name = key(slot.role);
    let canvas = format!("{name}-image");
    let save = {
        let canvas = canvas.clone();
        move |_| save_png(&canvas, &format!("inverted-{name}.png"))
    };
    let pair = if slot.role == Role::Robust { PHOTO_ROBUST } else { PHOTO_STANDARD };
    let distance = move || slot.losses.with(|l| l.last().map(|d| format!("{:.1} %", 100.0 * d)));
    view! {
        <section class="panel" id=name data-phase=move || phase_name(&slot.phase())>
            <h2>{title(slot.role)}</h2>
            <button class="picture" title="Compare full screen" on:click=move |_| compared.set(Some(pair))>
                <ImageCanvas id=canvas image=slot.image label="Image rebuilt from the representation" />
            </button>
            <progress aria-label="Progress" max="1" value=move || share_done(slot)></progress>
            <p class="phase">{move || phase_text(slot)}</p>
            <LossCurve losses=slot.losses steps=slot.steps />
            <p class="distance">
                "Distance to the photo’s representation: "
                <strong data-value="distance">{move || distance().unwrap_or("–".into())}</strong>
            </p>
            <p class="likeness">{move || slot.likeness.get().map(likeness_text)}</p>
            <button class="save" on:click=save disabled=move || slot.image.with(Option::is_none)>"Save PNG"</button>
            <p class="hint">{explanation(slot.role)}</p>
        </section>
    }
}

/// Short name of a phase, for styles and tests.
pub fn phase_name(phase: &Phase) -> &'static str {
    match phase {
        Phase::Loading(_) => "loading",
        Phase::Starting => "starting",
        Phase::Idle => "idle",
        Phase::Reading => "reading",
        Phase::Running => "running",
        Phase::Paused => "paused",
        Phase::Finished => "finished",
        Phase::Failed(_) => "failed",
    }
}

/// For a progress bar, in [0, 1].
pub fn share_done(slot: Slot) -> f64 {
    match slot.phase() {
        Phase::Loading(share) => share,
        Phase::Starting | Phase::Reading | Phase::Failed(_) => 0.0,
        _ => slot.step.get() as f64 / slot.steps.get().max(1) as f64,
    }
}

/// What the model is doing, in words.
pub fn phase_text(slot: Slot) -> String {
    let (step, steps, speed) = (slot.step.get(), slot.steps.get(), slot.speed.get());
    match slot.phase() {
        Phase::Loading(share) => format!("Downloading, {:.0} %", 100.0 * share),
        Phase::Starting => "Starting the network".into(),
        Phase::Idle => "Ready for a photo".into(),
        Phase::Reading => "Reading the photo".into(),
        // How many there will be is known after a first look, or never.
        Phase::Running if steps == 0 => "Looking".into(),
        Phase::Paused if steps == 0 => "Paused".into(),
        Phase::Finished if steps == 0 => "Done".into(),
        Phase::Running if speed > 0.0 => {
            let left = steps.saturating_sub(step) as f64 / speed;
            format!("Step {step} of {steps}, {speed:.1} a second, {} left", duration(left))
        }
        Phase::Running => format!("Step {step} of {steps}"),
        Phase::Paused => format!("Paused at step {step} of {steps}"),
        Phase::Finished if step < steps && slot.stopped.get() => {
            format!("Stopped at step {step} of {steps}")
        }
        Phase::Finished if step < steps => format!("Done after {step} of at most {steps} steps"),
        Phase::Finished => format!("Done: {steps} steps"),
        Phase::Failed(message) => format!("Not available: {message}"),
    }
}

fn duration(seconds: f64) -> String {
    match seconds.round() as u64 {
        s @ 0..100 => format!("{s} s"),
        s @ 100..6000 => format!("{} min", s / 60),
        s => format!("{} h", s / 3600),
    }
}

fn likeness_text(correlation: f32) -> String {
    let verdict = match correlation {
        c if c >= 0.6 => "clearly resembles the photo",
        c if c >= 0.3 => "somewhat resembles the photo",
        _ => "does not resemble the photo",
    };
    format!("At a glance the result {verdict} (correlation {correlation:.2}).")
}
