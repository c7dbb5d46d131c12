//! Why both networks say what they say about a photo: equation (8), figures 9 and 21.

mod state;
mod why_not;

pub use state::{Explained, ExplainedChosen};

use leptos::prelude::*;
use robust_core::link::{Link, Stop};
use robust_core::report::{Contribution, Explanation};
use robust_core::settings::change::RADII;

use crate::page::components::canvas::{ImageCanvas, save_sheet};
use crate::page::components::frame::{Frame, Original, of_each};
use crate::page::components::term::{GRADIENT, REPRESENTATION, Term};
use crate::page::engines::slot::Slot;
use crate::page::photos::tray::Tray;
use crate::page::session::Session;
use crate::page::sharing::keep::{Keep, photo_and_networks};
use crate::page::sharing::share::Share;
use crate::page::views::Mode;
use crate::page::views::change::Tile as AtlasTile;
use crate::page::views::view::{View, Ways};
use crate::page::words::{one, percent, plain};
use crate::protocol::{ExplainRequest, Task};
use why_not::{WhyNotAnswer, WhyNotQuestion};

/// Coordinates that are shown.
const COUNT: usize = 5;

/// Classes that are shown with their confidence.
const CLASSES: usize = 4;

impl Session {
    /// Explains the chosen photo on every ready model: the predicted class, or the given one.
    pub fn explain(self, class: Option<usize>) {
        self.notice.set(None);
        self.explained.class.set(class);
        self.explained.question.set(None);
        self.explain_on(&self.slots);
    }

    /// Explains it on some of them.
    pub fn explain_on(self, slots: &[Slot]) {
        let class = self.explained.class.get_untracked();
        for slot in slots {
            slot.told.why_not.set(Vec::new());
        }
        self.ask(slots, 0, vec![self.tray.selected.get_untracked()], &|photos| {
            let photo = photos.first().cloned().unwrap_or_default();
            Task::Explain(ExplainRequest { photo, class, count: COUNT })
        });
        self.show_link();
    }
}

/// Both networks' reasons, side by side.
#[component]
pub fn ExplainView(session: Session) -> impl IntoView {
    let target = Signal::derive(move || session.photo_seen());
    view! {
        <Tray session />
        <p class="hint lead">
            "Which numbers of the "<Term of=REPRESENTATION />" speak for the prediction, and what each of \
             them looks for: it is magnified in the photo."
            {move || right_about(session)}
        </p>
        <WhyNotQuestion session />
        <div class="explain">
            <Original image=target />
            {of_each(session, move |model| view! { <Reasons session model /> })}
        </div>
        <Share fragment=session.fragment><Keep session /></Share>
    }
}

/// How often the networks are right, where both cards say so.
fn right_about(session: Session) -> Option<String> {
    let [robust, standard, _] = session.slots.map(|slot| {
        slot.card.with(|card| {
            let clean = card.as_ref()?.accuracies.iter().find(|all| all.on.starts_with("clean"))?;
            Some((percent(clean.value, 0), card.as_ref()?.classes.len()))
        })
    });
    let ((one, classes), (other, _)) = (robust?, standard?);
    Some(format!(
        " Neither network knows more than {classes} kinds of things; on photos that they had never seen, {one} \
         and {other} of what they said was right."
    ))
}

#[component]
fn Reasons(session: Session, model: Slot) -> impl IntoView {
    let slot = model;
    let name = slot.place.key();
    let explanation = move || slot.told.explanation.get();
    let tiles = move || {
        let Some(explanation) = explanation() else { return Vec::new() };
        let tile =
            |(i, part): (usize, &Contribution)| view! { <Tile session model=slot i part=*part /> };
        explanation.features.iter().enumerate().map(tile).collect()
    };
    let onward = move || {
        // Into what is explained; for what it says anyway, into what it says next.
        let told = explanation()?;
        let own = match told.predicted() {
            Some(class) if class == told.class => *told.ranking().get(1)?,
            _ => told.class,
        };
        let class = session.class_of(slot, own)?;
        let words =
            slot.class_names().get(own).map(|name| ["Turn the photo into ", &one(name)].concat());
        Some(view! {
            <a class="onward" href="#paint" on:click=move |_| session.paint_class(class, true)>{words}</a>
        })
    };
    let shown = view! {
        <ul class="classes">{move || explanation().map(|e| classes(session, slot, &e))}</ul>
        {onward}
    };
    view! {
        <Frame model=slot id=name shown=shown.into_any()>
            <WhyNotAnswer model=slot />
            <h3>"What weighs most"</h3>
            <div class="tiles">{tiles}</div>
            <h3>"Where a change would matter"</h3>
            <div class="compare" tabindex="0">
                <ImageCanvas id=format!("{name}-photo") image=slot.target label="The photo below the gradient" />
                <ImageCanvas id=format!("{name}-saliency") image=slot.told.saliency label="Gradient of the loss" />
            </div>
            <p class="hint">
                "The plain "<Term of=GRADIENT />", unprocessed. Point at it to see the photo below."
            </p>
            <button class="save" disabled=move || slot.frames.with(Vec::is_empty)
                on:click=move |_| save_sheet(pictures(name), &format!("explained-{name}.png"))>
                "Save pictures"
            </button>
        </Frame>
    }
}

