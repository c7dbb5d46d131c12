//! The view of a path.

use std::sync::Arc;

use leptos::prelude::*;
use robust_core::settings::path::{PathSettings, PathStart};

use super::fade;
use super::player::{Filmstrip, Player};
use super::save::SaveButtons;
use super::stops::Stops;
use crate::page::components::authors::AuthorsButton;
use crate::page::components::canvas::ImageCanvas;
use crate::page::components::chart::LossCurve;
use crate::page::components::controls::{CropFields, Number};
use crate::page::components::frame::Frame;
use crate::page::components::select::{Select, fixed_options};
use crate::page::components::term::{REPRESENTATION, Term};
use crate::page::engines::place::Place;
use crate::page::engines::slot::Slot;
use crate::page::photos::tray::Tray;
use crate::page::session::Session;
use crate::page::sharing::keep::Keep;
use crate::page::sharing::share::Share;
use crate::page::sharing::url;
use crate::page::views::Mode;
use crate::page::views::view::{View, Ways};
use crate::protocol::Image;

/// Id of the panel of the network that a path is shown of first.
const MAIN: &str = "path";

/// Two photos or more, joined by a path.
#[component]
pub fn MorphView(session: Session) -> impl IntoView {
    let morph = session.morph;
    // Each image of the cross-fade, computed where photos or their number change.
    let faded = Memo::new(move |_| {
        let previews = morph.previews.get();
        let places = morph.settings.with(|settings| settings.places(previews.len()));
        places.into_iter().filter_map(|place| fade::blend(&previews, place)).collect::<Vec<_>>()
    });
    let frames = Signal::derive(move || {
        let frames = session.main_model().frames.get();
        if frames.is_empty() { faded.get() } else { frames }
    });
    let [.., third] = session.slots;
    let main = Signal::derive(move || session.main_model());
    let other = Signal::derive(move || other_model(session));
    let frames_of = |model: Signal<Slot>| Signal::derive(move || model.get().frames.get());
    let at = move |frames: Signal<Vec<Image>>| {
        Signal::derive(move || frames.with(|frames| frames.get(morph.position.get()).cloned()))
    };
    view! {
        <Stops session />
        <Tray session />
        <div class="stage morph">
            <PathPanel model=main id=MAIN image=at(frames) />
            <Show when=move || morph.compare.get()>
                <PathPanel model=other id="other-path" image=at(frames_of(other)) />
                <Show when=move || third.is_used()>
                    <PathPanel model=third id="third-path" image=at(third.frames.into()) />
                </Show>
                <section class="panel" id="cross-fade">
                    <h2>"Cross-fade"</h2>
                    <ImageCanvas id="cross-fade-image".into() image=at(faded.into()) label="Cross-fade of the two photos" />
                    <p class="hint">"No network: each pixel mixed with its counterpart."</p>
                </section>
            </Show>
        </div>
        <Player session />
        <Filmstrip morph frames />
        <p class="hint">
            "Half-way between the photos’ "<Term of=REPRESENTATION />"s lie others, and each has its picture."
        </p>
        <Share fragment=morph.fragment>
            <Keep session />
            <SaveButtons session />
        </Share>
        <MorphControls session />
    }
}

/// The network that a path is compared with first.
fn other_model(session: Session) -> Slot {
    let [robust, standard, _] = session.slots;
    if session.main_model().place == Place::Robust { standard } else { robust }
}

/// The path through one model's representations, at the place that is shown.
#[component]
fn PathPanel(
    #[prop(into)] model: Signal<Slot>,
    id: &'static str,
    image: Signal<Option<Image>>,
) -> impl IntoView {
    let note = move || {
        let waiting = model.get().frames.with(Vec::is_empty);
        (id == MAIN && waiting).then_some("A cross-fade, until the first true frames are there.")
    };
    let curve = move || {
        let slot = model.get();
        view! { <LossCurve losses=slot.course.losses steps=slot.course.steps /> }
    };
    let shown = view! {
        <ImageCanvas id=format!("{id}-image") image label="The image at this place of the path" />
    };
    view! {
        <Frame model id shown=shown.into_any()>
            <p class="hint">{note}</p>
            {curve}
        </Frame>
    }
}

