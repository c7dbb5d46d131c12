//! The photos of a path, in order.

use leptos::prelude::*;
use robust_core::settings::path::STOPS;

use crate::page::session::Session;

/// The row of photos that the path joins; the marked one is what the next choice replaces.
#[component]
pub fn Stops(session: Session) -> impl IntoView {
    let morph = session.morph;
    let count = move || morph.stops.with(Vec::len);
    let stop = move |i: usize| {
        let photo = move || {
            let id = morph.stops.with(|stops| stops.get(i).copied());
            id.and_then(|id| session.tray.photos.with(|p| p.iter().find(|p| p.id == id).cloned()))
        };
        let url = move || photo().map(|photo| photo.small).unwrap_or_default();
        let name = move || photo().map(|photo| photo.name).unwrap_or_default();
        let remove = move |_| {
            morph.stops.update(|stops| {
                stops.remove(i);
            });
            morph.active.set(0);
            session.compute_path(true);
        };
        view! {
            <li>
                <button
                    class="thumbnail stop"
                    id=format!("stop-{i}")
                    aria-pressed=move || (morph.active.get() == i).to_string()
                    aria-label=move || format!("Photo {}: {}. Choose it, then pick another below.", i + 1, name())
                    on:click=move |_| morph.active.set(i)
                >
                    <img src=url alt="" />
                </button>
                <Show when=move || { count() > *STOPS.start() }>
                    <button class="link" on:click=remove aria-label="Remove this photo">"Remove"</button>
                </Show>
            </li>
        }
    };
    let swap = move |_| {
        morph.stops.update(|stops| stops.reverse());
        session.compute_path(true);
    };
    let add = move |_| {
        morph.active.set(untrack(count));
        session.notice.set(Some("Pick the next photo of the path below.".into()));
    };
    view! {
        <div class="stops">
            <ol class="thumbnails" aria-label="Photos of the path">
                <For each=move || 0..count() key=|i| *i children=stop />
            </ol>
            <button id="swap" on:click=swap>"Swap"</button>
            <button id="add-stop" on:click=add disabled=move || { count() >= *STOPS.end() }>
                "Add a photo"
            </button>
            <span class="hint">"The marked photo is replaced by the one you choose, drop or paste."</span>
        </div>
    }
}
