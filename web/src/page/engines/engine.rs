//! The page's end of the wire to an engine.

use js_sys::{Array, Object, Promise, Reflect, WebAssembly};
use robust_core::model::catalog::Asset;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ErrorEvent, MessageEvent, ResponseInit, Worker, WorkerOptions, WorkerType};

use crate::protocol::{Fault, Request, Response};
use crate::wire::{pack, pack_with, unpack};

/// Compiles what workers run, once for all of them, from now on, while it is still arriving.
pub fn compile(
    response: &web_sys::Response,
) -> impl Future<Output = Result<JsValue, Fault>> + use<> {
    let refused =
        |error: JsValue| format!("this browser cannot run this part of the page: {error:?}");
    let compiled = compile_streaming(response).map(JsFuture::from);
    async move { Ok(compiled.map_err(refused)?.await.map_err(refused)?) }
}

fn compile_streaming(response: &web_sys::Response) -> Result<Promise, JsValue> {
    // Neither every host nor our own cache says what it is, and browsers insist.
    let headers = Object::new();
    Reflect::set(&headers, &"Content-Type".into(), &"application/wasm".into())?;
    let init = ResponseInit::new();
    init.set_headers(&headers);
    let body = response.clone()?.body();
    let copy = web_sys::Response::new_with_opt_readable_stream_and_init(body.as_ref(), &init)?;
    Ok(WebAssembly::compile_streaming(&Promise::resolve(&JsValue::from(copy))))
}

/// The glue script of a wasm, such as `engine-cpu.js` of `engine-cpu_bg.wasm`. The
/// query makes sure that both are of the same release.
pub fn script(engine: &Asset) -> String {
    let name = engine.file.trim_end_matches("_bg.wasm");
    format!("./{name}.js?v={}", engine.sha256.get(..12).unwrap_or_default())
}

/// A worker that runs this script with its compiled wasm. What it says first is heard by whoever listens
/// before the next turn.
///
/// # Errors
///
/// Where the browser starts none.
pub fn worker(script: &str, module: &JsValue) -> Result<Worker, JsValue> {
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    let worker = Worker::new_with_options("./engine.js", &options)?;
    let init = Object::new();
    Reflect::set(&init, &"script".into(), &script.into())?;
    Reflect::set(&init, &"module".into(), module)?;
    worker.post_message(&init)?;
    Ok(worker)
}

/// A worker's next message. A string says what went wrong.
pub fn next_message(worker: &Worker) -> JsFuture {
    JsFuture::from(Promise::new(&mut |resolve, reject| {
        let failed = reject.clone();
        let on_message = Closure::once_into_js(move |event: MessageEvent| {
            let data = event.data();
            let settle = if data.is_string() { reject } else { resolve };
            let _ = settle.call1(&JsValue::NULL, &data);
        });
        worker.set_onmessage(Some(on_message.unchecked_ref()));
        let on_error = Closure::once_into_js(move || failed.call0(&JsValue::NULL));
        worker.set_onerror(Some(on_error.unchecked_ref()));
    }))
}

/// A worker and the two listeners that keep the page informed.
pub struct Engine {
    worker: Worker,
    _on_message: Closure<dyn Fn(MessageEvent)>,
    _on_error: Closure<dyn Fn(ErrorEvent)>,
}

impl Engine {
    /// Starts a worker. `hear` gets every answer, a crash included.
    pub fn start(
        script: &str,
        module: &JsValue,
        hear: impl Fn(Response) + Clone + 'static,
    ) -> Result<Self, Fault> {
        let failed = |error: JsValue| format!("the engine's worker did not start: {error:?}");
        let worker = worker(script, module).map_err(failed)?;
        let crash = hear.clone();
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            hear(unpack(event.data()).unwrap_or_else(Response::Failed));
        });
        let on_error = Closure::<dyn Fn(ErrorEvent)>::new(move |event: ErrorEvent| {
            let message = format!("the engine has crashed ({})", event.message());
            crash(Response::Failed(message.into()));
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self { worker, _on_message: on_message, _on_error: on_error })
    }

    /// Sends a request.
    pub fn send(&self, request: &Request) {
        self.post(pack(request));
    }

    /// Sends a request, and a file or a port that is the engine's from then on.
    pub fn send_with(&self, request: &Request, beside: &JsValue) {
        self.post(pack_with(request, beside));
    }

    fn post(&self, packed: Result<(impl AsRef<JsValue>, Array), JsValue>) {
        let sent = packed.and_then(|(message, handed_over)| {
            self.worker.post_message_with_transfer(message.as_ref(), &handed_over)
        });
        if let Err(error) = sent {
            web_sys::console::error_2(&"a request could not be sent".into(), &error);
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}
