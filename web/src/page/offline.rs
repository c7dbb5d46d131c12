//! The page without a network: a service worker keeps its files, and a newer version of them is used
//! when the visitor says so.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    ServiceWorker, ServiceWorkerContainer, ServiceWorkerRegistration, ServiceWorkerState,
};

use super::session::Session;
use crate::turn::Phase;

/// A newer version that waits to be used.
type Newer = RwSignal<Option<ServiceWorker>, LocalStorage>;

/// Keeps the page's files, and announces newer ones.
#[component]
pub fn Offline(session: Session) -> impl IntoView {
    let newer: Newer = RwSignal::new_local(None);
    Effect::new(move |asked: Option<bool>| {
        // Whatever the visitor waits for comes first.
        let waits = |phase| {
            matches!(phase, Phase::Loading(_) | Phase::Starting | Phase::Reading | Phase::Running)
        };
        let asked = asked == Some(true);
        let now = !asked && !session.slots.iter().any(|slot| waits(slot.phase()));
        if now {
            // Best effort: without it, the page needs its network.
            spawn_local(async move { drop(keep(newer).await) });
        }
        asked || now
    });
    let take_over = move |_| {
        newer.with_untracked(|newer| {
            newer.as_ref().map(|worker| worker.post_message(&"take over".into()))
        });
    };
    view! {
        <Show when=move || newer.with(Option::is_some)>
            <p class="notice" id="newer" role="status">
                <span>"There is a newer version of this page."</span>
                <button class="link" on:click=take_over>"Reload with it"</button>
            </p>
        </Show>
    }
}

/// None in a private window or on a site without https.
pub(super) fn workers() -> Option<ServiceWorkerContainer> {
    let container = window().navigator().service_worker();
    container.is_object().then_some(container)
}

async fn keep(newer: Newer) -> Result<(), JsValue> {
    let container = workers().ok_or("no service workers here")?;
    let registration = JsFuture::from(container.register("./offline.js")).await?;
    let registration: ServiceWorkerRegistration = registration.unchecked_into();
    // A first visit's worker has nothing to replace.
    if container.controller().is_none() {
        return Ok(());
    }
    newer.set(registration.waiting());
    let installing = registration.clone();
    listen(&registration, "updatefound", move || {
        let Some(worker) = installing.installing() else { return };
        let installed = worker.clone();
        drop(listen(&worker, "statechange", move || {
            if installed.state() == ServiceWorkerState::Installed {
                newer.set(Some(installed.clone()));
            }
        }));
    })?;
    // In every tab, since all of them are answered by the newer version from now on.
    listen(&container, "controllerchange", || drop(window().location().reload()))
}

/// For as long as the page lives, to what happens to the target or within it.
pub(super) fn listen(
    target: &web_sys::EventTarget,
    event: &str,
    hear: impl Fn() + 'static,
) -> Result<(), JsValue> {
    let hear = Closure::<dyn Fn()>::new(hear).into_js_value();
    target.add_event_listener_with_callback_and_bool(event, hear.unchecked_ref(), true)
}
