//! Forgetting whatever the page has kept on this device.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ServiceWorkerRegistration, Storage};

use super::download::CACHE;
use super::offline::workers;
use super::session::Session;
use super::wait::at_most;
use super::{models, photos};

/// How long to wait for the worker to end, in ms. It may end later; nobody is told then.
const PATIENCE: u32 = 3000;

/// The button that forgets everything.
#[component]
pub fn Forget(session: Session) -> impl IntoView {
    let forget = move |_| {
        session.models.kept.set(Vec::new());
        session.tray.keeps_photos.set(false);
        spawn_local(async move {
            session.notice.set(Some(match forget().await {
                Ok(()) => {
                    "Everything that this page had kept on this device is gone. What is on the \
                           page now goes when you close it."
                        .into()
                }
                Err(error) => format!("not everything could be forgotten: {error:?}"),
            }));
        });
    };
    view! { <button class="link" id="forget" on:click=forget>"Forget everything"</button> }
}

/// Files, settings and the worker that answers without a network. Others' on the same host stay.
async fn forget() -> Result<(), JsValue> {
    if let Some(workers) = workers() {
        let ours = JsFuture::from(workers.get_registration_with_document_url("./")).await?;
        if let Ok(ours) = ours.dyn_into::<ServiceWorkerRegistration>() {
            // While other tabs of this page look for a newer version the browser puts it off.
            at_most(PATIENCE, &ours.unregister()?).await?;
        }
    }
    if let Some(caches) = window().caches().ok().filter(|caches| caches.is_object()) {
        for cache in [CACHE, models::kept::CACHE, photos::kept::CACHE] {
            JsFuture::from(caches.delete(cache)).await?;
        }
    }
    for storage in [window().local_storage()?, window().session_storage()?].into_iter().flatten() {
        forget_in(&storage)?;
    }
    Ok(())
}

fn forget_in(storage: &Storage) -> Result<(), JsValue> {
    let keys: Vec<String> =
        (0..storage.length()?).filter_map(|i| storage.key(i).ok().flatten()).collect();
    keys.iter().filter(|key| key.starts_with(CACHE)).try_for_each(|key| storage.remove_item(key))
}
