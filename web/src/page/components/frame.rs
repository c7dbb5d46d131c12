//! What every model's panel has in common: whose it is, what it shows, and how far it is.

use leptos::prelude::*;

use super::canvas::ImageCanvas;
use crate::page::engines::adapter::EngineKind;
use crate::page::engines::slot::Slot;
use crate::page::session::Session;
use crate::page::views::Mode;
use crate::page::words::{fixed, percent};
use crate::protocol::Image;
use crate::turn::Phase;

/// Steps a second of the site's networks on an ordinary graphics card, and on two cores.
const USUAL_SPEED_WEBGPU: f64 = 50.0;
const USUAL_SPEED_CPU: f64 = 10.0;

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
        <p class="phase">{move || phase_text(session, model)}</p>
        <Show when=move || matches!(model.get().phase(), Phase::Failed(_))>
            <button class="again" on:click=move |_| session.try_again(model.get_untracked())>
                "Try again"
            </button>
        </Show>
    }
}

/// The photo as the networks see it.
#[component]
pub fn Original(image: Signal<Option<Image>>) -> impl IntoView {
    view! {
        <section class="panel" id="original">
            <h2>"Your photo"</h2>
            <ImageCanvas id="original-image".into() image label="The photo as the networks see it" />
        </section>
    }
}

/// What `make` makes of every network at work, from left to right.
pub fn of_each<V: IntoView + 'static>(
    session: Session,
    make: impl Fn(Slot) -> V + Copy + Send + 'static,
) -> impl IntoView {
    session.slots.map(|slot| move || slot.is_used().then(|| make(slot)))
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
        _ => slot.course.step.get() as f64 / slot.course.steps.get().max(1) as f64,
    }
}

/// What the model is doing, in words.
fn phase_text(session: Session, slot: Signal<Slot>) -> String {
    let slot = slot.get();
    let (step, steps, speed) =
        (slot.course.step.get(), slot.course.steps.get(), slot.course.speed.get());
    if let Some(why) = slot.declined.get() {
        return [&*why, "."].concat();
    }
    match slot.phase() {
        Phase::Loading(share) => {
            ["Downloading, ", &*percent(share as f32, 0), &*what_follows(session, slot)].concat()
        }
        Phase::Starting => ["Starting the network", &*what_follows(session, slot)].concat(),
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
        Phase::Finished if step < steps && slot.course.stopped.get() => {
            format!("Stopped at step {step} of {steps}")
        }
        Phase::Finished if step < steps => format!("Done after {step} of at most {steps} steps"),
        Phase::Finished => format!("Done: {steps} steps"),
        Phase::Failed(message) => format!("Not available: {message}"),
    }
}

/// What an inversion will take once its network is there, as far as that is known before its first step:
/// of one that the visitor has chosen, nothing.
fn what_follows(session: Session, slot: Slot) -> String {
    let kind = session.device.choice.with(|choice| choice.as_ref().map(|choice| choice.kind));
    let (Some(kind), Mode::Invert, false) = (kind, session.mode.get(), slot.named.get()) else {
        return String::new();
    };
    let steps = session.invert.settings.with(|settings| settings.steps);
    let usual = match kind {
        EngineKind::WebGpu => USUAL_SPEED_WEBGPU,
        EngineKind::Cpu => USUAL_SPEED_CPU,
    };
    let seconds = duration((steps as f64 / usual).max(1.0));
    format!("; then {steps} steps, often in about {seconds}")
}

/// Seconds in the words that fit their number.
pub fn duration(seconds: f64) -> String {
    match seconds.round() as u64 {
        s @ 0..100 => format!("{s} s"),
        s @ 100..6000 => format!("{} min", s / 60),
        s => format!("{} h", s / 3600),
    }
}
