//! Telling a visitor who has gone on to another tab that a long run is done.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Event, Notification, NotificationPermission, ServiceWorkerRegistration};

use super::engines::slot::Slot;
use super::offline::workers;
use super::session::Session;
use crate::turn::Phase;

/// Nobody needs to be told of the end of a run that is shorter than this, in seconds.
const SHORT: f64 = 30.0;

/// What the tab's title and the notification say.
const DONE: &str = "Done: your picture is ready";

/// A box to be told, as long as there is something to wait for.
#[component]
pub fn Tell(session: Session) -> impl IntoView {
    let tell = session.tell;
    let told = RwSignal::new("");
    let long = Memo::new(move |_| session.slots.iter().any(is_long));
    let ticked = move |event: Event| {
        tell.set(event_target_checked(&event));
        told.set("");
        if tell.get_untracked() {
            spawn_local(async move {
                if !allowed().await {
                    told.set(
                        "This browser does not show notifications: the tab’s title will say so.",
                    );
                }
            });
        }
    };
    say_when_done(session);
    view! {
        <Show when=move || long.get() || tell.get()>
            <p class="tell">
                <label class="check">
                    <input id="tell" type="checkbox" prop:checked=move || tell.get() on:change=ticked />
                    "Go on while I look at other tabs, and tell me when it is done"
                </label>
                <span role="status">{move || told.get()}</span>
            </p>
        </Show>
    }
}

fn is_long(slot: &Slot) -> bool {
    let (left, speed) =
        (slot.course.steps.get().saturating_sub(slot.course.step.get()), slot.course.speed.get());
    slot.phase() == Phase::Running && speed > 0.0 && left as f64 / speed > SHORT
}

/// The title tells of it in any case, until somebody looks; a notification where it is wanted.
fn say_when_done(session: Session) {
    let title = document().title();
    Effect::new(move |before: Option<bool>| {
        // An engine that is lost is loaded anew, and the run goes on.
        let loads = |slot: &Slot| matches!(slot.phase(), Phase::Loading(_) | Phase::Starting);
        let busy = session.slots.iter().any(|slot| slot.is_busy() || loads(slot));
        let ended = session.slots.iter().any(|slot| slot.phase() == Phase::Finished);
        if before == Some(true) && !busy && ended {
            if document().hidden() {
                document().set_title(DONE);
                if session.tell.get_untracked() {
                    spawn_local(notify());
                }
            }
            session.tell.set(false);
        }
        busy
    });
    window_event_listener_untyped("visibilitychange", move |_: Event| {
        if !document().hidden() {
            document().set_title(&title);
        }
    });
}

/// Shows the notification; without it the title still says so. Chrome on Android lets only a service
/// worker's registration show one.
async fn notify() {
    if Notification::new(DONE).is_ok() {
        return;
    }
    let Some(workers) = workers() else { return };
    let registered = JsFuture::from(workers.get_registration()).await;
    if let Ok(Ok(registration)) = registered.map(JsCast::dyn_into::<ServiceWorkerRegistration>)
        && let Ok(shown) = registration.show_notification(DONE)
    {
        let _ = JsFuture::from(shown).await;
    }
}

/// Asks the visitor's browser whether it may show notifications.
async fn allowed() -> bool {
    if !js_sys::Reflect::has(&window(), &JsValue::from("Notification")).unwrap_or(false) {
        return false;
    }
    if let Ok(asked) = Notification::request_permission() {
        // The answer is read from where it is kept: old browsers promise nothing here.
        let _ = JsFuture::from(asked).await;
    }
    Notification::permission() == NotificationPermission::Granted
}
