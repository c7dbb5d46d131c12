//! The worker that this code runs in.

use wasm_bindgen::JsCast;
use web_sys::DedicatedWorkerGlobalScope;

/// Its global scope.
pub fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Tells the page that messages are heard from now on: it sends none before.
#[cfg(any(feature = "reader", feature = "importer"))]
pub fn ready() {
    if let Err(error) = scope().post_message(&wasm_bindgen::JsValue::NULL) {
        web_sys::console::error_2(&"the page cannot be told".into(), &error);
    }
}
