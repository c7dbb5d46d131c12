//! The authors' way in place of the fast one. It is slow, so the page asks before it replaces what
//! is shown.

use leptos::prelude::*;

use super::frame::duration;
use crate::page::engines::slot::Slot;
use crate::page::session::Session;

/// Runs that take longer, in seconds, are asked about.
const NOT_LONG: f64 = 60.0;

/// What so many steps take here, in words, where that is long. Before the first run nobody knows.
fn long(slots: &[Slot], steps: usize) -> Option<String> {
    // The slower network decides.
    let speeds = slots.iter().map(|slot| slot.course.speed.get()).filter(|speed| *speed > 0.0);
    let seconds = steps as f64 / speeds.reduce(f64::min)?;
    (seconds > NOT_LONG).then(|| duration(seconds))
}

/// A question about a long run, while it waits for an answer.
#[component]
fn Question(
    asking: RwSignal<bool>,
    question: Signal<Option<String>>,
    go: Callback<()>,
) -> impl IntoView {
    let answer = move |yes: bool| {
        asking.set(false);
        if yes {
            go.run(());
        }
    };
    view! {
        <Show when=move || asking.get()>
            <div class="buttons" role="alert">
                <span id="authors-question">{move || question.get()}</span>
                <button id="authors-yes" on:click=move |_| answer(true)>"Start them"</button>
                <button id="authors-no" on:click=move |_| answer(false)>"Leave it"</button>
            </div>
        </Show>
    }
}

/// A button that does what the authors do: `steps` steps on these models.
#[component]
pub fn AuthorsButton(
    /// The models that take them.
    #[prop(into)]
    models: Signal<Vec<Slot>>,
    /// How many they are.
    steps: usize,
    /// Starts them.
    #[prop(into)]
    go: Callback<()>,
) -> impl IntoView {
    let asking = RwSignal::new(false);
    let question = Signal::derive(move || {
        let time = models.with(|models| long(models, steps))?;
        Some(["10,000 steps take about ", &time, " here, and replace the picture shown."].concat())
    });
    let pressed = move |_| match question.get_untracked() {
        Some(_) => asking.set(true),
        None => go.run(()),
    };
    view! {
        <button id="authors" class="quiet" on:click=pressed>"As the authors: 10,000 steps"</button>
        <Question asking question go />
    }
}

/// A box that changes the image again, as the authors do, when it is ticked. `steps` says how.
#[component]
pub fn AsAuthors(session: Session, steps: &'static str) -> impl IntoView {
    let authors = session.change.authors;
    let asking = RwSignal::new(false);
    let question = Signal::derive(move || {
        let time = long(&session.slots, session.change_steps(true)?)?;
        Some(["They take about ", &time, " here, and replace what is shown."].concat())
    });
    let choose = move |yes: bool| {
        authors.set(yes);
        session.change();
    };
    let ticked = move |event| {
        let yes = event_target_checked(&event);
        if yes && question.get_untracked().is_some() {
            event_target::<web_sys::HtmlInputElement>(&event).set_checked(false);
            asking.set(true);
        } else {
            choose(yes);
        }
    };
    view! {
        <label class="check">
            <input id="as-authors" type="checkbox" prop:checked=move || authors.get() on:change=ticked />
            "As the authors: " {steps}
        </label>
        <Question asking question go=Callback::new(move |()| choose(true)) />
    }
}
