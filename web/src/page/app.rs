//! The page as a whole.

use leptos::ev;
use leptos::html::A;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::components::canvas::Bare;
use super::engines::adapter::EngineKind;
use super::engines::background::rest_in_background;
use super::forget::Forget;
use super::history::MadeHere;
use super::lab::{self, CHECK_INDEX, Lab};
use super::models::Networks;
use super::offline::{Offline, listen};
use super::photos::tray::DropZone;
use super::session::Session;
use super::sharing::url;
use super::tell::Tell;
use super::tour::Tour;
use super::views::VIEWS;
use super::views::view::View;
use super::words::percent;

/// Address of the paper.
const PAPER: &str = "https://arxiv.org/abs/1906.00945";

/// The page, or its laboratory (`?view=check`, `?view=bench`).
#[component]
pub fn App() -> impl IntoView {
    let view = url::parameter("view").and_then(|name| lab::View::from_name(&name));
    let usual = if view == Some(lab::View::Check) { CHECK_INDEX } else { "models/index.json" };
    let index = url::local_path("models").unwrap_or_else(|| usual.into());
    let eager = view.is_none() && url::parameter("autostart").as_deref() != Some("0");
    let session = Session::begin(index, eager);
    rest_in_background(session);
    let bare = RwSignal::new(false);
    provide_context(Bare(bare));
    provide_context(session);
    drop(listen(&document(), "contextrestored", move || bare.update(|_| ())));
    view! {
        <Header tour=view.is_none() />
        <main class:bare=move || bare.get()>
            <Notice session />
            <Offline session />
            {match view {
                Some(view) => view! { <Lab session view /> }.into_any(),
                None => view! { <DropZone session /><Views session /> }.into_any(),
            }}
            {view.is_none().then(|| view! { <Networks session /> })}
            <EngineLine session />
        </main>
        <Footer />
    }
}

#[component]
fn Header(
    /// Whether there is a page to be shown around.
    tour: bool,
) -> impl IntoView {
    view! {
        <header>
            <h1>"See what a neural network sees"</h1>
            {tour.then(|| view! { <a class="take-tour" href="#tour">"Take the tour"</a> })}
        </header>
    }
}

/// Says what computes and why, and lets the visitor choose.
#[component]
fn EngineLine(session: Session) -> impl IntoView {
    let kind = move || session.device.choice.with(|choice| choice.as_ref().map(|c| c.kind));
    let other = move || match kind() {
        Some(EngineKind::WebGpu) => ("cpu", "Use the processor instead"),
        _ => ("webgpu", "Use WebGPU instead"),
    };
    let coming = RwSignal::new(None);
    let change = move |_| {
        let (wish, _) = untrack(other);
        coming.set(Some(0.0));
        spawn_local(async move {
            session.load_wish(wish, move |share| coming.set(Some(share as f32))).await;
            coming.set(None);
        });
    };
    let label = move || match coming.get() {
        Some(share) => ["Fetching the other engine, ", &*percent(share, 0)].concat(),
        None => other().1.into(),
    };
    let text = move || match session.device.choice.get() {
        Some(choice) => format!("Running on {}.", choice.reason),
        None => "Looking for a graphics card…".into(),
    };
    view! {
        <p class="engine" id="engine">
            <span aria-live="polite">{text}</span>
            " "
            <button class="link" id="other-engine" on:click=change disabled=move || kind().is_none() || coming.get().is_some()>
                {label}
            </button>
            <span class="private">" Your photos never leave this device. "</span>
            <Forget session />
        </p>
    }
}

#[component]
fn Notice(session: Session) -> impl IntoView {
    view! {
        <div id="notice" role="alert">
            {move || {
                session.notice.get().map(|message| {
                    view! {
                        <p class="notice">
                            <span>{message}</span>
                            <button class="link" on:click=move |_| session.notice.set(None)>
                                "Close"
                            </button>
                        </p>
                    }
                })
            }}
        </div>
    }
}

/// The things to do here, one at a time.
#[component]
fn Views(session: Session) -> impl IntoView {
    let resized = RwSignal::new(());
    window_event_listener(ev::resize, move |_| resized.set(()));
    let tab = move |of: &'static View| {
        let current = move || (session.mode.get() == of.mode).then_some("page");
        let link = NodeRef::<A>::new();
        // Where the tabs are wider than the screen, the current one is in view.
        Effect::new(move || {
            resized.track();
            if let (Some(link), true) = (link.get(), current().is_some())
                && let Some(tabs) = link.parent_element()
            {
                tabs.set_scroll_left(link.offset_left() - tabs.client_width() / 3);
            }
        });
        let href = ["#", of.fragment].concat();
        view! { <a node_ref=link href=href aria-current=current>{of.tab}</a> }
    };
    // Built anew only where it changes.
    let mode = Memo::new(move |_| (session.mode.get(), session.history.afresh()));
    view! {
        <nav aria-label="Views">
            {VIEWS.map(tab)}
        </nav>
        {move || (mode.get().0.view().show)(session)}
        <Tell session />
        <MadeHere session />
        <Tour session />
    }
}

#[component]
fn Footer() -> impl IntoView {
    view! {
        <footer>
            <p>
                "How it works: an image is changed step by step until a network’s representation of it is \
                 what is asked for, and nothing else is asked of it: that of a photo, one between two \
                 photos, or one with more of a feature. Equations (3) to (8) of "
                <a href=PAPER>"Learning Perceptually-Aligned Representations via Adversarial Robustness"</a>
                " by Engstrom, Ilyas, Santurkar, Tsipras, Tran and Mądry. Sample photos: "
                <a href="gallery/LICENCES.md">"CC0 or public domain"</a>
                ". For the curious: "
                <a href="?view=check">"does this device compute correctly?"</a>
                " and "
                <a href="?view=bench">"how fast is it?"</a>
            </p>
        </footer>
    }
}
