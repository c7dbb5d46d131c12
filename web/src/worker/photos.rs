//! The wire to the worker that reads photos.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use futures_channel::oneshot;
use robust_core::engine::Model;
use robust_core::image::Pixels;
use robust_core::settings::Start;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessageEvent, MessagePort};

use crate::protocol::read::{ReadAnswer, ReadRequest};
use crate::protocol::{Fault, PhotoFile, StartRequest, StopFile};
use crate::wire::{pack, unpack};

/// Who waits for a photo: answers come in the order of their requests.
type Waiting = Rc<RefCell<VecDeque<oneshot::Sender<ReadAnswer>>>>;

/// What reads photos, once the page has said where.
#[derive(Default)]
pub(super) struct Photos(RefCell<Option<(MessagePort, Waiting)>>);

impl Photos {
    /// Has photos read at the other end of this port from now on. Who waits for the one before it hears
    /// that nobody reads there any more.
    pub fn connect(&self, port: MessagePort) {
        let waiting = Waiting::default();
        let askers = waiting.clone();
        let on_answer = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            let asker = askers.borrow_mut().pop_front();
            if let Some(asker) = asker {
                let _ = asker.send(unpack(event.data()).unwrap_or_else(Err));
            }
        });
        port.set_onmessage(Some(on_answer.as_ref().unchecked_ref()));
        on_answer.forget();
        if let Some((before, waiting)) = self.0.replace(Some((port, waiting))) {
            before.close();
            waiting.borrow_mut().clear();
        }
    }

    /// What the network sees of a photo, which is at fault where it cannot be read.
    pub async fn read(&self, photo: &PhotoFile, model: &Model) -> Result<Pixels, Fault> {
        self.open(&StopFile::Gallery(photo.clone()), model).await
    }

    /// The same of a photo that may have come inside a link.
    pub async fn open(&self, photo: &StopFile, model: &Model) -> Result<Pixels, Fault> {
        let lost = || {
            let why = "it could not be read: perhaps this device has too little memory for it";
            match photo {
                StopFile::Gallery(photo) => Fault::of_photo(photo.id, why),
                StopFile::Embedded(_) => "a photo of this path could not be read".into(),
            }
        };
        let size = model.card().input_size;
        let answer = self.ask(ReadRequest { photo: photo.clone(), size });
        let answer = answer.map_err(|error| {
            web_sys::console::error_2(&"a photo could not be asked for".into(), &error);
            lost()
        })?;
        let values = answer.await.map_err(|_| lost())??;
        Pixels::new(size, values).ok_or_else(lost)
    }

    fn ask(&self, request: ReadRequest) -> Result<oneshot::Receiver<ReadAnswer>, JsValue> {
        let wire = self.0.borrow();
        let (port, waiting) = wire.as_ref().ok_or("nobody reads photos yet")?;
        let (message, handed_over) = pack(&request)?;
        port.post_message_with_transferable(&message, &handed_over)?;
        let (asker, answer) = oneshot::channel();
        waiting.borrow_mut().push_back(asker);
        Ok(answer)
    }

    /// Where an image starts.
    pub async fn start(&self, start: &StartRequest, model: &Model) -> Result<Start<Pixels>, Fault> {
        Ok(match start {
            Start::Noise => Start::Noise,
            Start::Grey => Start::Grey,
            Start::Photo(photo) => Start::Photo(self.read(photo, model).await?),
        })
    }
}
