//! Why a photo is not something else: what would have to change, as it is allowed to change more.

use leptos::prelude::*;
use robust_core::settings::change::RADII;

use crate::page::components::canvas::ImageCanvas;
use crate::page::components::frame::Stop;
use crate::page::components::select::{Select, numbered};
use crate::page::engines::slot::Slot;
use crate::page::session::Session;
use crate::page::views::Mode;
use crate::page::words::{percent, plain};
use crate::protocol::{Task, WhyNotRequest};

/// Sure enough to say that a network takes the photo for the class.
const TAKEN: f32 = 0.5;

impl Session {
    /// Asks every ready model what would have to change for the chosen photo to be of this class.
    fn why_not(self, class: usize) {
        self.notice.set(None);
        self.explained.question.set(Some(class));
        self.why_not_on(&self.slots, class);
        self.show_link();
    }

    /// Asks a network that has explained the photo what is still open, as in a link.
    pub fn ask_open_question(self, slot: Slot) {
        let question = self.explained.question.get_untracked();
        if let (Some(class), Mode::Explain) = (question, self.mode.get_untracked())
            && slot.has_explained()
            && !slot.course.stopped.get_untracked()
        {
            self.why_not_on(&[slot], class);
            self.show_link();
        }
    }

    /// Asks nothing any more.
    fn ask_nothing(self) {
        self.explained.question.set(None);
        for slot in self.slots {
            slot.forget_why_not();
        }
        self.show_link();
    }

    fn why_not_on(self, slots: &[Slot], class: usize) {
        let names = untrack(|| self.class_names());
        let (says, others): (Vec<Slot>, Vec<Slot>) =
            slots.iter().copied().partition(|slot| untrack(|| slot.says(&names, class)));
        for slot in says {
            slot.forget();
            slot.told.why_not.set(Vec::new());
            slot.declined.set(names.get(class).map(|name| ["It does say ", name].concat()));
        }
        let photo = vec![self.tray.selected.get_untracked()];
        self.ask_with(&others, &Slot::ask_why_not, photo, &|photos| {
            let photo = photos.first().cloned().unwrap_or_default();
            Task::WhyNot(WhyNotRequest { photo, class })
        });
    }
}

impl Slot {
    /// Ends the search, and shows nothing of it.
    fn forget_why_not(&self) {
        if self.is_searching() {
            self.forget();
        }
        self.told.why_not.set(Vec::new());
        self.declined.set(None);
    }

    /// Whether it takes the explained photo for this class of the page's `names`.
    fn says(&self, names: &[String], class: usize) -> bool {
        let first = self.told.explanation.with(|told| told.as_ref()?.predicted());
        first.is_some() && first == self.own_class(names, class)
    }
}

/// Asks the question.
#[component]
pub fn WhyNotQuestion(session: Session) -> impl IntoView {
    let question = session.explained.question;
    let options = move || {
        let none = (String::new(), "…".to_owned());
        [vec![none], numbered(session.class_names())].concat()
    };
    let chosen = move || question.get().map(|class| class.to_string()).unwrap_or_default();
    let choose = move |value: String| match value.parse() {
        Ok(class) => session.why_not(class),
        Err(_) => session.ask_nothing(),
    };
    view! {
        <div class="player">
            <Select id="why-not" label="Why is it not a" after="?" options=Signal::derive(options)
                chosen=Signal::derive(chosen) choose />
            <Stop session />
        </div>
    }
}

/// One network's answer.
#[component]
pub fn WhyNotAnswer(model: Slot) -> impl IntoView {
    let name = model.place.key();
    let figure = move |i: usize| {
        let image = Signal::derive(move || {
            model.told.why_not.with(|all| all.get(i).map(|(.., image)| image.clone()))
        });
        let caption = move || {
            let text = |(epsilon, confidence, _): &(f32, f32, _)| {
                [
                    "changed by ",
                    &*plain((*epsilon).into()),
                    ": ",
                    &*percent(*confidence, 0),
                    " sure",
                ]
                .concat()
            };
            model.told.why_not.with(|all| all.get(i).map(text))
        };
        view! {
            <figure>
                <ImageCanvas id=format!("{name}-why-not-{i}") image label="The photo, changed towards the other class" />
                <figcaption>{caption}</figcaption>
            </figure>
        }
    };
    let verdict = move || {
        let taken = model
            .told
            .why_not
            .with(|all| all.iter().find(|(_, c, _)| *c >= TAKEN).map(|(e, ..)| *e));
        let all = model.told.why_not.with(Vec::len) == RADII;
        match taken {
            Some(epsilon) => format!("A change of {epsilon} is enough for this network."),
            None if all => "No change that small convinces this network.".into(),
            None => String::new(),
        }
    };
    view! {
        <Show when=move || !model.told.why_not.with(Vec::is_empty)>
            <h3>"Changed towards the other class"</h3>
            <div class="tiles why-not">
                {(0..RADII).map(figure).collect_view()}
            </div>
            <p class="verdict">{verdict}</p>
        </Show>
    }
}
