//! Every coordinate of a representation, and what it looks for: equation (4), figures 3, 4, 10-12.

use leptos::prelude::*;
use robust_core::model::atlas::AtlasOrder;
use robust_core::report::ranking;
use robust_core::settings::change::Goal;

use super::tiles::Tile;
use crate::page::components::authors::AsAuthors;
use crate::page::components::canvas::{ImageCanvas, SavePng};
use crate::page::components::frame::{Frame, Stop, of_each};
use crate::page::components::select::{Select, fixed_options, numbered};
use crate::page::engines::slot::Slot;
use crate::page::photos::tray::Tray;
use crate::page::photos::{StartChoice, start_without};
use crate::page::session::Session;
use crate::page::sharing::keep::{Keep, of_networks};
use crate::page::sharing::share::Share;
use crate::page::views::Mode;
use crate::page::views::view::{View, Ways};
use crate::page::words::{fixed, one, percent};

/// Photos that are shown from either end.
const ENDS: usize = 5;

/// The tiles of one network, and the chosen one live on both.
#[component]
pub fn AtlasView(session: Session) -> impl IntoView {
    let [robust, standard, _] = session.slots;
    let of_standard = RwSignal::new(false);
    let shown = move || if of_standard.get() { standard } else { robust };
    let order = RwSignal::new(AtlasOrder::Strength);
    // Again where photos or model have come; a class needs none of them.
    Effect::new(move || {
        session.tray.photos.track();
        let slot = shown();
        if matches!(session.change.goal.get(), Goal::Feature(_)) && slot.is_ready() {
            session.look(slot);
        }
    });
    let add = move |feature: usize| {
        let chosen = move |_| session.change.features.set(vec![feature]);
        view! { <a id="onward" href="#add" on:click=chosen>"Add it to a photo"</a> }.into_any()
    };
    let paint = move |class: usize| {
        let chosen = move |_| session.paint_class(class, false);
        view! { <a id="onward" href="#paint" on:click=chosen>"Paint one"</a> }.into_any()
    };
    let onward = move || match session.change.goal.get() {
        Goal::Feature(feature) => Some(add(feature)),
        Goal::Class(class) if session.paint.chosen.get().dreams => Some(paint(class)),
        Goal::Class(_) | Goal::Add(_) | Goal::Collide { .. } => None,
    };
    let tiles = move || {
        let slot = shown();
        let Some(sheet) = slot.features.atlas.get() else {
            return view! { <p class="hint">"This network has no atlas here."</p> }.into_any();
        };
        let features = sheet.atlas.sorted(match order.get() {
            AtlasOrder::Class(class) => slot
                .own_class(&session.class_names(), class)
                .map_or(AtlasOrder::Strength, AtlasOrder::Class),
            order => order,
        });
        let tile = move |feature: usize| {
            let pressed = move || (session.change.goal.get() == Goal::Feature(feature)).to_string();
            view! {
                <button class="atlas-tile" title=format!("number {feature}") aria-pressed=pressed
                    on:click=move |_| session.aim(Goal::Feature(feature))>
                    <Tile sheet=slot.features.atlas feature />
                </button>
            }
        };
        let tiles = features.into_iter().map(tile).collect_view();
        view! { <div class="atlas" id="atlas">{tiles}</div> }.into_any()
    };
    view! {
        <Tray session />
        <Classes session />
        <div class="features">
            <div class="result">
                <p class="goal" id="goal" aria-live="polite">{move || goal_text(session)} " " {onward}</p>
                <div class="stage two">
                    {of_each(session, move |model| view! { <Maximised session model /> })}
                </div>
                <Run session />
                <Activating session model=Signal::derive(shown) />
                <Share fragment=session.fragment><Keep session /></Share>
            </div>
            <div>
                <Sorting session of_standard order />
                {tiles}
            </div>
        </div>
    }
}

