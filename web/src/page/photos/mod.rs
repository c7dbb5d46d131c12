//! Photos that the visitor can choose from: samples, and their own.

pub mod gallery;
pub mod kept;
mod reader;
mod state;
pub mod tray;

pub use state::{StartChoice, Tray, start_without};

use std::sync::Arc;

use js_sys::{Array, Uint8Array};
use leptos::prelude::*;
use leptos::task::spawn_local;
use robust_core::link::{Stop, link_of};
use robust_core::settings::Crop;
use serde_bytes::ByteBuf;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, File, ImageBitmap, Url};

use crate::page::components::canvas::{blank, png_file};
use crate::page::engines::slot::Slot;
use crate::page::models::is_network;
use crate::page::session::Session;
use crate::page::sharing::url;
use crate::page::views::VIEWS;
use crate::protocol::PhotoFile;
use crate::turn::Turn;

/// A photo in the tray.
#[derive(Clone, Debug)]
pub struct Photo {
    /// Tells photos apart.
    pub id: usize,
    /// What people call it.
    pub name: String,
    /// Where an `<img>` finds it: a path of this site, or an object URL of a local file.
    pub url: String,
    /// The same of a small picture of it.
    pub small: String,
    /// Where it comes from.
    pub source: Source,
    /// What the network sees of it.
    pub crop: Crop,
}

/// The same photo, of which the same is seen.
impl PartialEq for Photo {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.crop == other.crop
    }
}

/// Where a photo comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// A sample of this site, by its file's name.
    Sample(&'static str),
    /// A file of the visitor, which stays with the browser.
    Own,
    /// A small file that came inside a link.
    Linked(Arc<Vec<u8>>),
}

/// How files begin that are read here: JPEG, PNG, GIF, BMP, WebP.
const READ_HERE: [&[u8]; 5] = [b"\xff\xd8", PNG, b"GIF8", b"BM", b"RIFF"];
const PNG: &[u8] = b"\x89PNG";

/// Largest side in pixels of a photo that the browser decodes: far more than a network sees of it.
const LARGEST: f64 = 2048.0;

impl Photo {
    /// The samples, in order.
    pub fn samples() -> Vec<Self> {
        let sample = |(id, (file, title)): (usize, (&'static str, &str))| Self {
            id,
            name: title.into(),
            url: [gallery::FOLDER, file].concat(),
            small: [gallery::SMALL, file].concat(),
            source: Source::Sample(file),
            crop: Crop::Centre,
        };
        gallery::SAMPLES.into_iter().enumerate().map(sample).collect()
    }

    /// A file of the visitor and all its bytes. The browser holds a copy, since the file may be moved or
    /// changed, and it goes nowhere else. Its place in the tray gives it an id.
    pub async fn from_file(file: &File, bytes: &Uint8Array) -> Result<Self, JsValue> {
        let here = READ_HERE.iter().any(|kind| starts_with(bytes, kind));
        let decoded = if here { None } else { decoded_by_browser(file).await.ok() };
        match decoded {
            Some(png) => Self::of_blob(0, file.name(), &png, Crop::Centre),
            None => Self::of_bytes(0, file.name(), bytes, Crop::Centre),
        }
    }

    /// A photo of the visitor's with all bytes of its file.
    pub fn of_bytes(
        id: usize,
        name: String,
        bytes: &Uint8Array,
        crop: Crop,
    ) -> Result<Self, JsValue> {
        let blob = Blob::new_with_u8_array_sequence(&Array::of1(bytes))?;
        Self::of_blob(id, name, &blob, crop)
    }

    /// A photo of the visitor's whose file the browser holds, until the page is closed: Undo brings back
    /// what was removed.
    pub fn of_blob(id: usize, name: String, blob: &Blob, crop: Crop) -> Result<Self, JsValue> {
        let url = Url::create_object_url_with_blob(blob)?;
        Ok(Self { id, name, small: url.clone(), url, source: Source::Own, crop })
    }

    /// A photo that came inside a link.
    pub fn from_link(id: usize, bytes: &[u8]) -> Option<Self> {
        let file = Uint8Array::from(bytes);
        let photo = Self::of_bytes(id, "Photo of the link".into(), &file, Crop::Centre).ok()?;
        Some(Self { source: Source::Linked(Arc::new(bytes.to_vec())), ..photo })
    }

    /// Whether it is the very same file, of which the same is seen; numbers tell only photos of the tray
    /// apart.
    pub fn shows_the_same(&self, other: &Self) -> bool {
        self.crop == other.crop && self.url == other.url
    }

    /// Whether the visitor or a link has brought it.
    pub fn is_brought(&self) -> bool {
        !matches!(self.source, Source::Sample(_))
    }

    /// The photo as an engine takes it.
    pub fn file(&self) -> PhotoFile {
        PhotoFile { id: self.id, url: self.url.clone(), crop: self.crop }
    }

    /// The photo as a link names or holds it; `None` where its file is too large for one.
    pub fn stop(&self) -> Option<Stop> {
        match &self.source {
            Source::Sample(file) => {
                let name = file.trim_end_matches(".jpg").to_owned();
                Some(Stop::Gallery { name, crop: self.crop })
            }
            Source::Linked(bytes) if self.crop == Crop::Centre => {
                Some(Stop::Embedded(ByteBuf::from(bytes.to_vec())))
            }
            Source::Own | Source::Linked(_) => None,
        }
    }
}

/// A file that is not read here, as a PNG, where the browser can decode it: AVIF in all of
/// them, what phones make (HEIC) in some.
async fn decoded_by_browser(file: &File) -> Result<Blob, JsValue> {
    let bitmap = JsFuture::from(window().create_image_bitmap_with_blob(file)?).await?;
    let bitmap: ImageBitmap = bitmap.dyn_into()?;
    let (width, height) = (f64::from(bitmap.width()), f64::from(bitmap.height()));
    let share = (LARGEST / width.max(height)).min(1.0);
    let (width, height) = ((width * share).ceil(), (height * share).ceil());
    let (canvas, context) = blank(width as u32, height as u32).ok_or(JsValue::NULL)?;
    context.draw_image_with_image_bitmap_and_dw_and_dh(&bitmap, 0.0, 0.0, width, height)?;
    png_file(&canvas).await
}

/// The link inside a filmstrip that was saved here. No file but a PNG is searched for one.
fn carried_link(bytes: &Uint8Array) -> Option<String> {
    starts_with(bytes, PNG).then(|| link_of(&bytes.to_vec())).flatten()
}

fn starts_with(bytes: &Uint8Array, start: &[u8]) -> bool {
    bytes.subarray(0, start.len() as u32).to_vec() == start
}

/// All bytes of a file.
pub async fn read(file: &Blob) -> Result<Uint8Array, JsValue> {
    Ok(Uint8Array::new(&JsFuture::from(file.array_buffer()).await?))
}

impl Session {
    /// The photo with this id.
    pub fn photo(self, id: usize) -> Option<Photo> {
        self.tray
            .photos
            .with_untracked(|photos| photos.iter().find(|photo| photo.id == id).cloned())
    }