/// The canvases of one network's panel: photo, gradient, features, and changes towards a class.
fn pictures(name: &str) -> impl Iterator<Item = String> {
    let numbered =
        |kind: &'static str, count: usize| (0..count).map(move |i| format!("{name}-{kind}-{i}"));
    [format!("{name}-photo"), format!("{name}-saliency")]
        .into_iter()
        .chain(numbered("feature", COUNT))
        .chain(numbered("why-not", RADII))
}

/// The most probable classes; a click explains another one.
fn classes(session: Session, slot: Slot, explanation: &Explanation) -> Vec<AnyView> {
    let names = slot.class_names();
    let explained = explanation.class;
    let row = |class: usize| {
        let share = explanation.confidences[class];
        let name = names.get(class).cloned().unwrap_or_else(|| format!("class {class}"));
        view! {
            <li>
                <button class="class" aria-pressed=(class == explained).to_string()
                    title="Explain this class" on:click=move |_| session.explain(session.class_of(slot, class))>
                    <span>{name}</span>
                    <meter min="0" max="1" value=plain(share.into())></meter>
                    <span class="share">{percent(share, 0)}</span>
                </button>
            </li>
        }
        .into_any()
    };
    explanation.ranking().into_iter().take(CLASSES).map(row).collect()
}

/// One coordinate: what it looks for, and what of it the photo has.
#[component]
fn Tile(session: Session, model: Slot, i: usize, part: Contribution) -> impl IntoView {
    let name = model.place.key();
    let image = Signal::derive(move || model.frames.with(|frames| frames.get(i).cloned()));
    view! {
        <figure>
            <ImageCanvas id=format!("{name}-feature-{i}") image label="The coordinate magnified in the photo" />
            <AtlasTile sheet=model.features.atlas feature=part.feature />
            <figcaption>
                <a href="#add" title="Add it to the photo"
                    on:click=move |_| session.change.features.set(vec![part.feature])>
                    {format!("number {}: {:+.2}", part.feature, part.contribution)}
                </a>
            </figcaption>
        </figure>
    }
}

/// A prediction is explained.
pub const VIEW: View = View {
    mode: Mode::Explain,
    fragment: "explain",
    tab: "Explain a prediction",
    drop_words: "Drop a photo to see what is predicted, and why",
    show: |session| view! { <ExplainView session /> }.into_any(),
    compute: |session| {
        session.notice.set(None);
        session.explain_on(&session.slots);
    },
    model_ready: |session, slot| session.explain_on(&[slot]),
    words: |view, session| {
        let photo = ["Explained: ", view.name(view.selected)].concat();
        match (view.chosen.explained.question, view.chosen.explained.class) {
            (Some(other), _) => [&photo, ", and why not ", &*session.class_called(other)].concat(),
            (None, Some(told)) => [&photo, " as ", &*session.class_called(told)].concat(),
            (None, None) => photo,
        }
    },
    parts: |session| photo_and_networks(session, "-feature-0"),
    ways: Ways {
        enter: |session, mode| {
            session.enter(mode);
            session.explained.class.set(None);
            session.explained.question.set(None);
            session.show_or_compute();
        },
        select: |session, id| {
            session.tray.selected.set(id);
            session.explain(None);
        },
        link: |session| Box::pin(session.explanation_link()),
        same: |one, other| one.chosen.explained == other.chosen.explained,
        told: true,
        small: |_| None,
        waits: |session| session.slots.iter().all(|slot| slot.frames.with(Vec::is_empty)),
        ..Ways::USUAL
    },
};

impl Session {
    async fn explanation_link(self) -> Option<Link> {
        let selected = self.tray.selected.get_untracked();
        let class = self.explained.class.get_untracked();
        let question = self.explained.question.get_untracked();
        let photo = self.linked_photo(selected).await?;
        Some(match question {
            Some(other) => Link::WhyNot { photo, class, other },
            None => Link::Explain { photo, class },
        })
    }

    /// Shows an explanation that a link names.
    pub fn open_explanation(self, photo: &Stop, class: Option<usize>, question: Option<usize>) {
        if let Some(id) = self.open_stop(photo) {
            self.tray.selected.set(id);
            self.explained.class.set(class);
            self.explained.question.set(question);
            self.enter(Mode::Explain);
            self.show_or_compute();
        }
    }
}
