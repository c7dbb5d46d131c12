//! The list of networks, below every view.

use leptos::prelude::*;
use leptos::task::spawn_local;
use robust_core::model::card::{Card, Role};
use robust_core::model::catalog::CatalogEntry;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, HtmlInputElement};

use super::form::Fields;
use super::import::accept;
use super::kept;
use super::state::{Arrival, Network};
use super::wanted::Wanted;
use crate::page::engines::place::Place;
use crate::page::session::Session;
use crate::page::words::{fixed, percent};

/// Every network that is there, and the way to bring one.
#[component]
pub fn Networks(session: Session) -> impl IntoView {
    let models = session.models;
    let chosen = move |event: web_sys::Event| {
        let input = event.target().and_then(|t| t.dyn_into::<HtmlInputElement>().ok());
        if let Some(input) = input {
            if let Some(file) = input.files().and_then(|files| files.get(0)) {
                session.bring(file);
            }
            input.set_value("");
        }
    };
    let toggled = move |event: web_sys::Event| {
        let details = event.target().and_then(|t| t.dyn_into::<HtmlElement>().ok());
        models.open.set(details.is_some_and(|details| details.has_attribute("open")));
    };
    let row = move |network| view! { <Row session network /> };
    let rows = move || models.all.get().into_iter().map(row).collect_view();
    view! {
        <details class="networks" id="networks" prop:open=move || models.open.get() on:toggle=toggled>
            <summary>"Networks: these, or your own"</summary>
            {move || models.wanted.get().map(|wanted| view! { <Asked session wanted /> })}
            <ul>{rows}</ul>
            <label class="button">
                "Add a network"
                <input id="network-input" type="file" accept=accept() on:change=chosen />
            </label>
            <span class="hint">
                " or drop its file on the page: a model of this program, or a ResNet as PyTorch saves it \
                 (.pt, .pth, .safetensors). It is read here and goes nowhere."
            </span>
            <Arriving session />
        </details>
    }
}

/// One network: what it is, and where it works.
#[component]
fn Row(session: Session, network: Network) -> impl IntoView {
    let models = session.models;
    let Network { entry, own } = network;
    let CatalogEntry { name, sha256, role, bytes, examples, card, .. } = entry;
    let examples = examples.map(|file| {
        let src = [&*session.loading.folder(), &file].concat();
        view! {
            <img class="examples" src=src loading="lazy"
                alt="Photos, and below each what this network kept of it" />
        }
    });
    // The site's first of its role works where nothing else was chosen.
    let usual = models.all.with_untracked(|all| {
        let first = all.iter().find(|other| !other.own && other.entry.role == role);
        first.is_some_and(|first| first.entry.sha256 == sha256)
    });
    let size = fixed(bytes as f64 / 1e6, 1);
    let about = card.as_ref().map_or_else(
        || [Place::of(role).title(), ", ", &*size, " MB"].concat(),
        |card| [&*described(card), ", ", &*size, " MB"].concat(),
    );
    let known = card
        .map(|card| facts(&card).into_iter().map(|fact| view! { <li>{fact}</li> }).collect_view());
    let use_as = {
        let sha256 = sha256.clone();
        move |place: Place| {
            let id = sha256.clone();
            let standing = usual && Some(role) == place.role();
            let is_here = move || match &models.chosen.get()[place as usize] {
                Some(other) => *other == id,
                None => standing,
            };
            let (pressed, id) = (is_here.clone(), sha256.clone());
            let put = move |_| {
                // The third place can be empty again.
                let leaves = place.role().is_none() && untrack(&is_here);
                session.put(place, (!standing && !leaves).then(|| id.clone()));
            };
            let label = match place {
                Place::Robust => "Use as the first",
                Place::Standard => "Use as the second",
                Place::Third => "Use as a third",
            };
            view! { <button aria-pressed=move || pressed().to_string() on:click=put>{label}</button> }
        }
    };
    let kept_here = {
        let sha256 = sha256.clone();
        move || models.kept.with(|kept| kept.contains(&sha256))
    };
    let keep = {
        let (sha256, kept_here) = (sha256.clone(), kept_here.clone());
        move |_| session.keep_network(sha256.clone(), !untrack(&kept_here))
    };
    let remove = move |_| session.remove_network(sha256.clone());
    view! {
        <li class="network">
            <strong>{name}</strong>
            " "
            <span class="hint">{about}</span>
            {examples}
            <details>
                <summary>"What is known of it"</summary>
                <ul class="facts">{known}</ul>
            </details>
            <div class="buttons">
                {Place::ALL.map(use_as)}
                {own.then(|| view! {
                    <button class="quiet" aria-pressed=move || kept_here().to_string() on:click=keep>
                        "Keep in this browser"
                    </button>
                    <button class="quiet" on:click=remove>"Remove"</button>
                })}
            </div>
        </li>
    }
}

