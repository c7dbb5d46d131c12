//! What a visitor can say of a network that its file does not.

use js_sys::Reflect;
use leptos::prelude::*;
use robust_core::model::architecture::{Downsampling, Stem};
use robust_core::model::card::Role;
use web_sys::File;

use crate::page::session::Session;
use crate::protocol::import::{ImportRequest, NO_NORMALISER, Open};

/// Label and value of each choice; an empty value leaves it to the file.
type Labelled = [(&'static str, &'static str)];

const STEMS: &Labelled = &[
    ("As the file says", ""),
    ("3x3, stride 1, as for CIFAR-10", "cifar"),
    ("3x3, stride 2", "small"),
];

const DOWNSAMPLINGS: &Labelled =
    &[("As the file says, else strided", ""), ("Blurred, as in timm’s resnetblur", "blurred")];

const NORMALISERS: &Labelled = &[
    ("As the file says", ""),
    ("ImageNet's", "imagenet"),
    ("Restricted ImageNet's", "restricted-imagenet"),
    ("CIFAR-10's", "cifar10"),
    ("None: images in [0, 1]", NO_NORMALISER),
];

const TRAININGS: &Labelled =
    &[("Not known", ""), ("Against an adversary", "robust"), ("The usual way", "standard")];

const TEXTS: &Labelled = &[
    ("Name", "network-name"),
    ("Side of its images in pixels (empty: the usual)", "network-side"),
    ("Classes: names with commas between, or imagenet, cifar10", "network-classes"),
];

/// Labels of the numbers that are said in place of one of the [`NORMALISERS`].
const MEAN: &str = "Or by numbers: mean of red, green and blue, from 0 to 1";
const STD: &str = "Standard deviation of red, green and blue";

/// A choice of one among options with their values.
fn choice(id: &'static str, label: &'static str, options: Vec<(String, String)>) -> AnyView {
    let options =
        options.into_iter().map(|(label, value)| view! { <option value=value>{label}</option> });
    view! { <label>{label}<select id=id>{options.collect_view()}</select></label> }.into_any()
}

/// `open`: the file does not say it.
fn labelled(id: &'static str, label: &'static str, options: &Labelled, open: bool) -> AnyView {
    let options = if open { &options[1..] } else { options };
    let owned = |(label, value): &(&str, &str)| ((*label).to_owned(), (*value).to_owned());
    choice(id, label, options.iter().map(owned).collect())
}

/// What stands in a field; nothing where it is empty or not there.
fn said(id: &str) -> Option<String> {
    let field = document().get_element_by_id(id)?;
    let value = Reflect::get(&field, &"value".into()).ok()?.as_string()?;
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// All fields on top of what was said before.
fn all_said(before: ImportRequest) -> ImportRequest {
    let classes = said("network-classes").unwrap_or_default();
    let names = classes.split(',').map(|name| name.trim().to_owned());
    ImportRequest {
        name: said("network-name").unwrap_or(before.name),
        stem: said("network-stem").map(|stem| match &*stem {
            "cifar" => Stem::Cifar,
            _ => Stem::Small,
        }),
        downsampling: said("network-downsampling").map(|_| Downsampling::Blurred),
        normaliser: said("network-normaliser"),
        mean: said("network-mean").unwrap_or_default(),
        std: said("network-std").unwrap_or_default(),
        role: said("network-training").map(|training| match &*training {
            "robust" => Role::Robust,
            _ => Role::Standard,
        }),
        network: said("network-prefix").or(before.network),
        input_size: said("network-side").and_then(|side| side.parse().ok()),
        classes: names.filter(|name| !name.is_empty()).collect(),
        ..before
    }
}

/// The fields, and the button that tries again.
#[component]
pub fn Fields(
    session: Session,
    /// The file.
    file: File,
    /// What was said so far.
    request: ImportRequest,
    /// What the file leaves open.
    open: Option<Open>,
) -> impl IntoView {
    let [stem, normaliser] =
        [Open::Stem, Open::Normaliser].map(|what| open.as_ref() == Some(&what));
    let prefixes = match open {
        Some(Open::Network(prefixes)) => {
            let quoted = |prefix: String| (["\"", &*prefix, "\""].concat(), prefix);
            let prefixes = prefixes.into_iter().map(quoted).collect();
            Some(choice("network-prefix", "Which network, by its tensors’ names", prefixes))
        }
        _ => None,
    };
    // What was typed stays, so that it can be corrected.
    let numbers = [
        (MEAN, "network-mean", "0.49, 0.48, 0.45", request.mean.clone()),
        (STD, "network-std", "0.25, 0.24, 0.26", request.std.clone()),
    ];
    let numbers = numbers.map(|(label, id, example, typed)| {
        view! { <label>{label}<input id=id value=typed placeholder=example /></label> }
    });
    let texts = TEXTS.iter().map(|(label, id)| view! { <label>{*label}<input id=*id /></label> });
    let request = StoredValue::new(request);
    let file = StoredValue::new_local(file);
    let again = move |_| session.import(file.get_value(), all_said(request.get_value()));
    view! {
        <div class="fields">
            {prefixes}
            {labelled("network-stem", "First convolution", STEMS, stem)}
            {labelled("network-downsampling", "Downsampling", DOWNSAMPLINGS, false)}
            {labelled("network-normaliser", "Images are normalised by", NORMALISERS, normaliser)}
            {numbers.collect_view()}
            {labelled("network-training", "It was trained", TRAININGS, false)}
            {texts.collect_view()}
        </div>
        <div class="buttons"><button id="import-again" on:click=again>"Try again"</button></div>
    }
}
