//! The wire to the worker that reads photos.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use futures_channel::oneshot;
use robust_core::engine::Model;
use robust_core::image::Pixels;
use robust_core::settings::Start;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{MessageEvent, MessagePort};

use crate::protocol::read::{ReadAnswer, ReadRequest};
use crate::protocol::{Fault, PhotoFile, StartRequest, StopFile};
use crate::wire::{post, unpack};

/// What reads photos, once the page has said where, and who waits for one.
#[derive(Default)]
pub(super) struct Photos(Rc<RefCell<Wire>>);

#[derive(Default)]
struct Wire {
    port: Option<MessagePort>,
    /// In the order in which they are answered.
    waiting: VecDeque<Asked>,
}

/// A photo that has been asked for.
struct Asked {
    request: ReadRequest,
    /// Whether a reader was lost while it was this photo's turn.
    suspect: bool,
    asker: oneshot::Sender<ReadAnswer>,
}

impl Photos {
    /// Has photos read at the other end of this port from now on. What the one before it owed is asked for
    /// again, but for a photo that has cost two of them.
    pub fn connect(&self, port: MessagePort) {
        let wire = self.0.clone();
        let on_answer = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            let asked = wire.borrow_mut().waiting.pop_front();
            if let Some(Asked { asker, .. }) = asked {
                let _ = asker.send(unpack(event.data()).unwrap_or_else(Err));
            }
        });
        port.set_onmessage(Some(on_answer.as_ref().unchecked_ref()));
        on_answer.forget();
        let mut wire = self.0.borrow_mut();
        let Wire { port: here, waiting } = &mut *wire;
        if let Some(before) = here.replace(port.clone()) {
            before.set_onmessage(None);
            before.close();
            if let Some(first) = waiting.front_mut().filter(|first| !first.suspect) {
                first.suspect = true;
            } else {
                // Dropped, its asker hears of it.
                waiting.pop_front();
            }
        }
        waiting.retain(|asked| send(&port, &asked.request));
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
        let values = answer.await.map_err(|_| lost())??;
        Pixels::new(size, values).ok_or_else(lost)
    }

    /// Asks for a photo, as soon as there is somebody to ask.
    fn ask(&self, request: ReadRequest) -> oneshot::Receiver<ReadAnswer> {
        let (asker, answer) = oneshot::channel();
        let Wire { port, waiting } = &mut *self.0.borrow_mut();
        if port.as_ref().is_none_or(|port| send(port, &request)) {
            waiting.push_back(Asked { request, suspect: false, asker });
        }
        answer
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

/// Whether a request could be sent.
fn send(port: &MessagePort, request: &ReadRequest) -> bool {
    let sent = post(port, request);
    if let Err(error) = &sent {
        web_sys::console::error_2(&"a photo could not be asked for".into(), error);
    }
    sent.is_ok()
}