/// A network in a line.
fn described(card: &Card) -> String {
    let net = &card.architecture;
    let trained = match card.role {
        Role::Robust => "trained against an adversary",
        Role::Standard => "trained the usual way",
    };
    let kind = net.preset_name().unwrap_or("a residual network");
    let blurs = if net.blurs() { " that blurs" } else { "" };
    let (numbers, side) = (net.representation_len(), card.input_size);
    format!("{kind}{blurs}, {trained}: {side} pixels, {numbers} numbers, {} classes", net.classes)
}

/// What its card says, a line each.
fn facts(card: &Card) -> Vec<String> {
    let mut facts = Vec::new();
    for accuracy in &card.accuracies {
        facts.push([&*percent(accuracy.value, 1), " right: ", &*accuracy.on].concat());
    }
    if let Some(training) = &card.training {
        let all = [&training.data, &training.adversary, &training.recipe, &training.cost];
        facts.extend(all.into_iter().filter(|words| !words.is_empty()).cloned());
    }
    let classes: Vec<&str> = card.classes.iter().take(12).map(String::as_str).collect();
    let more = if card.classes.len() > classes.len() { ", …" } else { "" };
    facts.push(["Classes: ", &*classes.join(", "), more].concat());
    let from = &card.provenance;
    for (what, words) in [
        ("Made from ", &from.source),
        ("SHA-256 of that: ", &from.source_sha256),
        ("Licence: ", &from.licence),
    ] {
        if !words.is_empty() {
            facts.push([what, &**words].concat());
        }
    }
    facts
}

/// The network that a link asks for.
#[component]
fn Asked(session: Session, wanted: Wanted) -> impl IntoView {
    let Wanted { address, sha256, local } = wanted;
    let way = if local {
        view! { <button id="fetch-network" on:click=move |_| session.fetch_wanted()>"Fetch it and use it"</button> }
            .into_any()
    } else {
        view! {
            <a class="button" id="download-network" href=address.clone() target="_blank" rel="noreferrer noopener">
                "Download it"
            </a>
            <span class="hint">
                " and drop the file here: from other sites this page fetches nothing itself."
            </span>
        }
        .into_any()
    };
    view! {
        <div class="notice" id="wanted">
            <p>
                "This link asks for another network, which is not part of this page: "
                <code>{address}</code>
                ". It is used only if its SHA-256 is "
                <code>{sha256}</code>
                "."
            </p>
            {way}
            <button class="link" on:click=move |_| session.models.wanted.set(None)>"Do without"</button>
        </div>
    }
}

/// The file at hand.
#[component]
fn Arriving(session: Session) -> impl IntoView {
    let models = session.models;
    let notes = move || {
        let all = models.notes.get().into_iter();
        all.map(|note| view! { <p class="hint">{note}</p> }).collect_view()
    };
    move || match models.arrival.get() {
        None => ().into_any(),
        Some(Arrival::Reading(name)) => {
            view! { <p role="status" id="arriving">{["Reading ", &*name, "…"].concat()}</p> }
                .into_any()
        }
        Some(Arrival::Taken(file, request)) => view! {
            <p role="status" id="arriving">{["Added: ", &*request.name].concat()}</p>
            {notes}
            <details>
                <summary>"Something wrong? Fill in what the file leaves out"</summary>
                <Fields session file request=*request open=None />
            </details>
        }
        .into_any(),
        Some(Arrival::Refused(file, request, refused)) => view! {
            <p role="alert" class="notice" id="arriving">
                {[&*request.file, ": ", &*refused.message].concat()}
            </p>
            <Fields session file request=*request open=refused.open />
        }
        .into_any(),
    }
}

impl Session {
    /// Keeps a network for the next visit, or does so no longer.
    fn keep_network(self, sha256: String, keep: bool) {
        let models = self.models;
        let own = models.all.with_untracked(|all| {
            all.iter().find(|network| network.entry.sha256 == sha256).cloned()
        });
        spawn_local(async move {
            let done = match (keep, own, models.file(&sha256)) {
                (true, Some(own), Some(file)) => kept::keep(&own, &file).await,
                (true, ..) => Err("its file has gone: add it again".into()),
                (false, ..) => kept::forget(&sha256).await,
            };
            match done {
                Ok(()) => models.kept.update(|kept| {
                    kept.retain(|other| *other != sha256);
                    kept.extend(keep.then_some(sha256));
                }),
                Err(fault) => self.notice.set(Some(fault.message)),
            }
        });
    }

    /// Removes a network, also from the browser; where it worked, the site's own does again.
    fn remove_network(self, sha256: String) {
        let models = self.models;
        for place in Place::ALL {
            if models.chosen.with_untracked(|all| all[place as usize].as_ref() == Some(&sha256)) {
                self.put(place, None);
            }
        }
        models.all.update(|all| all.retain(|other| other.entry.sha256 != sha256));
        models.files.update_value(|files| files.retain(|(other, _)| *other != sha256));
        models.arrival.set(None);
        if models.kept.with_untracked(|kept| kept.contains(&sha256)) {
            self.keep_network(sha256, false);
        }
    }
}
