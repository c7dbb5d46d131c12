//! The story in four steps, told over the page itself.

use std::time::Duration;

use leptos::html::H2;
use leptos::prelude::*;
use web_sys::{KeyboardEvent, Storage};

use super::session::Session;
use super::sharing::url;
use super::views::Mode;

/// Where the browser keeps how far a visitor has come.
const KEY: &str = "robust-reps-tour";

/// The view of each step, what it is about, and what to see there.
const STEPS: [(Mode, &str, &str); 4] = [
    (
        Mode::Invert,
        "What is a representation?",
        "Before a network says what is in a photo, it turns it into a short list of numbers. All else \
         about the photo is gone by then. Here a picture is rebuilt from those numbers alone: it \
         starts as noise and is changed until the network gives it the same numbers as the photo.",
    ),
    (
        Mode::Invert,
        "What comes back",
        "Compare the two pictures with the photo. The robust network was trained against an adversary \
         that altered its images, and what its numbers keep is what people see as well. Tap a picture \
         to see it large, or try a photo of your own.",
    ),
    (
        Mode::Morph,
        "What is a path?",
        "Two photos are two lists of numbers. Half-way between them lies a third list, and it belongs \
         to a picture, too: not one photo fading into the other, but something in between. Move the \
         slider or press play.",
    ),
    (
        Mode::Collide,
        "Why the standard network fails",
        "The photo is changed so little that you hardly see it, until a network gives it the numbers \
         of quite another photo. The standard network falls for it: its numbers depend on what \
         nobody sees, so nobody can see much in them. The robust one holds out longer.",
    ),
];

/// By then the view is built.
const SETTLED: Duration = Duration::from_millis(100);

impl Session {
    /// Goes on with the tour where this visitor has left it.
    pub fn begin_tour(self) {
        let kept = storage().and_then(|storage| storage.get_item(KEY).ok().flatten());
        let step = kept.and_then(|step| step.parse().ok()).filter(|step| *step < STEPS.len());
        self.show_step(step.unwrap_or(0));
    }

    fn show_step(self, step: usize) {
        self.tour.set(Some(step));
        if let Some(storage) = storage() {
            // Where nothing is kept, the tour begins anew.
            let _ = storage.set_item(KEY, &step.to_string());
        }
        let Some((mode, ..)) = STEPS.get(step) else { return };
        self.show_view(*mode);
        if url::fragment() == url::TOUR {
            url::replace_fragment(mode.fragment());
            self.follow_address();
        }
        set_timeout(bring_into_view, SETTLED);
    }

    fn end_tour(self) {
        self.tour.set(None);
        if let Some(storage) = storage() {
            let _ = storage.remove_item(KEY);
        }
    }
}

/// On a narrow screen the card takes the lower part: what it is about goes to the top.
fn bring_into_view() {
    let narrow = window().match_media("(max-width: 40rem)").ok().flatten();
    let pictures = document().query_selector(".stage").ok().flatten();
    if let (Some(true), Some(pictures)) = (narrow.map(|query| query.matches()), pictures) {
        pictures.scroll_into_view();
    }
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// What the step at hand is about, and the way on.
#[component]
pub fn Tour(session: Session) -> impl IntoView {
    let heading = NodeRef::<H2>::new();
    // Whoever reads by ear or goes by keys is where the words are.
    Effect::new(move || {
        if let (Some(_), Some(heading)) = (session.tour.get(), heading.get()) {
            let _ = heading.focus();
        }
    });
    let go = move |step: usize| {
        if step < STEPS.len() { session.show_step(step) } else { session.end_tour() }
    };
    let pressed = move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            session.tour.set(None);
        }
    };
    let card = move || {
        let step = session.tour.get()?;
        let (_, title, words) = STEPS.get(step)?;
        let last = step + 1 == STEPS.len();
        Some(view! {
            <section class="tour" id="tour" aria-label="Tour" on:keydown=pressed>
                <h2 node_ref=heading tabindex="-1">{*title}</h2>
                <p>{*words}</p>
                <div class="buttons">
                    <button id="tour-next" class="main" on:click=move |_| go(step + 1)>
                        {if last { "Done" } else { "Next" }}
                    </button>
                    <button id="tour-back" disabled={step == 0} on:click=move |_| go(step.saturating_sub(1))>
                        "Back"
                    </button>
                    <button id="tour-leave" on:click=move |_| session.tour.set(None)>"Leave the tour"</button>
                    <span class="hint">{format!("{} of {}", step + 1, STEPS.len())}</span>
                </div>
            </section>
        })
    };
    view! { {card} }
}
