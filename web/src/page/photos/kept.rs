//! A visitor's own photos, which the browser keeps for the next visit only where they ask for it.

use js_sys::Uint8Array;
use leptos::prelude::*;
use leptos::task::spawn_local;
use robust_core::settings::Crop;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

use super::{Photo, Source};
use crate::page::download::{self, find, open_cache};
use crate::page::models::kept::bytes;
use crate::page::session::Session;

/// Name of the cache.
pub const CACHE: &str = "robust-reps-photos";

/// Where they are in it, all in one: nothing is served there.
const ALL: &str = "photos/all";

/// A photo as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    name: String,
    bytes: ByteBuf,
    crop: Crop,
}

/// The choice to keep them, once there are some.
#[component]
pub fn KeepPhotos(session: Session) -> impl IntoView {
    let own = move || session.tray.photos.with(|photos| photos.iter().any(is_own));
    let chosen = move |event| {
        let keep = event_target_checked(&event);
        session.tray.keeps_photos.set(keep);
        if !keep {
            spawn_local(async move {
                if forget().await.is_err() {
                    session.notice.set(Some("The photos could not be removed.".into()));
                }
            });
        }
    };
    view! {
        <Show when=move || own() || session.tray.keeps_photos.get()>
            <label class="check">
                <input id="keep-photos" type="checkbox" prop:checked=move || session.tray.keeps_photos.get()
                    on:change=chosen />
                "Keep my photos in this browser"
            </label>
        </Show>
    }
}

fn is_own(photo: &Photo) -> bool {
    photo.source == Source::Own
}

impl Session {
    /// Brings back the photos of an earlier visit. Whatever is added, cropped or removed from then on is
    /// kept as it is, where that is asked for.
    pub fn bring_kept_photos(self) {
        Effect::new(move |before: Option<Option<Vec<Photo>>>| {
            let own =
                self.tray.photos.with(|all| all.iter().filter(|p| is_own(p)).cloned().collect());
            let kept = self.tray.keeps_photos.get().then_some(own);
            if before.flatten() != kept {
                self.tray.kept_changes.update_value(|changes| *changes += 1);
                if let Some(photos) = kept.clone() {
                    spawn_local(self.write_photos(photos));
                }
            }
            kept
        });
        spawn_local(async move {
            let Some(all) = read().await else { return };
            // The one that was added last comes first.
            for Kept { name, bytes, crop } in all.into_iter().rev() {
                let file = Uint8Array::from(&**bytes);
                self.add_photo(|id| Photo::of_bytes(id, name, &file, crop).ok());
            }
            self.tray.keeps_photos.set(true);
        });
    }

    async fn write_photos(self, photos: Vec<Photo>) {
        let change = self.tray.kept_changes.get_value();
        let body = read_all(&photos).await;
        if self.tray.kept_changes.get_value() != change {
            return;
        }
        let written = match body {
            Ok(body) => write(&body).await,
            Err(error) => Err(error),
        };
        if !self.tray.keeps_photos.get_untracked() {
            // Taken back while it was written.
            let _ = forget().await;
        } else if written.is_err() {
            // Half of what was asked for is not kept either.
            let _ = forget().await;
            self.tray.keeps_photos.set(false);
            let words =
                "This browser has no room for these photos, or keeps nothing for this page.";
            self.notice.set(Some(words.into()));
        }
    }
}

/// All of them as they are kept.
async fn read_all(photos: &[Photo]) -> Result<Uint8Array, JsValue> {
    let mut all = Vec::new();
    for photo in photos {
        let bytes = download::bytes(&photo.url).await.map_err(|fault| fault.message)?;
        let bytes = ByteBuf::from(bytes.to_vec());
        all.push(Kept { name: photo.name.clone(), bytes, crop: photo.crop });
    }
    let all = postcard::to_allocvec(&all).map_err(|error| error.to_string())?;
    Ok(Uint8Array::from(&*all))
}

async fn write(body: &Uint8Array) -> Result<(), JsValue> {
    let response = Response::new_with_opt_buffer_source(Some(body))?;
    let cache = open_cache(CACHE).await.ok_or(JsValue::NULL)?;
    JsFuture::from(cache.put_with_str(ALL, &response)).await.map(drop)
}

async fn read() -> Option<Vec<Kept>> {
    let found = find(open_cache(CACHE).await.as_ref(), ALL).await?;
    postcard::from_bytes(&bytes(found.array_buffer().ok()?).await?.to_vec()).ok()
}

async fn forget() -> Result<(), JsValue> {
    JsFuture::from(window().caches()?.delete(CACHE)).await.map(drop)
}
