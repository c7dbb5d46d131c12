//! Messages from and to the page.

use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

use crate::protocol::{Request, Response};

/// The worker's end of the wire.
#[derive(Clone)]
pub(super) struct Port(DedicatedWorkerGlobalScope);

impl Port {
    pub fn of_this_worker() -> Self {
        Self(super::time::scope())
    }

    /// Sends to the page. Bytes travel as typed arrays.
    pub fn send(&self, response: &Response) {
        let sent = serde_wasm_bindgen::to_value(response)
            .map_err(JsValue::from)
            .and_then(|message| self.0.post_message(&message));
        if let Err(error) = sent {
            web_sys::console::error_2(&"an answer could not be sent".into(), &error);
        }
    }

    /// Hands every request to `handle`, for as long as the worker lives.
    pub fn listen(&self, handle: impl Fn(Request) + 'static) {
        let port = self.clone();
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            match serde_wasm_bindgen::from_value(event.data()) {
                Ok(request) => handle(request),
                Err(error) => {
                    let message = format!("a request was not understood: {error}");
                    port.send(&Response::Failed { message });
                }
            }
        });
        self.0.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        on_message.forget();
    }
}
