//! What every model's panel has in common: whose it is, what it shows, and how far it is.

use leptos::prelude::*;

use super::session::Session;
use super::slot::Slot;
use super::words::{fixed, percent};
use crate::turn::Phase;

/// A panel. `shown` stands above the progress, all else below.
#[component]
pub fn Frame(
    /// Whose panel it is.
    #[prop(into)]
    model: Signal<Slot>,
    /// Its id.
    id: &'static str,
    /// The picture, or whatever is looked at first.
    shown: AnyView,
    /// All else.
    children: Children,
) -> impl IntoView {
    view! {
        <section class="panel" id=id data-model=move || model.get().place.key()
            data-phase=move || phase_name(&model.get().phase())>
            <h2>{move || model.get().title()}</h2>
            {shown}
            <Progress model />
            {children()}
        </section>
    }
}

/// How far a model is, as a bar and in words.
#[component]
pub fn Progress(
    /// Whose run it is.
    #[prop(into)]
    model: Signal<Slot>,
) -> impl IntoView {
    let session: Session = expect_context();
    view! {
        <progress aria-label="Progress" max="1" value=move || share_done(model)></progress>
        <p class="phase">{move || phase_text(model)}</p>
        <Show when=move || matches!(model.get().phase(), Phase::Failed(_))>
            <button class="again" on:click=move |_| session.try_again(model.get_untracked())>
                "Try again"
            </button>
        </Show>
    }
}

/// What `make` makes of every network at work, from left to right.
pub fn of_each(
    session: Session,
    make: impl Fn(Slot) -> AnyView + Copy + Send + Sync + 'static,
) -> impl IntoView {
    session.slots.map(|slot| {
        view! { <Show when=move || slot.is_used()>{move || make(slot)}</Show> }
    })
}

/// Ends what is being computed.
#[component]
pub fn Stop(session: Session) -> impl IntoView {
    let idle = move || !session.slots.iter().any(Slot::is_busy);
    view! { <button id="stop" on:click=move |_| session.stop() disabled=idle>"Stop"</button> }
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
fn share_done(slot: Signal<Slot>) -> f64 {
    let slot = slot.get();
    match slot.phase() {
        Phase::Loading(share) => share,
        Phase::Starting | Phase::Reading | Phase::Failed(_) => 0.0,
        _ => slot.step.get() as f64 / slot.steps.get().max(1) as f64,
    }
}

/// What the model is doing, in words.
fn phase_text(slot: Signal<Slot>) -> String {
    let slot = slot.get();
    let (step, steps, speed) = (slot.step.get(), slot.steps.get(), slot.speed.get());
    if let Some(why) = slot.declined.get() {
        return [&*why, "."].concat();
    }
    match slot.phase() {
        Phase::Loading(share) => ["Downloading, ", &*percent(share as f32, 0)].concat(),
        Phase::Starting => "Starting the network".into(),
        Phase::Idle => "Ready for a photo".into(),
        Phase::Reading => "Reading the photo".into(),
        // How many there will be is known after a first look, or never.
        Phase::Running if steps == 0 => "Looking".into(),
        Phase::Paused if steps == 0 => "Paused".into(),
        Phase::Finished if steps == 0 => "Done".into(),
        Phase::Running if speed > 0.0 => {
            let left = steps.saturating_sub(step) as f64 / speed;
            let speed = fixed(speed, 1);
            format!("Step {step} of {steps}, {speed} a second, {} left", duration(left))
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

/// Seconds in the words that fit their number.
pub fn duration(seconds: f64) -> String {
    match seconds.round() as u64 {
        s @ 0..100 => format!("{s} s"),
        s @ 100..6000 => format!("{} min", s / 60),
        s => format!("{} h", s / 3600),
    }
}
