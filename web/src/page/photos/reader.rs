//! The page's end of the wire to the worker that reads photos for the engines.

use js_sys::Array;
use leptos::prelude::*;
use leptos::task::spawn_local;
use robust_core::model::catalog::Engines;
use wasm_bindgen::prelude::*;
use web_sys::{MessageChannel, MessagePort, Worker};

use crate::page::download;
use crate::page::engines::engine::{self, next_message};
use crate::page::engines::slot::Slot;
use crate::page::session::Session;
use crate::protocol::{Fault, Request};

/// The worker, and what starts another one.
pub struct Reader {
    script: String,
    module: JsValue,
    worker: Worker,
    _on_error: Closure<dyn Fn()>,
}

impl Reader {
    /// Starts it, and waits until it listens. `lost` hears if it has crashed.
    async fn start(
        script: String,
        module: JsValue,
        lost: impl Fn() + 'static,
    ) -> Result<Self, Fault> {
        let failed = |error: JsValue| match error.as_string() {
            Some(why) => format!("photos cannot be read: {why}"),
            None => "photos cannot be read: the worker for it did not start".into(),
        };
        let worker = engine::worker(&script, &module).map_err(failed)?;
        let on_error = Closure::new(lost);
        let reader = Self { script, module, worker, _on_error: on_error };
        next_message(&reader.worker).await.map_err(failed)?;
        let on_error = reader._on_error.as_ref().unchecked_ref();
        reader.worker.set_onerror(Some(on_error));
        Ok(reader)
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
        let asset = &engines.reader;
        let (_, compiled) = download::watched("", asset, |_| {}, engine::compile).await?;
        let (script, module) = (engine::script(asset), compiled.await?);
        let reader = Reader::start(script, module, move || self.reader_crashed()).await?;
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

    /// A photo was too much for it: another takes its place. Engines ask it again for what they wait for, but
    /// for a photo that is too much for that one, too.
    fn reader_crashed(self) {
        let crashed = self.tray.reader.try_update_value(Option::take).flatten();
        let Some(crashed) = crashed else { return };
        spawn_local(async move {
            let (script, module) = (crashed.script.clone(), crashed.module.clone());
            // Its memory, first.
            drop(crashed);
            match Reader::start(script, module, move || self.reader_crashed()).await {
                Ok(reader) => {
                    self.tray.reader.set_value(Some(reader));
                    self.slots.into_iter().for_each(|slot| self.connect_to_reader(slot));
                }
                Err(fault) => self.give_up(&fault),
            }
        });
    }
}
