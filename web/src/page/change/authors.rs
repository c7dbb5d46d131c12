//! The authors' way in place of the fast one.

use leptos::prelude::*;

use crate::page::session::Session;

/// A box that changes the image again when it is ticked. `steps` says what the authors do.
#[component]
pub fn AsAuthors(session: Session, steps: &'static str) -> impl IntoView {
    let authors = session.change.authors;
    let ticked = move |event| {
        authors.set(event_target_checked(&event));
        session.change();
    };
    view! {
        <label class="check">
            <input id="as-authors" type="checkbox" prop:checked=move || authors.get() on:change=ticked />
            "As the authors: " {steps}
        </label>
    }
}