#[component]
fn MorphControls(session: Session) -> impl IntoView {
    let morph = session.morph;
    let compare = move |event| {
        morph.compare.set(event_target_checked(&event));
        session.compute_path(false);
    };
    let settings = morph.settings;
    let changed = move |new: PathSettings| match new.check() {
        Ok(()) => {
            settings.set(new);
            session.compute_path(true);
        }
        Err(error) => session.notice.set(Some(error.to_string())),
    };
    let preset = move |new: PathSettings| {
        settings.update(|settings| *settings = PathSettings { frames: settings.frames, ..new });
        session.compute_path(true);
    };
    view! {
        <section class="controls" aria-label="Controls">
            <div class="buttons">
                <label class="check">
                    <input id="compare" type="checkbox" prop:checked=move || morph.compare.get() on:change=compare />
                    "Compare with the other networks and the cross-fade"
                </label>
                <button class="quiet" on:click=move |_| preset(PathSettings::FAST)>"Fast: 100 steps"</button>
                <button id="near" class="quiet" title="On another device the frames may look a little different"
                    on:click=move |_| preset(PathSettings::NEAR)>
                    "Truer to both photos: 100 better steps"
                </button>
                <AuthorsButton models=Signal::derive(move || session.path_models())
                    steps=PathSettings::AUTHORS.steps
                    go=move |()| preset(PathSettings::AUTHORS) />
            </div>
            <details>
                <summary>"Settings"</summary>
                <div class="fields">
                    <Number settings changed check=PathSettings::check id="frames" label="Frames (3 to 21)" step="1"
                        get=|s| s.frames as f64 set=|s, v| s.frames = v as usize />
                    <Number settings changed check=PathSettings::check id="path-steps" label="Steps" step="1"
                        get=|s| s.steps as f64 set=|s, v| s.steps = v as usize />
                    <Number settings changed check=PathSettings::check id="path-step-size" label="Step size" step="any"
                        get=|s| f64::from(s.step_size) set=|s, v| s.step_size = v as f32 />
                    <StartField session />
                    <Number settings changed check=PathSettings::check id="path-seed" label="Seed of the noise" step="1"
                        get=|s| s.seed as f64 set=|s, v| s.seed = v as u64 />
                    <CropFields session />
                </div>
                <p class="hint">"The crop is that of the marked photo."</p>
            </details>
        </section>
    }
}

/// What the frames between the photos start from.
#[component]
fn StartField(session: Session) -> impl IntoView {
    let settings = session.morph.settings;
    let options = fixed_options([
        ("blend", "The cross-fade, as the authors"),
        ("noise", "Noise"),
        ("grey", "Grey"),
    ]);
    let chosen = move || match settings.with(|settings| settings.start) {
        PathStart::Blend => "blend".to_owned(),
        PathStart::Noise => "noise".to_owned(),
        PathStart::Grey => "grey".to_owned(),
    };
    let choose = move |name: String| {
        let start = match &*name {
            "noise" => PathStart::Noise,
            "grey" => PathStart::Grey,
            _ => PathStart::Blend,
        };
        settings.update(|settings| settings.start = start);
        session.compute_path(true);
    };
    view! {
        <Select id="path-start" label="Start from" options=Signal::stored(options)
            chosen=Signal::derive(chosen) choose />
    }
}

/// Photos are joined by a path.
pub const VIEW: View = View {
    mode: Mode::Morph,
    fragment: url::MORPH,
    tab: "Morph between photos",
    drop_words: "Drop photos to put them on the path",
    show: |session| view! { <MorphView session /> }.into_any(),
    compute: |session| session.compute_path(true),
    model_ready: Session::path_model_ready,
    words: |view, _| {
        let names: Vec<_> = view.chosen.path.stops.iter().map(|id| view.name(*id)).collect();
        ["Path: ", &names.join(" – ")].concat()
    },
    parts: |session| {
        let frames = session.morph.settings.with(|settings| settings.frames);
        (0..frames).map(|i| (format!("frame-{i}"), String::new())).collect()
    },
    ways: Ways {
        enter: |session, mode| {
            session.enter(mode);
            session.morph.begin_with(session.photo(session.tray.selected.get_untracked()));
            session.show_or_compute();
        },
        select: Session::choose_stop,
        is_chosen: |session, id| session.morph.stops.with(|stops| stops.contains(&id)),
        cropped: |session| {
            let active = session.morph.active.get();
            session.morph.stops.with(|stops| stops.get(active).copied()).unwrap_or_default()
        },
        takes_all: true,
        let_go: |session, gone, _| {
            if session.morph.stops.with_untracked(|stops| stops.contains(&gone)) {
                session.leave_path(gone);
            }
        },
        fragment: |session| session.morph.fragment,
        photos: |view| view.chosen.path.stops.clone(),
        same: |one, other| {
            let (one, other) = (&one.chosen.path, &other.chosen.path);
            (one.settings, one.compare) == (other.settings, other.compare)
        },
        takes_part: |session, slot| {
            session.path_models().iter().any(|model| model.place == slot.place)
        },
        small: |shown| shown.frames.get(shown.frames.len() / 2),
        keep: |session| {
            let fragment = session.morph.fragment.get_untracked();
            Arc::new(move |session| session.show_path_again(fragment.clone()))
        },
        ..Ways::USUAL
    },
};
