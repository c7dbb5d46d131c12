//! The view that paints.

use std::sync::Arc;

use leptos::prelude::*;
use robust_core::report::ranking;
use robust_core::settings::paint::Making;

use super::easel::Easel;
use super::run::DREAMS;
use super::state::Origin;
use super::tools::Tools;
use crate::page::components::canvas::ImageCanvas;
use crate::page::components::controls::event_number;
use crate::page::components::frame::{Progress, phase_name};
use crate::page::engines::place::Place;
use crate::page::engines::slot::Slot;
use crate::page::photos::tray::Tray;
use crate::page::session::Session;
use crate::page::sharing::keep::{Keep, of_networks};
use crate::page::sharing::share::Share;
use crate::page::views::Mode;
use crate::page::views::view::{View, Ways};
use crate::page::words::{percent, plain};
use crate::protocol::{FileKind, Request};
use crate::turn::Phase;

/// What can be made of a drawing: name, and what to do for it.
const MAKINGS: [(Making, &str, &str); 5] = [
    (
        Making::Sketch,
        "Draw",
        "Draw something, then say what it is to become. Go on drawing meanwhile.",
    ),
    (
        Making::Inpaint,
        "Fill",
        "Choose a photo, rub out a part of it, and say what is to grow there.",
    ),
    (Making::Translate, "Turn into", "Choose a photo, and say what it is to turn into."),
    (Making::SuperResolve, "Sharpen", "Choose a small or blurred photo, and what it shows."),
    (
        Making::Generate,
        "Dream",
        "Say what to dream of, and choose one of the dreams to go on with.",
    ),
];

/// What making this of a drawing is called.
fn making_name(making: Making) -> &'static str {
    MAKINGS.iter().find(|(other, ..)| *other == making).map_or("", |(_, name, _)| name)
}

/// Classes that are named of what a network sees.
const SEEN: usize = 3;

/// A drawing that becomes what the robust network knows.
#[component]
pub fn PaintView(session: Session) -> impl IntoView {
    let [robust, others @ ..] = session.slots;
    let paint = session.paint;
    Effect::new(move || {
        if let Some(image) = robust.image.get() {
            session.painted(image);
        }
    });
    Effect::new(move || {
        if robust.phase() == Phase::Finished {
            session.has_painted();
        }
    });
    let compares = move |slot: Slot| paint.chosen.get().compare && slot.is_used();
    view! {
        <Makings session />
        <div class="paint">
            <section class="panel" id="robust" data-phase=move || phase_name(&robust.phase())>
                <Easel session />
                <Verdict session model=robust />
                {dreams(session, robust, "dream")}
            </section>
            <section class="controls" aria-label="Controls">
                <Goals session />
                <Tools session />
                <Outcome session />
            </section>
            {others.map(|slot| view! {
                <Show when=move || compares(slot)><Beside session model=slot /></Show>
            })}
        </div>
        <Tray session />
    }
}

/// The same by another network.
#[component]
fn Beside(session: Session, model: Slot) -> impl IntoView {
    let slot = model;
    let name = slot.place.key();
    let image = Signal::derive(move || slot.image.get().or_else(|| slot.target.get()));
    let shown = move || slot.frames.with(Vec::is_empty);
    view! {
        <section class="panel" id=name data-model=name data-phase=move || phase_name(&slot.phase())>
            <h2>{move || slot.title()}</h2>
            <Show when=shown>
                <ImageCanvas id=[name, "-painted"].concat() image label="The same by another network" />
            </Show>
            {dreams(session, slot, [name, "-dream"].concat())}
            <Verdict session model=slot />
        </section>
    }
}

/// A network's dreams, once there are some.
fn dreams(session: Session, slot: Slot, name: impl Into<String>) -> impl IntoView {
    let name = name.into();
    let there = Memo::new(move |_| slot.frames.with(|frames| !frames.is_empty()));
    let strip = move || (0..DREAMS as usize).map(|i| dream(session, slot, &name, i)).collect_view();
    move || there.get().then(|| view! { <div class="filmstrip">{strip()}</div> })
}

