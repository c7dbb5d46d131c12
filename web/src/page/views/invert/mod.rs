//! Inverting the chosen photo, equation (5).

mod state;

pub use state::{Invert, InvertChosen};

use leptos::prelude::*;
use robust_core::link::{Link, LinkStart, Stop};
use robust_core::settings::InvertSettings;

use super::Mode;
use super::view::{View, Ways};
use crate::page::components::canvas::ImageCanvas;
use crate::page::components::controls::{Controls, RunButtons};
use crate::page::components::frame::of_each;
use crate::page::components::panel::{ALIKE, Panel};
use crate::page::components::term::{REPRESENTATION, Term};
use crate::page::components::wipe::{Wipe, beside_photo};
use crate::page::engines::place::Place;
use crate::page::engines::slot::Slot;
use crate::page::photos::tray::Tray;
use crate::page::photos::{StartChoice, start_without};
use crate::page::session::Session;
use crate::page::sharing::keep::{Keep, photo_and_networks};
use crate::page::sharing::share::Share;
use crate::protocol::{InvertRequest, StartRequest, Task};
use crate::turn::Phase;

impl Session {
    /// Inverts the chosen photo on both models.
    pub fn invert(self) {
        self.notice.set(None);
        self.invert_on(&self.slots);
    }

    /// Inverts the chosen photo on some of them.
    pub fn invert_on(self, slots: &[Slot]) {
        let settings = self.invert.settings.get_untracked();
        if let Err(error) = settings.check() {
            return self.notice.set(Some(error.to_string()));
        }
        let start = self.invert.start.get_untracked();
        let photos = [self.tray.selected.get_untracked()].into_iter().chain(start.photo());
        let ask = |slot: &Slot, run| slot.ask(run, settings.steps);
        self.ask_with(slots, &ask, photos.collect(), &|files| {
            let mut files = files.iter().cloned();
            let photo = files.next().unwrap_or_default();
            let start = match start {
                StartChoice::Noise => StartRequest::Noise,
                StartChoice::Grey => StartRequest::Grey,
                StartChoice::Photo(_) => StartRequest::Photo(files.next().unwrap_or_default()),
            };
            Task::Invert(InvertRequest { photo, settings, start })
        });
        self.show_link();
    }
}

/// The photo, what each network kept of it, and everything to do with that.
#[component]
pub fn Inversion(session: Session) -> impl IntoView {
    let [robust, standard, _] = session.slots;
    let target = Signal::derive(move || session.photo_seen());
    let compared = RwSignal::new(None);
    let name = move || {
        let id = session.tray.pictured.get().unwrap_or_else(|| session.tray.selected.get());
        session
            .tray
            .photos
            .with(|photos| photos.iter().find(|p| p.id == id).map(|p| p.name.clone()))
    };
    let card = move || robust.card.get().or_else(|| standard.card.get());
    let some_card = move || card().is_some();
    let length = move || {
        card().map(|card| {
            let values = 3 * card.input_size * card.input_size;
            match [robust, standard].map(numbers_of) {
                [Some(one), Some(other)] if one != other => {
                    format!("{values} values of a photo. One keeps {one} numbers and the other {other}, its ")
                }
                _ => {
                    let numbers = card.architecture.representation_len();
                    format!("{values} values of a photo, of which each keeps {numbers} numbers, its ")
                }
            }
        })
    };
    view! {
        <div class="stage">
            <section class="panel" id="original">
                <h2>"Your photo"</h2>
                <button class="picture" title="Compare full screen"
                    on:click=move |_| compared.set(Some(beside_photo(Place::Robust)))>
                    <ImageCanvas id="original-image".into() image=target label="The photo as the networks see it" />
                </button>
                <p class="phase">{name}</p>
            </section>
            {of_each(session, move |model| view! { <Panel model compared /> })}
        </div>
        <p class="lead" id="sentence" aria-live="polite">{move || sentence(session)}</p>
        <Wipe session photo=target pair=compared />
        <Tray session />
        <Share fragment=session.fragment>
            <RunButtons session />
            <Keep session />
        </Share>
        <p class="hint" id="numbers">
            "The networks see " {length}
            <Show when=some_card><Term of=REPRESENTATION />"."</Show>
        </p>
        <Controls session />
    }
}