    /// Adds photos and chooses the first of them, or all where all have a part.
    pub fn add(self, files: Vec<File>) {
        spawn_local(async move {
            let mut added = Vec::new();
            for file in files {
                if is_network(&file) {
                    self.bring(file);
                    continue;
                }
                let photo = match read(&file).await {
                    Ok(bytes) => {
                        if let Some(link) = carried_link(&bytes) {
                            url::push_fragment(&link);
                            return self.open_link(&link);
                        }
                        Photo::from_file(&file, &bytes).await
                    }
                    Err(error) => Err(error),
                };
                match photo {
                    Ok(photo) => added.extend(self.add_photo(|id| Some(Photo { id, ..photo }))),
                    Err(_) => self.notice.set(Some([&file.name(), " could not be read"].concat())),
                }
            }
            // A path takes all of them, every other view the first.
            let taken = if self.view_untracked().ways.takes_all { added.len() } else { 1 };
            added.into_iter().take(taken).for_each(|id| self.select(id));
        });
    }

    /// Puts the photo that `make` makes of its new id in front of all others.
    pub fn add_photo(self, make: impl FnOnce(usize) -> Option<Photo>) -> Option<usize> {
        // Never one that was there before: results of this visit remember photos by it.
        let id = self.tray.next_photo.get_value();
        let photo = make(id)?;
        self.tray.next_photo.set_value(id + 1);
        self.tray.photos.update(|photos| photos.insert(0, photo));
        Some(id)
    }

    /// Takes a photo out of the tray. Views that show it go on with a sample.
    pub fn remove_photo(self, id: usize) {
        let used = untrack(|| self.shows(id));
        self.tray.photos.update(|photos| photos.retain(|photo| photo.id != id));
        self.tray.wrong.update(|wrong| wrong.retain(|(photo, _)| *photo != id));
        let first = self.tray.photos.with_untracked(|photos| photos.first().map(|photo| photo.id));
        let Some(first) = first else { return };
        if self.tray.selected.get_untracked() == id {
            self.tray.selected.set(first);
        }
        VIEWS.iter().for_each(|view| (view.ways.let_go)(self, id, first));
        if used {
            self.compute_again();
        }
    }

    /// Whether what is shown is made of this photo. A drawing has its pixels already.
    fn shows(self, id: usize) -> bool {
        self.describe().used().contains(&id)
    }

    /// Marks the photo of a run that it could not begin with, and goes back to the one whose picture
    /// is shown.
    pub fn mark_wrong(self, id: usize, message: &str) {
        self.tray.wrong.update(|wrong| {
            wrong.retain(|(photo, _)| *photo != id);
            wrong.push((id, message.to_owned()));
        });
        // Where what was shown has not been touched.
        if self.view_untracked().ways.stays {
            let shown = self.tray.pictured.get_untracked().filter(|id| self.photo(*id).is_some());
            if let (Some(shown), true) = (shown, self.tray.selected.get_untracked() == id) {
                self.tray.selected.set(shown);
                // Nobody wants to go back to it.
                self.forget_steps_to(id);
                let inverted = |slot: &Slot| slot.turn.with_untracked(Turn::shown) != 0;
                if self.slots.iter().any(inverted) {
                    self.show_link();
                } else {
                    self.show_or_compute();
                }
            }
        } else if untrack(|| self.shows(id)) {
            self.forget_steps_to(id);
            self.show_step_again();
        }
    }
}
