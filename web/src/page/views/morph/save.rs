//! Saving a path as a file.

use js_sys::{Array, Uint8Array};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, Url};

use super::video;
use crate::page::session::Session;
use crate::protocol::{Fault, FileKind, Request};

/// One button a kind of file.
#[component]
pub fn SaveButtons(session: Session) -> impl IntoView {
    let button = move |kind: FileKind, id: &'static str, label: &'static str| {
        let ready = move || {
            session.morph.fragment.with(Option::is_some)
                && session.main_model().frames.with(|frames| !frames.is_empty())
                && session.main_model().is_engines()
        };
        let save = move |_| {
            let link = session.morph.fragment.get_untracked().unwrap_or_default();
            untrack(|| session.main_model()).send(&Request::Save { kind, link, film: 0 });
        };
        view! { <button id=id on:click=save disabled=move || !ready()>{label}</button> }
    };
    let kept = move || {
        let slot = session.main_model();
        slot.turn.with(|turn| turn.finished() != 0) && !slot.is_engines()
    };
    let recording = RwSignal::new(false);
    let video = move |_| {
        let frames = untrack(|| session.main_model()).frames.get_untracked();
        recording.set(true);
        spawn_local(async move {
            if let Err(fault) = video::record(frames).await {
                session.notice.set(Some(fault.message));
            }
            recording.set(false);
        });
    };
    let no_frames = move || session.main_model().frames.with(Vec::is_empty);
    let video = video::format().is_some().then(|| {
        view! {
            <button id="save-video" on:click=video disabled=move || recording.get() || no_frames()>
                {move || if recording.get() { "Recording…" } else { "Save video" }}
            </button>
        }
    });
    view! {
        {video}
        {button(FileKind::Gif, "save-gif", "Save GIF")}
        {button(FileKind::Apng, "save-apng", "Save animated PNG")}
        {button(FileKind::Filmstrip, "save-strip", "Save filmstrip")}
        <Show when=kept>
            <span class="hint">
                "This path is from earlier. Compute it again to save an animation or a filmstrip."
            </span>
        </Show>
    }
}

/// Offers a file that an engine has made.
pub fn hear_saved(kind: FileKind, bytes: &[u8], painted: bool) -> Result<(), Fault> {
    let (name, media_type) = match kind.file() {
        (_, media_type) if painted => ("painting.gif", media_type),
        file => file,
    };
    let failed = |error| format!("{name} could not be saved: {error:?}");
    Ok(offer(name, media_type, bytes).map_err(failed)?)
}

/// Hands a file to the browser's downloads.
pub fn offer(name: &str, media_type: &str, bytes: &[u8]) -> Result<(), wasm_bindgen::JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type(media_type);
    let parts = Array::of1(&Uint8Array::from(bytes));
    let url = Url::create_object_url_with_blob(&Blob::new_with_u8_array_sequence_and_options(
        &parts, &options,
    )?)?;
    let link = document().create_element("a")?.unchecked_into::<HtmlAnchorElement>();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    // The download has its own hold on the data once it has begun.
    let later = std::time::Duration::from_secs(60);
    set_timeout(move || drop(Url::revoke_object_url(&url)), later);
    Ok(())
}
