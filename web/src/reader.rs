//! A worker that reads photos for all engines: each is fetched and decoded once, however many networks see
//! it, and at whatever size. What they see of it is kept, so that the next run need not read it again.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use js_sys::Uint8Array;
use robust_core::image::Pixels;
use robust_core::image::photo::Photo;
use robust_core::link;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{MessageEvent, MessagePort, Response};

use crate::protocol::read::{ReadAnswer, ReadRequest};
use crate::protocol::{Fault, PhotoFile, StopFile};
use crate::scope::{ready, scope};
use crate::wire::{post, unpack};

/// Squares that are kept, those that were used last: all samples of the page at two sizes, and more.
const KEPT: usize = 128;

/// Listens for ports, one of each engine.
pub fn start() {
    console_error_panic_hook::set_once();
    let reader = Rc::new(Reader::default());
    let on_port = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        reader.clone().listen(event.data().unchecked_into());
    });
    scope().set_onmessage(Some(on_port.as_ref().unchecked_ref()));
    on_port.forget();
    ready();
}

/// State of the worker.
#[derive(Default)]
struct Reader {
    /// What has been asked for, and where: one after another, so that what two engines ask for at once is
    /// decoded for the first and there for the second.
    waiting: RefCell<VecDeque<(MessagePort, Result<ReadRequest, Fault>)>>,
    /// Whether something is being read.
    busy: Cell<bool>,
    /// The photo that was decoded last, by its address: another part of it may be wanted, or another size.
    decoded: RefCell<Option<(String, Photo)>>,
    squares: RefCell<Vec<(PhotoFile, Pixels)>>,
}

impl Reader {
    fn listen(self: Rc<Self>, port: MessagePort) {
        let answers = port.clone();
        let on_request = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            self.waiting.borrow_mut().push_back((answers.clone(), unpack(event.data())));
            spawn_local(self.clone().serve());
        });
        port.set_onmessage(Some(on_request.as_ref().unchecked_ref()));
        on_request.forget();
    }

    /// Answers all that waits, if nobody else is about it.
    async fn serve(self: Rc<Self>) {
        if self.busy.replace(true) {
            return;
        }
        loop {
            let next = self.waiting.borrow_mut().pop_front();
            let Some((port, request)) = next else { break };
            let answer: ReadAnswer = match request {
                Ok(request) => self.read(&request).await.map(|pixels| pixels.values().to_vec()),
                Err(fault) => Err(fault),
            };
            if let Err(error) = post(&port, &answer) {
                web_sys::console::error_2(&"a photo could not be sent".into(), &error);
            }
        }
        self.busy.set(false);
    }

    async fn read(&self, request: &ReadRequest) -> Result<Pixels, Fault> {
        match &request.photo {
            StopFile::Gallery(photo) => {
                self.square(photo, request.size).await.map_err(|why| Fault::of_photo(photo.id, why))
            }
            StopFile::Embedded(bytes) => link::open(bytes, request.size)
                .map_err(|error| format!("a photo of this path: {error}").into()),
        }
    }

    /// What a network sees of a photo, or why that cannot be read.
    async fn square(&self, photo: &PhotoFile, size: usize) -> Result<Pixels, String> {
        if let Some(pixels) = self.kept(photo, size) {
            return Ok(pixels);
        }
        let pixels = match self.cut(photo, size) {
            Some(pixels) => pixels,
            None => {
                // Two photos at once may be more than there is room for.
                self.decoded.take();
                let bytes = fetch(&photo.url).await?;
                let decoded = Photo::decode(&bytes, [255; 3]).map_err(|error| error.to_string())?;
                drop(bytes);
                let pixels = decoded.square(photo.crop, size);
                self.decoded.replace(Some((photo.url.clone(), decoded)));
                pixels
            }
        };
        let mut all = self.squares.borrow_mut();
        if all.len() >= KEPT {
            all.remove(0);
        }
        all.push((photo.clone(), pixels.clone()));
        Ok(pixels)
    }

    /// The square if it is kept, which it is longer for being used.
    fn kept(&self, photo: &PhotoFile, size: usize) -> Option<Pixels> {
        let mut all = self.squares.borrow_mut();
        let is_it = |(of, pixels): &(PhotoFile, Pixels)| {
            of.url == photo.url && of.crop == photo.crop && pixels.size() == size
        };
        let at = all.iter().position(is_it)?;
        all[at..].rotate_left(1);
        all.last().map(|(_, pixels)| pixels.clone())
    }

    /// The square out of the photo that was decoded last, if it is that.
    fn cut(&self, photo: &PhotoFile, size: usize) -> Option<Pixels> {
        let decoded = self.decoded.borrow();
        let (_, decoded) = decoded.as_ref().filter(|(url, _)| *url == photo.url)?;
        Some(decoded.square(photo.crop, size))
    }
}

/// The file at an address of this site, or one of the visitor's.
async fn fetch(url: &str) -> Result<Vec<u8>, &'static str> {
    let unreached = |_: JsValue| match url.starts_with("blob:") {
        true => "its file is gone from the browser: add it again",
        false => "it could not be fetched. Is the network there?",
    };
    let response = JsFuture::from(scope().fetch_with_str(url)).await.map_err(unreached)?;
    let response: Response = response.unchecked_into();
    if !response.ok() {
        return Err("it is not where it should be");
    }
    let broken = |_: JsValue| "the download broke off";
    let buffer = JsFuture::from(response.array_buffer().map_err(broken)?).await.map_err(broken)?;
    Ok(Uint8Array::new(&buffer).to_vec())
}
