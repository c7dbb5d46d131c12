//! Reading photos: what the network sees of one is kept, so that the next run need not decode it again.

use std::cell::RefCell;

use js_sys::Uint8Array;
use robust_core::engine::Model;
use robust_core::image::Pixels;
use robust_core::image::photo::Photo;
use robust_core::settings::Start;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

use super::time;
use crate::protocol::{Fault, PhotoFile, StartRequest};

/// Photos that are kept, those that were used last: all samples of the page, and as many again.
const KEPT: usize = 64;

/// What the network sees of the photos that were read last.
#[derive(Default)]
pub(super) struct Photos(RefCell<Vec<(PhotoFile, Pixels)>>);

impl Photos {
    /// What the network sees of a photo, which is at fault where it cannot be read.
    pub async fn read(&self, photo: &PhotoFile, model: &Model) -> Result<Pixels, Fault> {
        if let Some(pixels) = self.kept(photo) {
            return Ok(pixels);
        }
        let bytes = fetch(&photo.url).await.map_err(|why| Fault::of_photo(photo.id, why))?;
        let decoded = Photo::decode(&bytes, [255; 3]);
        let decoded = decoded.map_err(|error| Fault::of_photo(photo.id, error))?;
        let pixels = decoded.square(photo.crop, model.card().input_size);
        // Another may have read it meanwhile.
        if self.kept(photo).is_none() {
            let mut all = self.0.borrow_mut();
            if all.len() >= KEPT {
                all.remove(0);
            }
            all.push((photo.clone(), pixels.clone()));
        }
        Ok(pixels)
    }

    /// The photo if it is kept, which it is longer for being used.
    fn kept(&self, photo: &PhotoFile) -> Option<Pixels> {
        let mut all = self.0.borrow_mut();
        let at = all.iter().position(|(of, _)| of.url == photo.url && of.crop == photo.crop)?;
        all[at..].rotate_left(1);
        all.last().map(|(_, pixels)| pixels.clone())
    }

    /// Where an image starts.
    pub async fn start(&self, start: &StartRequest, model: &Model) -> Result<Start<Pixels>, Fault> {
        Ok(match start {
            Start::Noise => Start::Noise,
            Start::Grey => Start::Grey,
            Start::Photo(photo) => Start::Photo(self.read(photo, model).await?),
        })
    }

    /// Another network may see more of a photo, or less.
    pub fn forget(&self) {
        self.0.borrow_mut().clear();
    }
}

/// The file at an address of this site, or one of the visitor's.
async fn fetch(url: &str) -> Result<Vec<u8>, &'static str> {
    let unreached = |_: JsValue| match url.starts_with("blob:") {
        true => "its file is gone from the browser: add it again",
        false => "it could not be fetched. Is the network there?",
    };
    let response = JsFuture::from(time::scope().fetch_with_str(url)).await.map_err(unreached)?;
    let response: Response = response.unchecked_into();
    if !response.ok() {
        return Err("it is not where it should be");
    }
    let broken = |_: JsValue| "the download broke off";
    let buffer = JsFuture::from(response.array_buffer().map_err(broken)?).await.map_err(broken)?;
    Ok(Uint8Array::new(&buffer).to_vec())
}
