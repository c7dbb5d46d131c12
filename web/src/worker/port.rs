//! Messages from and to the page.

use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

use crate::protocol::{Request, Response};
use crate::wire::{pack, unpack_with};

/// The worker's end of the wire.
#[derive(Clone)]
pub(super) struct Port(DedicatedWorkerGlobalScope);

impl Port {
    pub fn of_this_worker() -> Self {
        Self(crate::scope::scope())
    }

    /// Sends to the page.
    pub fn send(&self, response: &Response) {
        let sent = pack(response).and_then(|(message, handed_over)| {
            self.0.post_message_with_transfer(&message, &handed_over)
        });
        if let Err(error) = sent {
            web_sys::console::error_2(&"an answer could not be sent".into(), &error);
        }
    }

    /// Hands every request to `handle`, with what came beside it, for as long as the worker lives.
    pub fn listen(&self, handle: impl Fn(Request, JsValue) + 'static) {
        let port = self.clone();
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            match unpack_with(event.data()) {
                Ok((request, beside)) => handle(request, beside),
                Err(fault) => port.send(&Response::Failed(fault)),
            }
        });
        self.0.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        on_message.forget();
    }
}
