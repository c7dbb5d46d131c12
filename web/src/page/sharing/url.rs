//! What the address asks for.

use leptos::prelude::window;
use wasm_bindgen::JsValue;
use web_sys::UrlSearchParams;

/// The value of `?name=value` in the address, if it is there and not empty.
pub fn parameter(name: &str) -> Option<String> {
    let search = window().location().search().ok()?;
    let value = UrlSearchParams::new_with_str(&search).ok()?.get(name)?;
    (!value.is_empty()).then_some(value)
}

/// The value of `?name=value`, only if it is a path of this site: an address must not be able to
/// make the page load something from elsewhere.
pub fn local_path(name: &str) -> Option<String> {
    parameter(name).filter(|path| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
        path.chars().all(plain) && !path.starts_with('/') && !path.contains("..")
    })
}

/// The fragment of the view of paths before there is one.
pub const MORPH: &str = "morph";

/// The fragment of the tour.
pub const TOUR: &str = "tour";

/// The fragment of the address, without `#`.
pub fn fragment() -> String {
    let hash = window().location().hash().unwrap_or_default();
    hash.trim_start_matches('#').to_owned()
}

/// Makes this fragment the address, as a new entry of the history unless it is already there.
pub fn push_fragment(text: &str) {
    if fragment() == text {
        return;
    }
    let Ok(history) = window().history() else { return };
    let address = format!("#{text}");
    // The bare name of the view is no place to come back to.
    let _ = if fragment() == MORPH {
        history.replace_state_with_url(&JsValue::NULL, "", Some(&address))
    } else {
        history.push_state_with_url(&JsValue::NULL, "", Some(&address))
    };
}

/// Makes this fragment the address, in place of the one there is.
pub fn replace_fragment(text: &str) {
    if let Ok(history) = window().history() {
        let address = format!("#{text}");
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&address));
    }
}

/// The address of this page, without what a view or a visitor adds to it.
pub fn page() -> String {
    let location = window().location();
    location.origin().unwrap_or_default() + &location.pathname().unwrap_or_default()
}

/// The address that shows others this fragment, with the networks that this one asks for: without this
/// visitor's own choices, such as the engine.
pub fn to_share(text: &str) -> String {
    let mut page = page();
    let mut mark = '?';
    let model = parameter("sha256").and_then(|_| parameter("model"));
    let asked = [
        ("models", local_path("models")),
        ("model", model.map(|model| js_sys::encode_uri_component(&model).into())),
        ("sha256", parameter("sha256").filter(|hash| hash.bytes().all(|b| b.is_ascii_hexdigit()))),
    ];
    for (name, value) in asked {
        if let Some(value) = value {
            page += &format!("{mark}{name}={value}");
            mark = '&';
        }
    }
    format!("{page}#{text}")
}
