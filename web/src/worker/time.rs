//! A clock and ways to let the worker hear its messages.

use js_sys::{Function, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::MessageChannel;

use crate::scope::scope;

/// Milliseconds since the worker started.
pub(super) fn now() -> f64 {
    scope().performance().map_or(0.0, |clock| clock.now())
}

/// Lets pending messages be handled, then goes on: a message to oneself queues behind them.
/// (A timer of 0 ms would be held up to 4 ms by browsers.)
pub(super) async fn next_turn() {
    let post_to_self = |resolve: Function, _: Function| {
        let Ok(channel) = MessageChannel::new() else {
            let _ = resolve.call0(&JsValue::NULL);
            return;
        };
        channel.port1().set_onmessage(Some(&resolve));
        let _ = channel.port2().post_message(&JsValue::NULL);
    };
    settle(Promise::new(&mut { post_to_self })).await;
}

/// Waits for `ms` milliseconds.
pub(super) async fn sleep(ms: i32) {
    let set_timer = |resolve: Function, _: Function| {
        let _ = scope().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, ms);
    };
    settle(Promise::new(&mut { set_timer })).await;
}

async fn settle(promise: Promise) {
    // Neither promise is ever rejected.
    let _ = JsFuture::from(promise).await;
}
