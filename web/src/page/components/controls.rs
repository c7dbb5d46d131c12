//! Settings and the buttons that run them.

use leptos::prelude::*;
use robust_core::settings::{Crop, InvertSettings, SettingsError, Solver};
use web_sys::{Event, HtmlInputElement};

use super::authors::AuthorsButton;
use super::frame::Stop;
use super::select::{Select, fixed_options};
use super::term::{EPSILON, SEED, STEP_SIZE, Term};
use crate::page::photos::StartChoice;
use crate::page::session::Session;
use crate::page::words::plain;
use crate::turn::Phase;

/// Start, pause and stop of an inversion.
#[component]
pub fn RunButtons(session: Session) -> impl IntoView {
    let busy = move || session.slots.iter().any(|slot| slot.is_busy());
    let ready = move || session.slots.iter().any(|slot| slot.is_ready());
    let paused = move || session.slots.iter().any(|slot| slot.phase() == Phase::Paused);
    view! {
        <button id="restart" on:click=move |_| session.invert() disabled=move || !ready()>
            {move || if busy() { "Restart" } else { "Invert again" }}
        </button>
        <button id="pause" on:click=move |_| session.pause(!paused()) disabled=move || !busy()>
            {move || if paused() { "Go on" } else { "Pause" }}
        </button>
        <Stop session />
    }
}

/// Everything that can be set about an inversion.
#[component]
pub fn Controls(session: Session) -> impl IntoView {
    let settings = session.invert.settings;
    let changed = move |new| settings.set(new);
    let preset = move |new: InvertSettings| {
        settings.update(|settings| *settings = InvertSettings { seed: settings.seed, ..new });
        session.invert();
    };
    view! {
        <section class="controls" aria-label="Controls">
            <div class="buttons">
                <button id="fast" class="quiet" on:click=move |_| preset(InvertSettings::FAST)>
                    "Fast: 100 better steps"
                </button>
                <AuthorsButton models=session.slots.to_vec() steps=InvertSettings::AUTHORS.steps
                    go=move |()| preset(InvertSettings::AUTHORS) />
            </div>
            <details>
                <summary>"Settings"</summary>
                <div class="fields">
                    <Number settings changed check=InvertSettings::check id="steps" label="Steps" step="1"
                        get=|s| s.steps as f64 set=|s, v| s.steps = v as usize />
                    <Number settings changed check=InvertSettings::check id="step-size" label="Step size" step="any"
                        get=|s| f64::from(s.step_size) set=|s, v| s.step_size = v as f32 />
                    <Number settings changed check=InvertSettings::check id="epsilon" label="Epsilon (how far from the start)" step="any"
                        get=|s| f64::from(s.epsilon) set=|s, v| s.epsilon = v as f32 />
                    <Number settings changed check=InvertSettings::check id="seed" label="Seed of the noise" step="1"
                        get=|s| s.seed as f64 set=|s, v| s.seed = v as u64 />
                    <SolverField session />
                    <StartField session />
                    <CropFields session />
                </div>
                <p class="hint">
                    "Changes apply to the next run. What the terms mean: "
                    <Term of=EPSILON />", "<Term of=STEP_SIZE />", "<Term of=SEED />"."
                </p>
            </details>
        </section>
    }
}

/// The number in a field that was typed or slid; `None` where there is none. The browser reads it:
/// Rust's own tables for that would be a thirtieth of the page.
pub fn event_number(event: &Event) -> Option<f64> {
    let value = event_target::<HtmlInputElement>(event).value_as_number();
    value.is_finite().then_some(value)
}

/// The largest whole number that JavaScript counts up to without gaps.
const MOST_EXACT: f64 = 9_007_199_254_740_991.0;

