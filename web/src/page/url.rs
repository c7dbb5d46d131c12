//! What the address asks for.

use leptos::prelude::window;
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