/// One of a network's dreams, to go on with.
fn dream(session: Session, slot: Slot, name: &str, i: usize) -> impl IntoView + use<> {
    let paint = session.paint;
    let image = Signal::derive(move || slot.frames.with(|frames| frames.get(i).cloned()));
    let choose = move |_| {
        if let Some(image) = untrack(|| image.get()) {
            let kept = slot.place == Place::Robust;
            paint.begin_making(Making::Sketch);
            session.begin_drawing(image, Origin::Made);
            paint.choose(|chosen| chosen.film = kept.then_some(i));
        }
    };
    view! {
        <button class="frame" aria-label=format!("Go on with dream {}", i + 1) on:click=choose>
            <ImageCanvas id=format!("{name}-{i}") image label="A dream of the class" />
        </button>
    }
}

/// What is to be made.
#[component]
fn Makings(session: Session) -> impl IntoView {
    let paint = session.paint;
    let button = move |(making, name, _): (Making, &'static str, &str)| {
        let pressed = move || (paint.chosen.get().making == making).to_string();
        let there = move || making != Making::Generate || paint.chosen.get().dreams;
        let choose = move |_| {
            session.stop_painting();
            paint.begin_making(making);
            // These begin with a photo: the one at hand, unless there is something to go on with.
            let photo =
                matches!(making, Making::Inpaint | Making::Translate | Making::SuperResolve);
            if photo && paint.is_blank() {
                session.paint_on_photo();
            }
        };
        view! { <button aria-pressed=pressed disabled=move || !there() on:click=choose>{name}</button> }
    };
    let words = move || {
        let making = paint.chosen.get().making;
        MAKINGS.into_iter().find(|(other, ..)| *other == making).map(|(.., words)| words)
    };
    view! {
        <div class="buttons makings">{MAKINGS.map(button)}</div>
        <p class="hint">{words}</p>
    }
}

/// What it is to become, and how far it may go for that.
#[component]
fn Goals(session: Session) -> impl IntoView {
    let paint = session.paint;
    let names = Memo::new(move |_| session.class_names());
    let pressed =
        move |class| (paint.chosen.get().made && paint.chosen.get().class == class).to_string();
    let goal = move |(class, name): (usize, String)| {
        view! {
            <button class="class-button" aria-pressed=move || pressed(Some(class))
                on:click=move |_| session.make(Some(class))>{name}</button>
        }
    };
    let seen = move || paint.chosen.get().making != Making::Generate && !names.with(Vec::is_empty);
    let busy = move || session.slots.iter().any(|slot| slot.is_busy());
    let moves = move |event| {
        if let Some(reach) = event_number(&event) {
            paint.choose(|chosen| chosen.reach = reach.clamp(0.05, 1.0) as f32);
        }
    };
    let reach = move || ["How far it may go: ", &*percent(paint.chosen.get().reach, 0)].concat();
    view! {
        <div class="buttons" id="goals">
            {move || names.get().into_iter().enumerate().map(goal).collect_view()}
            <button id="seen" class="class-button" aria-pressed=move || pressed(None)
                disabled=move || !seen() on:click=move |_| session.make(None)>"What it sees"</button>
            <button id="stop" on:click=move |_| session.stop_painting() disabled=move || !busy()>"Stop"</button>
        </div>
        <div class="fields">
            <label>
                {reach}
                <input id="reach" type="range" min="0.05" max="1" step="0.05"
                    prop:value=move || plain(paint.chosen.get().reach.into())
                    on:input=moves on:change=move |_| session.reach_has_moved() />
            </label>
        </div>
    }
}

/// What leaves the page, and what else is shown.
#[component]
fn Outcome(session: Session) -> impl IntoView {
    let paint = session.paint;
    let gif = move |_| {
        let film = paint.chosen.get_untracked().film.unwrap_or_default();
        session.slots[0].send(&Request::Save { kind: FileKind::Gif, link: String::new(), film });
    };
    view! {
        <Share fragment=session.fragment>
            <Keep session />
            <button id="save-gif" on:click=gif disabled=move || paint.chosen.get().film.is_none()>"Save GIF"</button>
        </Share>
        <div class="buttons">
            <label class="check">
                <input id="compare" type="checkbox" prop:checked=move || paint.chosen.get().compare
                    on:change=move |event| session.compare_painters(event_target_checked(&event)) />
                "Show the other networks beside it"
            </label>
        </div>
    }
}