/// How many numbers a network keeps, once it is loaded.
fn numbers_of(slot: Slot) -> Option<usize> {
    slot.card.with(|card| card.as_ref().map(|card| card.architecture.representation_len()))
}

/// What is to be seen, in a sentence that changes with it.
fn sentence(session: Session) -> String {
    let [robust, standard, _] = session.slots;
    let numbers = numbers_of(robust);
    let as_many = numbers == numbers_of(standard);
    let numbers = numbers.map_or("a few hundred".into(), |numbers| numbers.to_string());
    let alike = |slot: Slot| match slot.phase() {
        Phase::Finished => slot.course.likeness.get().map(|likeness| likeness >= ALIKE),
        _ => None,
    };
    match robust.phase() {
        Phase::Reading | Phase::Running | Phase::Paused => format!(
            "A picture is being rebuilt, and nothing is asked of it but that it gives the network the \
             same {numbers} numbers as the photo."
        ),
        Phase::Finished if !robust.course.stopped.get() => match (alike(robust), alike(standard)) {
            (Some(true), Some(false)) if as_many => format!(
                "These {numbers} numbers are all that the robust network kept, and the photo is in \
                 them. The standard network kept as many, and takes that other picture for the photo."
            ),
            (Some(true), _) => format!(
                "These {numbers} numbers are all that the robust network kept of the photo, and the \
                 photo can be seen in them."
            ),
            _ => format!(
                "These {numbers} numbers are all that a network kept of the photo: what the picture \
                 lacks, it did not see."
            ),
        },
        _ => format!(
            "A network turns a photo into {numbers} numbers and forgets the picture. Here a picture is \
             rebuilt from those numbers alone."
        ),
    }
}

/// One photo is inverted.
pub const VIEW: View = View {
    mode: Mode::Invert,
    fragment: "",
    tab: "Invert a photo",
    drop_words: "Drop photos to invert them",
    show: |session| view! { <Inversion session /> }.into_any(),
    compute: Session::invert,
    model_ready: |session, slot| {
        if session.eager || session.loading.asked() {
            session.invert_on(&[slot]);
        }
    },
    words: |view, _| ["Inverted: ", view.name(view.selected)].concat(),
    parts: |session| photo_and_networks(session, "-image"),
    ways: Ways {
        stays: true,
        let_go: |session, gone, _| start_without(session.invert.start, gone),
        link: |session| Box::pin(session.inversion_link()),
        photos: |view| {
            [view.selected].into_iter().chain(view.chosen.invert.start.photo()).collect()
        },
        same: |one, other| one.chosen.invert == other.chosen.invert,
        image: true,
        frames: false,
        caption: |session| {
            let shown = session.tray.pictured.get().unwrap_or_else(|| session.tray.selected.get());
            let photo = session.photo(shown).map(|photo| photo.name).unwrap_or_default();
            [&*photo, ", and what each network kept of it, turned back into a picture"].concat()
        },
        ..Ways::USUAL
    },
};

impl Session {
    async fn inversion_link(self) -> Option<Link> {
        let selected = self.tray.selected.get_untracked();
        let settings = self.invert.settings.get_untracked();
        let start = match self.invert.start.get_untracked() {
            StartChoice::Noise => LinkStart::Noise,
            StartChoice::Grey => LinkStart::Grey,
            StartChoice::Photo(id) => LinkStart::Photo(self.linked_photo(id).await?),
        };
        Some(Link::Invert { photo: self.linked_photo(selected).await?, settings, start })
    }

    /// Inverts a photo that a link names.
    pub fn open_inversion(self, photo: &Stop, settings: InvertSettings, start: &LinkStart) {
        let Some(id) = self.open_stop(photo) else { return };
        let Some(start) = self.open_start(start) else { return };
        self.tray.selected.set(id);
        self.invert.settings.set(settings);
        self.invert.start.set(start);
        self.enter(Mode::Invert);
        self.show_or_compute();
    }
}
