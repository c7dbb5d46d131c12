//! Choosing photos: samples, files, drop, paste, camera.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{DataTransfer, File, FileList, HtmlInputElement};

use super::Photo;
use super::kept::KeepPhotos;
use crate::page::session::Session;

/// The row of photos and the ways to add one.
#[component]
pub fn Tray(session: Session) -> impl IntoView {
    let thumbnail = move |photo: Photo| {
        let brought = photo.is_brought();
        let Photo { id, name, small, .. } = photo;
        let wrong = move || {
            session
                .tray
                .wrong
                .with(|all| all.iter().find(|(photo, _)| *photo == id).map(|w| w.1.clone()))
        };
        let title = {
            let name = name.clone();
            move || match wrong() {
                Some(why) => [&*name, ": ", &why].concat(),
                None => name.clone(),
            }
        };
        let remove = ["Remove ", &*name].concat();
        view! {
            <li class:wrong=move || wrong().is_some()>
                <button
                    class="thumbnail"
                    title=title
                    aria-pressed=move || session.is_chosen(id).to_string()
                    on:click=move |_| session.select(id)
                >
                    <img src=small alt=name loading="lazy" />
                </button>
                {brought.then(|| view! {
                    <button class="link" aria-label=remove on:click=move |_| session.remove_photo(id)>
                        "Remove"
                    </button>
                })}
            </li>
        }
    };
    view! {
        <section class="tray" aria-label="Photos">
            <div class="sources">
                <FileButton session label="Choose photos" id="file-input" camera=false />
                <FileButton session label="Take a photo" id="camera-input" camera=true />
                <span class="hint">"or drop or paste one anywhere on this page"</span>
                <KeepPhotos session />
            </div>
            <ul class="thumbnails">
                <For each=move || session.tray.photos.get() key=|photo| photo.id children=thumbnail />
            </ul>
        </section>
    }
}

#[component]
fn FileButton(
    session: Session,
    label: &'static str,
    id: &'static str,
    camera: bool,
) -> impl IntoView {
    let chosen = move |event: web_sys::Event| {
        let input = event.target().and_then(|t| t.dyn_into::<HtmlInputElement>().ok());
        if let Some(input) = input {
            session.add(files(input.files()));
            // So that choosing the same file again is noticed.
            input.set_value("");
        }
    };
    view! {
        <label class="button" class:camera=camera>
            {label}
            <input
                id=id
                type="file"
                accept="image/*"
                multiple=!camera
                capture=camera.then_some("environment")
                on:change=chosen
            />
        </label>
    }
}

/// Takes drops and pastes anywhere on the page. All views share it.
#[component]
pub fn DropZone(session: Session) -> impl IntoView {
    let dragging = RwSignal::new(false);
    listen_for_photos(session, dragging);
    view! {
        <Show when=move || dragging.get()>
            <div class="drop-here">{move || session.view().drop_words}</div>
        </Show>
    }
}

/// The whole window takes drops and pastes, for as long as the page lives.
fn listen_for_photos(session: Session, dragging: RwSignal<bool>) {
    let has_files = |transfer: Option<DataTransfer>| {
        transfer.is_some_and(|t| t.types().iter().any(|kind| kind == "Files"))
    };
    window_event_listener(ev::dragover, move |event| {
        if has_files(event.data_transfer()) {
            event.prevent_default();
            dragging.set(true);
        }
    });
    window_event_listener(ev::dragleave, move |event| {
        // Leaving one element for another is not leaving the window.
        if event.related_target().is_none() {
            dragging.set(false);
        }
    });
    window_event_listener(ev::drop, move |event| {
        if has_files(event.data_transfer()) {
            event.prevent_default();
            dragging.set(false);
            session.add(files(event.data_transfer().and_then(|t| t.files())));
        }
    });
    window_event_listener(ev::paste, move |event| {
        let pasted = files(event.clipboard_data().and_then(|t| t.files()));
        if !pasted.is_empty() {
            event.prevent_default();
            session.add(pasted);
        }
    });
}

fn files(list: Option<FileList>) -> Vec<File> {
    let Some(list) = list else { return Vec::new() };
    (0..list.length()).filter_map(|i| list.get(i)).collect()
}
