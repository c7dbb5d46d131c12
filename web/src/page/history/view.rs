//! The strip of what was made in this visit.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::made::{MOST, Made};
use crate::page::components::canvas::ImageCanvas;
use crate::page::session::Session;

/// Every result, to go back to, and the steps that led there.
#[component]
pub fn MadeHere(session: Session) -> impl IntoView {
    session.keep_results();
    session.note_steps();
    let history = session.history;
    let told = RwSignal::new(String::new());
    let some = move || {
        history.track();
        history.with(|kept| !kept.made.is_empty())
    };
    let save = move |_| {
        told.set("Packing…".into());
        spawn_local(async move {
            told.set(
                session.save_all().await.err().map_or_else(String::new, |fault| fault.message),
            );
        });
    };
    let count = move || {
        history.track();
        history.with(|kept| kept.dropped)
    };
    let dropped = move || match count() {
        0 => "They are kept until you close the page.".into(),
        count => {
            format!(
                "The newest {MOST} are kept until you close the page; {count} older ones were removed."
            )
        }
    };
    let step = move |forth: bool, id: &'static str, label: &'static str, keys: &'static str| {
        view! {
            <button id=id title=keys on:click=move |_| session.step(forth)
                disabled=move || !session.can_step(forth)>{label}</button>
        }
    };
    let ids = move || {
        history.track();
        history.with(|kept| kept.made.iter().map(|made| made.id).collect::<Vec<_>>())
    };
    view! {
        <section class="made" id="made" aria-label="Made in this visit">
            <div class="buttons">
                // A drawing is taken back beside it, stroke by stroke.
                <Show when=move || session.view().ways.step.is_none()>
                    {step(false, "step-back", "Undo", "Ctrl+Z")}
                    {step(true, "step-forth", "Redo", "Ctrl+Shift+Z")}
                </Show>
                <Show when=some>
                    <button id="save-all" on:click=save>"Save all (zip)"</button>
                </Show>
                <span role="status">{move || told.get()}</span>
            </div>
            <Show when=some>
                <h2>"Made in this visit"</h2>
                <p class="hint">{dropped}</p>
                <ul class="thumbnails">
                    <For each=ids key=|id| *id children=move |id| result(session, id) />
                </ul>
            </Show>
        </section>
    }
}

fn result(session: Session, id: usize) -> impl IntoView {
    let history = session.history;
    let image = Signal::derive(move || {
        history.track();
        history.with(|kept| kept.made.iter().find(|made| made.id == id).and_then(Made::small))
    });
    let words = move || {
        history.track();
        let found = |made: &&Made| made.id == id;
        let words =
            history.with(|kept| kept.made.iter().find(found).map(|made| made.words.clone()));
        words.unwrap_or_default()
    };
    let current = move || {
        history.track();
        history.with(|kept| (kept.shown == Some(id)).to_string())
    };
    let delete = move |_| {
        session.forget_made(id);
        // Whoever goes on by keys goes on here, and not at the top of the page.
        let next = document().query_selector("#made .thumbnail").ok().flatten();
        if let Some(next) = next.and_then(|next| next.dyn_into::<HtmlElement>().ok()) {
            let _ = next.focus();
        }
    };
    view! {
        <li>
            <button class="thumbnail" aria-pressed=current title=words
                aria-label=move || ["Show again: ", &*words()].concat()
                on:click=move |_| session.show_made(id)>
                <ImageCanvas id=format!("made-{id}") image label="What was made" />
            </button>
            <span class="words">{words}</span>
            <button class="link" aria-label=move || ["Delete: ", &*words()].concat() on:click=delete>
                "Delete"
            </button>
        </li>
    }
}
