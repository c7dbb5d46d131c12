//! What a visitor can say of a network that its file does not.

use leptos::prelude::*;
use robust_core::model::architecture::Stem;
use robust_core::model::card::Role;
use web_sys::File;

use super::super::session::Session;
use crate::protocol::{ImportRequest, NO_NORMALISER, Open};

const STEMS: [(&str, Option<Stem>); 3] = [
    ("As the file says", None),
    ("3x3, stride 1, as for CIFAR-10", Some(Stem::Cifar)),
    ("3x3, stride 2", Some(Stem::Small)),
];

const NORMALISERS: [(&str, &str); 5] = [
    ("As the file says", ""),
    ("ImageNet's", "imagenet"),
    ("Restricted ImageNet's", "restricted-imagenet"),
    ("CIFAR-10's", "cifar10"),
    ("None: images in [0, 1]", NO_NORMALISER),
];

const TRAININGS: [(&str, Role); 2] =
    [("Against an adversary", Role::Robust), ("The usual way", Role::Standard)];

/// A choice of one among labels, which are counted.
fn choice(
    id: &'static str,
    label: &'static str,
    labels: Vec<String>,
    chosen: usize,
    set: impl Fn(usize) + 'static,
) -> impl IntoView {
    let option = |(i, label): (usize, String)| {
        view! { <option value=i.to_string() selected=i == chosen>{label}</option> }
    };
    let options = labels.into_iter().enumerate().map(option).collect_view();
    let change = move |event| set(event_target_value(&event).parse().unwrap_or_default());
    view! { <label>{label}<select id=id on:change=change>{options}</select></label> }
}

fn text(
    id: &'static str,
    label: &'static str,
    value: String,
    set: impl Fn(String) + 'static,
) -> impl IntoView {
    let change = move |event| set(event_target_value(&event));
    view! { <label>{label}<input id=id value=value on:change=change /></label> }
}

/// The fields, and the button that tries again.
#[component]
pub fn Said(
    session: Session,
    /// The file.
    file: File,
    /// What was said so far.
    request: ImportRequest,
    /// What the file leaves open.
    open: Option<Open>,
) -> impl IntoView {
    let prefixes = match open {
        Some(Open::Network(prefixes)) => prefixes,
        _ => Vec::new(),
    };
    let place = |at: Option<usize>| at.unwrap_or_default();
    let stem = place(STEMS.iter().position(|(_, stem)| *stem == request.stem));
    let normaliser = request.normaliser.clone().unwrap_or_default();
    let normaliser = place(NORMALISERS.iter().position(|(_, name)| *name == normaliser));
    let training = place(TRAININGS.iter().position(|(_, role)| Some(*role) == request.role));
    let (name, classes) = (request.name.clone(), request.classes.join(", "));
    let side = request.input_size.map(|side| side.to_string()).unwrap_or_default();
    let said = StoredValue::new(request);
    let say = move |change: &dyn Fn(&mut ImportRequest)| said.update_value(|said| change(said));
    if let Some(first) = prefixes.first() {
        say(&|said| said.network = Some(first.clone()));
    }
    let file = StoredValue::new_local(file);
    let again = move |_| session.import(file.get_value(), said.get_value());
    let labels = |all: &[&str]| all.iter().map(|label| (*label).to_owned()).collect::<Vec<_>>();
    view! {
        <div class="fields">
            {(!prefixes.is_empty()).then(|| {
                let names = prefixes.iter().map(|p| ["\"", p, "\""].concat()).collect();
                choice("network-prefix", "Which network, by its tensors’ names", names, 0, move |i| {
                    say(&|said| said.network = prefixes.get(i).cloned());
                })
            })}
            {choice("network-stem", "First convolution", labels(&STEMS.map(|(label, _)| label)), stem, move |i| {
                say(&|said| said.stem = STEMS.get(i).and_then(|(_, stem)| *stem));
            })}
            {choice("network-normaliser", "Images are normalised by", labels(&NORMALISERS.map(|(label, _)| label)),
                normaliser, move |i| {
                let name = NORMALISERS.get(i).map(|(_, name)| *name).filter(|name| !name.is_empty());
                say(&|said| said.normaliser = name.map(str::to_owned));
            })}
            {choice("network-training", "It was trained", labels(&TRAININGS.map(|(label, _)| label)), training,
                move |i| say(&|said| said.role = TRAININGS.get(i).map(|(_, role)| *role)))}
            {text("network-side", "Side of its images in pixels (empty: the usual)", side, move |side| {
                say(&|said| said.input_size = side.trim().parse().ok());
            })}
            {text("network-classes", "Classes: names with commas between, or imagenet, cifar10", classes, move |names| {
                let names = names.split(',').map(|name| name.trim().to_owned());
                let names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
                say(&|said| said.classes.clone_from(&names));
            })}
            {text("network-name", "Name", name, move |name| say(&|said| said.name.clone_from(&name)))}
        </div>
        <div class="buttons"><button id="import-again" on:click=again>"Try again"</button></div>
    }
}
