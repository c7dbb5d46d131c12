//! Looking for two images that look different to people and alike to a network: equations (1)
//! and (2), figure 2.

use leptos::prelude::*;
use robust_core::settings::change::{Goal, RADII};

use crate::page::components::canvas::{ImageCanvas, SavePng};
use crate::page::components::controls::event_number;
use crate::page::components::frame::{Frame, Original, Stop, of_each};
use crate::page::components::select::Select;
use crate::page::components::term::{REPRESENTATION, Term};
use crate::page::engines::slot::Slot;
use crate::page::photos::tray::Tray;
use crate::page::session::Session;
use crate::page::sharing::keep::{Keep, photo_and_networks};
use crate::page::sharing::share::Share;
use crate::page::views::Mode;
use crate::page::views::view::{View, Ways};
use crate::page::words::{fixed, percent, plain};
use crate::protocol::Image;

/// A photo, another one, and how little of a change makes the first the second to a network.
#[component]
pub fn CollideView(session: Session) -> impl IntoView {
    let other = session.change.other;
    // From the least to the largest radius, in steps of the least.
    let [least, .., largest] = [0, RADII - 1].map(|i| move || plain(session.radii()[i].into()));
    let target = Signal::derive(move || session.photo_seen());
    let options = move || {
        let photos = session.tray.photos.get().into_iter();
        photos.map(|photo| (photo.id.to_string(), photo.name)).collect()
    };
    let choose = move |value: String| {
        if let Ok(id) = value.parse() {
            other.set(id);
            session.change();
        }
    };
    let moved = move |event| {
        if let Some(value) = event_number(&event) {
            session.change.epsilon.set(Some(value as f32));
            session.change();
        }
    };
    let thumbnail = move || {
        session.tray.photos.with(|photos| {
            let photo = photos.iter().find(|photo| photo.id == other.get())?;
            Some(view! { <img id="other-photo" src=photo.small.clone() alt=photo.name.clone() /> })
        })
    };
    view! {
        <p class="hint lead">
            "Can a network mistake one photo for another that looks nothing like it? Your photo is \
             changed as little as you allow, towards the other photo’s "<Term of=REPRESENTATION />
            ". Find out which network falls for it."
        </p>
        <Tray session />
        <div class="stage">
            <Original image=target />
            {of_each(session, |model| view! { <Collision model /> })}
        </div>
        <div class="player">
            <Select id="other" label="Make it pass for" options=Signal::derive(options)
                chosen=Signal::derive(move || other.get().to_string()) choose />
            {thumbnail}
            <label class="check">
                "Change at most " {move || fixed(session.epsilon().into(), 2)}
                <input id="epsilon-slider" type="range" min=least max=largest step=least
                    prop:value=move || plain(session.epsilon().into()) on:change=moved />
            </label>
            <Stop session />
        </div>
        <Share fragment=session.fragment><Keep session /></Share>
    }
}

#[component]
fn Collision(model: Slot) -> impl IntoView {
    let slot = model;
    let name = slot.place.key();
    let part = move |i: usize| Signal::derive(move || slot.frames.with(|f| f.get(i).cloned()));
    let percent = |d: &f32| percent(*d, 1);
    let before = move || slot.course.losses.with(|losses| losses.first().map(percent));
    let now = move || slot.course.losses.with(|losses| losses.last().map(percent));
    let verdict = move || {
        let share =
            slot.course.losses.with(|losses| Some(losses.last()? / losses.first()?.max(1e-6)));
        share.map(|share| match share {
            share if share < 0.6 => "It is fooled: to this network the two photos look alike.",
            share if share < 0.85 => "It wavers.",
            _ => "It is not fooled: the two stay apart.",
        })
    };
    let magnified = move || {
        let (photo, image) = (slot.target.get()?, part(0).get()?);
        let times = fixed(magnification(&photo, &image).into(), 0);
        Some(["What was changed, ", &*times, " times as strong."].concat())
    };
    let shown = view! {
        <ImageCanvas id=format!("{name}-collision") image=part(0) label="The photo, changed" />
    };
    view! {
        <Frame model=slot id=name shown=shown.into_any()>
            <p class="distance">
                "Distance to the other photo’s numbers: from " {move || before().unwrap_or("–".into())} " to "
                <strong data-value="distance">{move || now().unwrap_or("–".into())}</strong>
            </p>
            <p class="verdict">{verdict}</p>
            <ImageCanvas id=format!("{name}-difference") image=part(1) label="What was changed" />
            <p class="hint">{magnified}</p>
            <SavePng canvas=format!("{name}-collision") file=format!("collision-{name}.png")
                disabled=Signal::derive(move || slot.frames.with(Vec::is_empty)) />
        </Frame>
    }
}

/// How many times the largest change fits into half the range of values.
fn magnification(photo: &Image, image: &Image) -> f32 {
    let changes = photo.rgba.iter().zip(image.rgba.iter()).map(|(a, b)| a.abs_diff(*b));
    127.5 / f32::from(changes.max().unwrap_or(0).max(1))
}

/// A photo is to pass for another.
pub const VIEW: View = View {
    mode: Mode::Collide,
    fragment: "collide",
    tab: "Fool a network",
    drop_words: "Drop a photo to fool the networks with",
    show: |session| view! { <CollideView session /> }.into_any(),
    compute: Session::change,
    model_ready: |session, slot| session.change_on(&[slot]),
    words: |view, _| {
        let [photo, other] = [view.selected, view.chosen.change.other].map(|id| view.name(id));
        ["Fooled: ", photo, " for ", other].concat()
    },
    parts: |session| photo_and_networks(session, "-collision"),
    ways: Ways {
        let_go: |session, gone, first| {
            if session.change.other.get_untracked() == gone {
                session.change.other.set(first);
            }
        },
        goal: |session| Some(Goal::Collide { epsilon: untrack(|| session.epsilon()) }),
        link: Session::change_link,
        photos: |view| vec![view.selected, view.chosen.change.other],
        same: |one, other| {
            let (one, other) = (&one.chosen.change, &other.chosen.change);
            (one.epsilon, one.authors) == (other.epsilon, other.authors)
        },
        small: |shown| shown.frames.first(),
        ..Ways::USUAL
    },
};