/// How far a run is, and what the network sees in the image.
#[component]
fn Verdict(session: Session, model: Slot) -> impl IntoView {
    let slot = model;
    let name = move |own: usize| slot.class_names().get(own).cloned().unwrap_or_default();
    // Of the first image.
    let rows = move || {
        slot.confidences.with(|[before, now]| Some((before.first()?.clone(), now.first()?.clone())))
    };
    let aim = move || {
        let (before, now) = rows().filter(|_| session.paint.chosen.get().made)?;
        let class = session
            .paint
            .chosen
            .get()
            .class
            .and_then(|class| slot.own_class(&session.class_names(), class))
            .unwrap_or_else(|| ranking(&before).first().copied().unwrap_or_default());
        let end = now.get(class).copied()?;
        // While it runs, its loss says so: the cross-entropy of the class.
        let live = slot.course.losses.with(|losses| losses.last().map(|loss| (-loss).exp()));
        let now = if slot.is_busy() { live.unwrap_or(end) } else { end };
        Some(view! {
            <p class="distance" data-class=class.to_string()>
                {name(class)} ": from "
                <span data-value="before">{percent(before.get(class).copied()?, 0)}</span> " sure to "
                <strong data-value="now">{percent(now, 0)}</strong>
            </p>
        })
    };
    let sees = move || {
        let now = slot.confidences.with(|[_, now]| now.first().cloned())?;
        let named = |class: usize| [&*name(class), " ", &*percent(now[class], 0)].concat();
        let named: Vec<String> = ranking(&now).into_iter().take(SEEN).map(named).collect();
        // While something is made, that is how it began.
        let verb = if slot.is_busy() { "saw" } else { "sees" };
        Some(format!("It {verb}: {}", named.join(", ")))
    };
    view! {
        <Progress model=slot />
        {aim}
        <p class="sees" aria-live="polite" data-model=slot.place.key()>{sees}</p>
    }
}

/// A drawing becomes what a network knows.
pub const VIEW: View = View {
    mode: Mode::Paint,
    fragment: "paint",
    tab: "Paint",
    drop_words: "Drop a photo to paint on it",
    show: |session| view! { <PaintView session /> }.into_any(),
    compute: Session::paint_on_photo,
    model_ready: |session, slot| {
        let chosen = session.paint.chosen.get_untracked();
        if slot.place == Place::Robust || (chosen.compare && !chosen.made) {
            session.look_at_drawing();
        }
    },
    words: |_, session| {
        let chosen = session.paint.chosen.get_untracked();
        let goal = chosen.class.map(|class| session.class_called(class));
        [making_name(chosen.making), ": ", goal.as_deref().unwrap_or("what it sees")].concat()
    },
    parts: |session| {
        let drawing = ("drawing".into(), session.slots[0].title());
        [vec![drawing], of_networks(session, "-painted")].concat()
    },
    ways: Ways {
        enter: |session, _| {
            session.show_paint();
            session.look_at_drawing();
        },
        stays: true,
        // It has the pixels of photos already, and is more than what is chosen.
        photos: |_| Vec::new(),
        same: |_, _| false,
        // Stroke by stroke.
        step: Some(|session, forth| {
            if !forth {
                session.undo_drawing();
            }
        }),
        // What a network sees in a drawing is no picture.
        is_result: |session| session.paint.chosen.get_untracked().made,
        // Strokes go on with what was painted last.
        goes_on: |session| session.paint.work(|work| work.by_hand),
        image: true,
        small: |shown| shown.frames.first().or(shown.image.as_ref()),
        keep: |session| {
            let painting = session.paint.painting();
            Arc::new(move |session| session.paint_again(painting.clone()))
        },
        // A drawing can be saved as it is.
        waits: |_| false,
        ..Ways::USUAL
    },
};
