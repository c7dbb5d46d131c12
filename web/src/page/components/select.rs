//! A choice of one among several.

use leptos::prelude::*;

/// Value and label of each option.
pub type Options = Vec<(String, String)>;

/// A labelled field with options to choose from. It shows what is chosen, whoever has chosen it.
#[component]
pub fn Select(
    /// Its id.
    id: &'static str,
    /// What stands before it.
    label: &'static str,
    /// What stands behind it.
    #[prop(optional)]
    after: &'static str,
    /// The options.
    #[prop(into)]
    options: Signal<Options>,
    /// The value of the chosen one.
    #[prop(into)]
    chosen: Signal<String>,
    /// Hears the value that the visitor chooses.
    #[prop(into)]
    choose: Callback<String>,
) -> impl IntoView {
    let option = move |(value, label): (String, String)| {
        let selected = {
            let value = value.clone();
            move || chosen.with(|chosen| *chosen == value)
        };
        view! { <option value=value prop:selected=selected>{label}</option> }
    };
    view! {
        <label class="check select">
            {label}
            " "
            <select id=id disabled=move || options.with(|options| options.len() < 2)
                on:change=move |event| choose.run(event_target_value(&event))>
                {move || options.get().into_iter().map(option).collect_view()}
            </select>
            {after}
        </label>
    }
}

/// Options whose values and labels are known beforehand.
pub fn fixed_options<const N: usize>(options: [(&str, &str); N]) -> Options {
    options.map(|(value, label)| (value.to_owned(), label.to_owned())).into()
}

/// Options that are told apart by their places, such as classes.
pub fn numbered(labels: Vec<String>) -> Options {
    labels.into_iter().enumerate().map(|(i, label)| (i.to_string(), label)).collect()
}