/// A number among `settings`; `changed` is given the settings with the one that was typed, if `check`
/// has nothing against them. Else what is wrong is said beside the field, which says again what still
/// holds.
#[component]
pub fn Number<S, F>(
    settings: RwSignal<S>,
    changed: F,
    check: fn(&S) -> Result<(), SettingsError>,
    id: &'static str,
    label: &'static str,
    step: &'static str,
    get: fn(&S) -> f64,
    set: fn(&mut S, f64),
) -> impl IntoView
where
    S: Clone + Send + Sync + 'static,
    F: Fn(S) + 'static,
{
    let wrong = RwSignal::new(String::new());
    let typed = move |event| {
        let before = settings.get_untracked();
        let mut settings = before.clone();
        let checked = match event_number(&event) {
            // The browser counts no further exactly; a setting that is no number in its messages
            // could not be sent.
            Some(value) if value.abs() <= MOST_EXACT => {
                set(&mut settings, value);
                check(&settings).map_err(|error| error.to_string())
            }
            Some(_) => Err("at most 9,007,199,254,740,991".into()),
            None => Err("this has to be a number".into()),
        };
        match checked {
            Ok(()) => {
                wrong.set(String::new());
                changed(settings);
            }
            Err(words) => {
                event_target::<HtmlInputElement>(&event).set_value(&plain(get(&before)));
                wrong.set(words);
            }
        }
    };
    view! {
        <label>
            {label}
            <input id=id type="number" min="0" step=step inputmode="decimal"
                prop:value=move || plain(settings.with(get)) on:change=typed />
            <span class="wrong" role="alert">{move || wrong.get()}</span>
        </label>
    }
}

/// How a step is made out of gradients.
#[component]
fn SolverField(session: Session) -> impl IntoView {
    let settings = session.invert.settings;
    let option = |solver: Solver| {
        let words = match solver {
            Solver::Plain => "plain steps, as the authors",
            Solver::Lbfgs => "l-BFGS, the fastest here",
            Solver::Decay => "plain steps that grow shorter",
            Solver::Coarse => "coarse shapes first, then fine ones",
            Solver::Momentum => "steps with momentum",
            Solver::Adam => "Adam: each pixel at its own pace",
            Solver::BarzilaiBorwein => "Barzilai-Borwein: lengths from the last two steps",
        };
        (solver.name().to_owned(), words.to_owned())
    };
    let choose = move |name: String| {
        if let Some(solver) = Solver::ALL.into_iter().find(|solver| solver.name() == name) {
            settings.update(|settings| settings.solver = solver);
        }
    };
    view! {
        <Select id="solver" label="How steps are made from gradients"
            options=Signal::stored(Solver::ALL.map(option).into())
            chosen=Signal::derive(move || settings.with(|settings| settings.solver.name().to_owned())) choose />
    }
}

#[component]
fn StartField(session: Session) -> impl IntoView {
    let start = session.invert.start;
    let options = move || {
        let photos = session.tray.photos.get().into_iter();
        let photos = photos.map(|photo| (photo.id.to_string(), ["Photo: ", &*photo.name].concat()));
        fixed_options([("noise", "Noise"), ("grey", "Grey")]).into_iter().chain(photos).collect()
    };
    let chosen = move || match start.get() {
        StartChoice::Noise => "noise".into(),
        StartChoice::Grey => "grey".into(),
        StartChoice::Photo(id) => id.to_string(),
    };
    let choose = move |value: String| {
        start.set(match &*value {
            "noise" => StartChoice::Noise,
            "grey" => StartChoice::Grey,
            id => id.parse().map_or(StartChoice::Noise, StartChoice::Photo),
        });
    };
    view! {
        <Select id="start" label="Start from" options=Signal::derive(options)
            chosen=Signal::derive(chosen) choose />
    }
}

/// Zoom and position of the square that the network sees of the chosen photo.
#[component]
pub fn CropFields(session: Session) -> impl IntoView {
    let shares = move || {
        let id = session.cropped();
        let crop = session.tray.photos.with(|p| p.iter().find(|p| p.id == id).map(|p| p.crop));
        match crop.unwrap_or_default() {
            Crop::Centre => [0.5, 0.5, 1.0],
            Crop::Square { x, y, side } => [x, y, side],
        }
    };
    let change = move |which: usize, event| {
        let Some(value) = event_number(&event) else {
            return;
        };
        let mut crop = untrack(shares);
        crop[which] = value as f32;
        session.crop(Crop::Square { x: crop[0], y: crop[1], side: crop[2] });
    };
    let slider = move |which: usize, label: &'static str, min: &'static str| {
        view! {
            <label>
                {label}
                <input type="range" min=min max="1" step="0.01"
                    prop:value=move || plain(shares()[which].into())
                    on:change=move |event| change(which, event) />
            </label>
        }
    };
    view! {
        {slider(2, "Crop: size", "0.1")}
        {slider(0, "Crop: left to right", "0")}
        {slider(1, "Crop: top to bottom", "0")}
    }
}
