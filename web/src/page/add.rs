//! Adding a coordinate of the representation to a photo, little by little: equation (7).

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::canvas::{ImageCanvas, save_png};
use super::modes::Mode;
use super::panel::{key, phase_name, phase_text, share_done, title};
use super::session::Session;
use super::slot::Slot;
use super::tray::Tray;
use crate::protocol::{AddRequest, Request};

/// Steps at most (the authors').
const STEPS: usize = 800;

impl Session {
    /// Shows the view that adds a feature.
    pub fn enter_add(self) {
        if self.mode.get_untracked() != Mode::Add {
            self.mode.set(Mode::Add);
            self.add_feature();
        }
    }

    /// Adds the chosen number to the chosen photo on every ready model.
    pub fn add_feature(self) {
        self.notice.set(None);
        let run = self.next_run();
        let models = self.slots.into_iter().filter(|slot| untrack(|| slot.is_ready()));
        let models: Vec<Slot> = models.collect();
        for slot in &models {
            slot.prepare(run, STEPS);
        }
        spawn_local(async move {
            let Some(photo) = self.photo(self.selected.get_untracked()) else { return };
            match photo.request().await {
                Ok(photo) if self.is_newest(run) => {
                    for slot in models {
                        let (photo, feature) = (photo.clone(), self.feature.get_untracked());
                        let request = AddRequest { run, photo, feature };
                        slot.send(&Request::Add(request));
                    }
                }
                Ok(_) => {}
                Err(message) => self.notice.set(Some(message)),
            }
        });
    }
}

/// A photo and as much of a feature as the visitor wants.
#[component]
pub fn AddView(session: Session) -> impl IntoView {
    let [robust, standard] = session.slots;
    // Nowhere in particular: the newest stage.
    let position = RwSignal::new(None);
    let last = move || {
        let stages = |slot: Slot| slot.frames.with(Vec::len);
        stages(robust).max(stages(standard))
    };
    let chosen = move |event| {
        if let Ok(feature) = event_target_value(&event).parse() {
            session.feature.set(feature);
            position.set(None);
            session.add_feature();
        }
    };
    let moved = move |event| {
        if let Ok(stage) = event_target_value(&event).parse() {
            position.set(Some(stage));
        }
    };
    view! {
        <Tray session />
        <div class="player">
            <label class="check">
                "Number of the representation "
                <input id="feature" type="number" min="0" step="1"
                    prop:value=move || session.feature.get().to_string() on:change=chosen />
            </label>
            <input id="stage" type="range" min="0" max=move || last().to_string() aria-label="How much of it"
                prop:value=move || position.get().unwrap_or_else(last).to_string() on:input=moved />
            <button id="stop" on:click=move |_| session.stop()>"Stop"</button>
        </div>
        <p class="hint">
            "The photo is changed until this number reaches 1. Slide to walk through the stages; the view \
             “Explain a prediction” tells which numbers matter for a photo."
        </p>
        <div class="stage two">
            <Added model=robust position />
            <Added model=standard position />
        </div>
    }
}

#[component]
fn Added(model: Slot, position: RwSignal<Option<usize>>) -> impl IntoView {
    let slot = model;
    let name = key(slot.role);
    // The other network may take more stages than this one.
    let image = Signal::derive(move || {
        let stage = match position.get() {
            Some(0) => None,
            Some(at) => slot.frames.with(|frames| frames.get(at - 1).or(frames.last()).cloned()),
            None => slot.frames.with(|frames| frames.last().cloned()),
        };
        // Before the first stage lies the photo itself.
        stage.or_else(|| slot.target.get())
    });
    let reached = move || slot.losses.with(|values| values.last().map(|v| format!("{v:.2}")));
    let canvas = format!("{name}-added");
    let save = {
        let canvas = canvas.clone();
        move |_| save_png(&canvas, &format!("added-{name}.png"))
    };
    view! {
        <section class="panel" id=name data-phase=move || phase_name(&slot.phase.get())>
            <h2>{title(slot.role)}</h2>
            <ImageCanvas id=canvas image label="The photo with more of this number" />
            <progress aria-label="Progress" max="1" value=move || share_done(slot)></progress>
            <p class="phase">{move || phase_text(slot)}</p>
            <p>"The number has reached " <strong>{move || reached().unwrap_or("–".into())}</strong></p>
            <button on:click=save disabled=move || slot.frames.with(Vec::is_empty)>"Save PNG"</button>
        </section>
    }
}
