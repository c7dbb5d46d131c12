//! The page's end of the wire to the worker that reads photos for the engines.

use js_sys::Array;
use leptos::prelude::*;
use leptos::task::spawn_local;
use robust_core::model::catalog::{Asset, Engines};
use wasm_bindgen::prelude::*;
use web_sys::{MessageChannel, MessagePort, Worker};

use crate::page::download;
use crate::page::engines::engine::{self, next_message};
use crate::page::engines::slot::Slot;
use crate::page::session::Session;
use crate::protocol::{Fault, Request};

/// The worker.
pub struct Reader {
    worker: Worker,
    _on_error: Closure<dyn Fn()>,
}

impl Reader {
    /// Fetches and starts it, and waits until it listens. `lost` hears if it has crashed.
    async fn start(asset: &Asset, lost: impl Fn() + 'static) -> Result<Self, Fault> {
        let failed = |error: JsValue| match error.as_string() {
            Some(why) => format!("what reads photos did not start: {why}"),
            None => "what reads photos did not start".into(),
        };
        let (_, compiled) = download::watched("", asset, |_| {}, engine::compile).await?;
        let worker = engine::worker(&engine::script(asset), &compiled.await?).map_err(failed)?;
        next_message(&worker).await.map_err(failed)?;
        let on_error = Closure::new(lost);
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Ok(Self { worker, _on_error: on_error })
    }

    /// A wire to it for one engine: the engine's end.
    fn wire(&self) -> Result<MessagePort, JsValue> {
        let channel = MessageChannel::new()?;
        let port = channel.port2();
        self.worker.post_message_with_transfer(&port, &Array::of1(&port))?;
        Ok(channel.port1())
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

impl Session {
    /// Has photos read from now on, if they are not yet.
    pub async fn start_reader(self, engines: &Engines) -> Result<(), Fault> {
        if self.tray.reader.with_value(Option::is_some) {
            return Ok(());
        }
        let reader = Reader::start(&engines.reader, move || self.reader_crashed()).await?;
        // Another may have come meanwhile, which an engine reads with already.
        self.tray.reader.update_value(|here| {
            here.get_or_insert(reader);
        });
        Ok(())
    }

    /// Tells an engine where photos are read.
    pub fn connect_to_reader(self, slot: Slot) {
        let wire = self.tray.reader.with_value(|reader| reader.as_ref().map(Reader::wire));
        match wire {
            Some(Ok(port)) => slot.send_with(&Request::Reader, &port),
            Some(Err(error)) => web_sys::console::error_1(&error),
            None => {}
        }
    }

    /// A photo was too much for it: another takes its place, and who waits for that photo hears that it
    /// cannot be read.
    fn reader_crashed(self) {
        spawn_local(async move {
            self.tray.reader.set_value(None);
            let started = async {
                let engines: Engines = download::json("engines.json").await?;
                self.start_reader(&engines).await
            };
            match started.await {
                Ok(()) => self.slots.into_iter().for_each(|slot| self.connect_to_reader(slot)),
                Err(fault) => self.give_up(&fault),
            }
        });
    }
}