impl Session {
    /// Maximises this, live.
    fn aim(self, goal: Goal) {
        self.change.goal.set(goal);
        self.change();
        // On a small screen the tiles lie below the result, the last of them by a few screens.
        if let Some(result) = document().get_element_by_id("goal")
            && result.get_bounding_client_rect().top() < 0.0
        {
            result.scroll_into_view();
        }
    }
}

fn goal_text(session: Session) -> String {
    match session.change.goal.get() {
        Goal::Class(class) => {
            let names = session.class_names();
            format!(
                "What each network thinks {} is",
                names.get(class).map_or("?".into(), |n| one(n))
            )
        }
        Goal::Feature(feature) => format!(
            "What number {feature} of each network looks for; they have nothing to do with each other"
        ),
        Goal::Add(_) | Goal::Collide { .. } => String::new(),
    }
}

/// What can be dreamed up without looking for it among the tiles.
#[component]
fn Classes(session: Session) -> impl IntoView {
    let button = move |(class, name): (usize, String)| {
        let pressed = move || (session.change.goal.get() == Goal::Class(class)).to_string();
        view! {
            <button class="quiet class-button" aria-pressed=pressed
                on:click=move |_| session.aim(Goal::Class(class))>{name}</button>
        }
    };
    let names = Memo::new(move |_| session.class_names());
    view! {
        <section class="buttons in-a-row" aria-label="Classes">
            <span>"Dream up a"</span>
            {move || names.get().into_iter().enumerate().map(button).collect_view()}
        </section>
    }
}

/// How what is shown is computed.
#[component]
fn Run(session: Session) -> impl IntoView {
    let options =
        fixed_options([("noise", "noise"), ("grey", "grey"), ("photo", "the chosen photo")]);
    let chosen = move || match session.change.start.get() {
        StartChoice::Noise => "noise".to_owned(),
        StartChoice::Grey => "grey".to_owned(),
        StartChoice::Photo(_) => "photo".to_owned(),
    };
    let choose = move |name: String| {
        session.change.start.set(match &*name {
            "grey" => StartChoice::Grey,
            "photo" => StartChoice::Photo(session.tray.selected.get_untracked()),
            _ => StartChoice::Noise,
        });
        session.change();
    };
    view! {
        <div class="player">
            <Select id="feature-start" label="Start from" options=Signal::stored(options)
                chosen=Signal::derive(chosen) choose />
            <AsAuthors session steps="200 plain steps" />
            <Stop session />
        </div>
    }
}

/// Which tiles are shown, and in which order.
#[component]
fn Sorting(
    session: Session,
    of_standard: RwSignal<bool>,
    order: RwSignal<AtlasOrder>,
) -> impl IntoView {
    let options = move || {
        let known = fixed_options([("strength", "strength"), ("number", "number")]);
        let classes = session.class_names().into_iter();
        let classes = classes.map(|name| ["what speaks for ", &*name].concat());
        [known, numbered(classes.collect())].concat()
    };
    let chosen = move || match order.get() {
        AtlasOrder::Strength => "strength".to_owned(),
        AtlasOrder::Number => "number".to_owned(),
        AtlasOrder::Class(class) => class.to_string(),
    };
    let choose = move |name: String| {
        order.set(match &*name {
            "number" => AtlasOrder::Number,
            "strength" => AtlasOrder::Strength,
            class => class.parse().map_or(AtlasOrder::Strength, AtlasOrder::Class),
        });
    };
    view! {
        <div class="buttons">
            <Select id="order" label="Sort tiles by" options=Signal::derive(options)
                chosen=Signal::derive(chosen) choose />
            <label class="check">
                <input id="of-standard" type="checkbox" prop:checked=move || of_standard.get()
                    on:change=move |event| of_standard.set(event_target_checked(&event)) />
                "Tiles of the standard network"
            </label>
        </div>
    }
}

