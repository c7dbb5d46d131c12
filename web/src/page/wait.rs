//! Waiting without holding up the page.

use js_sys::Promise;
use leptos::prelude::window;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

/// Goes on after so many milliseconds.
pub async fn sleep(ms: u32) -> Result<JsValue, JsValue> {
    let timer = Promise::new(&mut |resolve, _| {
        let timer =
            window().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, ms as i32);
        drop(timer);
    });
    JsFuture::from(timer).await
}
