//! Adding coordinates of the representation to a photo, little by little: equation (7).

use leptos::prelude::*;
use robust_core::settings::change::{Goal, MOST_ADDED};

use super::brush::Brush;
use super::tiles::Tile;
use crate::page::components::authors::AsAuthors;
use crate::page::components::canvas::{ImageCanvas, SavePng};
use crate::page::components::frame::{Frame, Stop, of_each};
use crate::page::components::term::{REPRESENTATION, Term};
use crate::page::engines::slot::Slot;
use crate::page::photos::tray::Tray;
use crate::page::session::Session;
use crate::page::sharing::keep::{Keep, photo_and_networks};
use crate::page::sharing::share::Share;
use crate::page::views::Mode;
use crate::page::views::view::{View, Ways};
use crate::page::words::fixed;

/// A photo and as much of some features as the visitor wants.
#[component]
pub fn AddView(session: Session) -> impl IntoView {
    let [robust, ..] = session.slots;
    let target = Signal::derive(move || session.photo_seen());
    // Nowhere in particular: the newest stage.
    let position = RwSignal::new(None);
    let last = move || {
        let stages = session.slots.map(|slot| slot.frames.with(Vec::len));
        stages.into_iter().max().unwrap_or_default()
    };
    let features = session.change.features;
    let chosen = move |event| {
        let text = event_target_value(&event);
        let numbers: Result<Vec<usize>, _> = text.split(',').map(|n| n.trim().parse()).collect();
        match numbers {
            Ok(numbers) if numbers.len() <= MOST_ADDED => {
                features.set(numbers);
                position.set(None);
                session.change();
            }
            _ => session.notice.set(Some(format!(
                "“{text}” is not what was meant: type up to {MOST_ADDED} numbers with commas \
                 between them, such as 12, 40."
            ))),
        }
    };
    let moved = move |event| {
        if let Ok(stage) = event_target_value(&event).parse() {
            position.set(Some(stage));
        }
    };
    let typed = move || features.with(|all| listed(all));
    view! {
        <Tray session />
        <div class="stage">
            <Brush session photo=target />
            {of_each(session, move |model| view! { <Added model position /> })}
        </div>
        <div class="player">
            <label class="check">
                "Numbers of the representation "
                <input id="feature" type="text" inputmode="numeric" size="10"
                    prop:value=typed on:change=chosen />
            </label>
            <span class="tiles small">
                {move || features.get().into_iter()
                    .map(|feature| view! { <Tile sheet=robust.features.atlas feature /> })
                    .collect_view()}
            </span>
            <input id="stage" type="range" min="0" max=move || last().to_string() aria-label="How much of it"
                prop:value=move || position.get().unwrap_or_else(last).to_string() on:input=moved />
            <AsAuthors session steps="800 short steps a number" />
            <Stop session />
        </div>
        <p class="hint">
            "The photo is changed until this number of its "<Term of=REPRESENTATION />" reaches 1, then until \
             the next one does. Slide to walk through the stages; “Features” shows what the numbers look for, \
             “Explain a prediction” which of them matter for a photo."
        </p>
        <Share fragment=session.fragment><Keep session /></Share>
    }
}

fn listed(features: &[usize]) -> String {
    features.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}

#[component]
fn Added(model: Slot, position: RwSignal<Option<usize>>) -> impl IntoView {
    let slot = model;
    let name = slot.place.key();
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
    let reached =
        move || slot.course.losses.with(|values| values.last().map(|v| fixed((*v).into(), 2)));
    let canvas = format!("{name}-added");
    let shown = view! {
        <ImageCanvas id=canvas.clone() image label="The photo with more of these numbers" />
    };
    view! {
        <Frame model=slot id=name shown=shown.into_any()>
            <p>"The number has reached " <strong>{move || reached().unwrap_or("–".into())}</strong></p>
            <SavePng canvas file=format!("added-{name}.png")
                disabled=Signal::derive(move || slot.frames.with(Vec::is_empty)) />
        </Frame>
    }
}

/// Coordinates are added to a photo.
pub const VIEW: View = View {
    mode: Mode::Add,
    fragment: "add",
    tab: "Add a feature",
    drop_words: "Drop a photo to add the feature to it",
    show: |session| view! { <AddView session /> }.into_any(),
    compute: Session::change,
    model_ready: |session, slot| session.change_on(&[slot]),
    words: |view, _| {
        let features = listed(&view.chosen.change.features);
        ["Feature ", &features, " added: ", view.name(view.selected)].concat()
    },
    parts: |session| photo_and_networks(session, "-added"),
    ways: Ways {
        goal: |session| Some(Goal::Add(session.change.features.get_untracked())),
        link: Session::change_link,
        same: |one, other| {
            let (one, other) = (&one.chosen.change, &other.chosen.change);
            (&one.features, &one.region, one.authors)
                == (&other.features, &other.region, other.authors)
        },
        ..Ways::USUAL
    },
};
