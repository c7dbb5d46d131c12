//! Waiting without holding up the page.

use js_sys::{Array, Promise};
use leptos::prelude::window;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

/// Goes on after so many milliseconds.
pub async fn sleep(ms: u32) -> Result<JsValue, JsValue> {
    JsFuture::from(timer(ms)).await
}

/// Waits for a promise, but no longer than so many milliseconds.
pub async fn at_most(ms: u32, promise: &Promise) -> Result<JsValue, JsValue> {
    JsFuture::from(Promise::race(&Array::of2(promise, &timer(ms)))).await
}

fn timer(ms: u32) -> Promise {
    Promise::new(&mut |resolve, _| {
        let timer =
            window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, ms as i32);
        drop(timer);
    })
}