#[component]
fn Maximised(session: Session, model: Slot) -> impl IntoView {
    let slot = model;
    let name = slot.place.key();
    let image = Signal::derive(move || slot.image.get().or_else(|| slot.target.get()));
    let value = move || {
        let value = slot.course.losses.with(|values| values.last().copied())?;
        Some(match session.change.goal.get() {
            // A cross-entropy of 0 is a probability of 1.
            Goal::Class(_) => [&*percent((-value).exp(), 0), " sure"].concat(),
            _ => fixed(value.into(), 2),
        })
    };
    let shown = view! {
        <ImageCanvas id=format!("{name}-maximised") image label="What it looks for" />
    };
    view! {
        <Frame model=slot id=name shown=shown.into_any()>
            <p>"How strongly it responds: " <strong data-value="value">{move || value().unwrap_or("–".into())}</strong></p>
            <SavePng canvas=format!("{name}-maximised") file=format!("feature-{name}.png")
                disabled=Signal::derive(move || slot.image.with(Option::is_none)) />
        </Frame>
    }
}

/// The photos that activate the chosen coordinate most and least.
#[component]
fn Activating(session: Session, model: Signal<Slot>) -> impl IntoView {
    let ranked = move || {
        let slot = model.get();
        let Goal::Feature(feature) = session.change.goal.get() else { return Vec::new() };
        let (ids, values): (Vec<usize>, Vec<f32>) = slot.features.activations.with(|rows| {
            rows.iter().filter_map(|(id, row)| Some((*id, *row.get(feature)?))).unzip()
        });
        ranking(&values).into_iter().map(|i| (ids[i], values[i])).collect::<Vec<_>>()
    };
    let photo = move |(id, value): (usize, f32)| {
        let photo = session.photo(id)?;
        Some(view! {
            <figure>
                <img src=photo.small alt=photo.name />
                <figcaption>{fixed(value.into(), 2)}</figcaption>
            </figure>
        })
    };
    let whose = move || match model.get() {
        slot if slot.named.get() => slot.title(),
        slot => slot.title().to_ascii_lowercase(),
    };
    let rows = move || {
        let values = ranked();
        if values.len() < 2 * ENDS {
            return None;
        }
        let most = values.iter().take(ENDS).copied().map(photo).collect_view();
        let least = values.iter().rev().take(ENDS).copied().map(photo).collect_view();
        Some(view! {
            <section class="activating" aria-label="Photos that activate it">
                <div id="most"><h3>"Photos with most of it, for the " {whose}</h3><div class="tiles">{most}</div></div>
                <div id="least"><h3>"and with least"</h3><div class="tiles">{least}</div></div>
            </section>
        })
    };
    view! { {rows} }
}

/// Coordinates are shown and maximised.
pub const VIEW: View = View {
    mode: Mode::Atlas,
    fragment: "features",
    tab: "Features",
    drop_words: "Drop a photo to start from it",
    show: |session| view! { <AtlasView session /> }.into_any(),
    compute: Session::change,
    model_ready: |session, slot| session.change_on(&[slot]),
    words: |view, session| match &view.chosen.change.goal {
        Goal::Class(class) => ["Dreamed up: ", &*session.class_called(*class)].concat(),
        Goal::Feature(feature) => ["Feature ", &feature.to_string()].concat(),
        Goal::Add(_) | Goal::Collide { .. } => String::new(),
    },
    parts: |session| of_networks(session, "-maximised"),
    ways: Ways {
        select: |session, id| {
            session.tray.selected.set(id);
            session.change.start.set(StartChoice::Photo(id));
            session.change();
        },
        let_go: |session, gone, _| start_without(session.change.start, gone),
        goal: |session| Some(session.change.goal.get_untracked()),
        link: Session::change_link,
        // Whichever is chosen is what it starts from.
        photos: |view| {
            view.chosen.change.start.photo().map(|_| view.selected).into_iter().collect()
        },
        same: |one, other| {
            let (one, other) = (&one.chosen.change, &other.chosen.change);
            (&one.goal, one.start, one.authors) == (&other.goal, other.start, other.authors)
        },
        image: true,
        frames: false,
        ..Ways::USUAL
    },
};
