//! Two pictures full screen, one over the other, with a line between them that moves.

use leptos::html::Dialog;
use leptos::prelude::*;

use super::canvas::{BarePixels, ImageCanvas};
use super::controls::event_number;
use crate::page::engines::place::Place;
use crate::page::session::Session;
use crate::page::words::plain;
use crate::protocol::Image;

/// Which two of the photo and the networks' pictures are compared; the number of a pair below.
pub type Compared = RwSignal<Option<usize>>;

/// Left and right picture of each pair: 0 is the photo, then come the networks' from left to right.
const PAIRS: [(usize, usize); 5] = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3)];

/// The photo beside what the network here made of it.
pub fn beside_photo(place: Place) -> usize {
    place as usize
}

/// Opens where `pair` names one; Escape and a button close it. The browser brings the focus back.
#[component]
pub fn Wipe(session: Session, photo: Signal<Option<Image>>, pair: Compared) -> impl IntoView {
    let image = move |i: usize| match i {
        0 => photo.get(),
        i => session.slots[i - 1].image.get(),
    };
    let name = move |i: usize| match i {
        0 => "Photo".into(),
        i => session.slots[i - 1].title(),
    };
    let dialog = NodeRef::<Dialog>::new();
    let share = RwSignal::new(50.0);
    Effect::new(move |_| {
        if let (Some(dialog), Some(_)) = (dialog.get(), pair.get())
            && !dialog.open()
        {
            share.set(50.0);
            let _ = dialog.show_modal();
        }
    });
    let close = move |_| {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let places = move || pair.get().map(|pair| PAIRS[pair]);
    // Nothing is drawn while it is closed.
    let left = Signal::derive(move || places().and_then(|(left, _)| image(left)));
    let right = Signal::derive(move || places().and_then(|(_, right)| image(right)));
    let moved = move |event| share.set(event_number(&event).unwrap_or(50.0));
    let choose = move |(i, (a, b)): (usize, (usize, usize))| {
        view! {
            <Show when=move || session.slots[b - 1].is_used()>
                <button aria-pressed=move || (pair.get() == Some(i)).to_string()
                    on:click=move |_| pair.set(Some(i))>
                    {move || name(a)} " / " {move || name(b)}
                </button>
            </Show>
        }
    };
    view! {
        <dialog class="wipe" id="wipe" node_ref=dialog aria-label="Two pictures, full screen"
            on:close=move |_| pair.set(None)>
            <div class="buttons">
                {PAIRS.into_iter().enumerate().map(choose).collect_view()}
                <BarePixels />
                <button id="close-wipe" class="main" on:click=close>"Close"</button>
            </div>
            <div class="wiped">
                <ImageCanvas id="wipe-left".into() image=left label="Left of the line" />
                <div style:clip-path=move || format!("inset(0 0 0 {}%)", share.get())>
                    <ImageCanvas id="wipe-right".into() image=right label="Right of the line" />
                </div>
                <input type="range" id="wipe-line" min="0" max="100" autofocus
                    aria-label="The line between the two pictures"
                    prop:value=move || plain(share.get()) on:input=moved />
            </div>
        </dialog>
    }
}
