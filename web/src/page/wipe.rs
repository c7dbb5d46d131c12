//! Two pictures full screen, one over the other, with a line between them that moves.

use leptos::html::Dialog;
use leptos::prelude::*;

use super::canvas::{BarePixels, ImageCanvas};
use super::controls::event_number;
use super::panel::title;
use super::session::Session;
use super::words::plain;
use crate::protocol::Image;

/// Which two of photo, robust and standard picture are compared; the number of a pair below.
pub type Compared = RwSignal<Option<usize>>;

/// The photo beside what the robust network made of it, the same of the standard one, and both.
pub const PHOTO_ROBUST: usize = 0;
/// The photo beside the standard network's picture.
pub const PHOTO_STANDARD: usize = 1;

/// Left and right picture of each pair, by their places among photo, robust and standard.
const PAIRS: [(usize, usize); 3] = [(0, 1), (0, 2), (1, 2)];

/// Opens where `pair` names one; Escape and a button close it. The browser brings the focus back.
#[component]
pub fn Wipe(session: Session, photo: Signal<Option<Image>>, pair: Compared) -> impl IntoView {
    let [robust, standard] = session.slots;
    let names = ["Photo", title(robust.role), title(standard.role)];
    let images = [photo, robust.image.into(), standard.image.into()];
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
    let left = Signal::derive(move || places().and_then(|(left, _)| images[left].get()));
    let right = Signal::derive(move || places().and_then(|(_, right)| images[right].get()));
    let moved = move |event| share.set(event_number(&event).unwrap_or(50.0));
    let choose = move |(i, (a, b)): (usize, (usize, usize))| {
        view! {
            <button aria-pressed=move || (pair.get() == Some(i)).to_string()
                on:click=move |_| pair.set(Some(i))>
                {names[a]} " / " {names[b]}
            </button>
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
