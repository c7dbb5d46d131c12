//! Photos that the visitor can choose from: samples, and their own.

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

use super::canvas::{blank, png_file};
use super::models::is_network;
use super::modes::VIEWS;
use super::session::Session;
use super::slot::Slot;
use super::{download, gallery, url};
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
    /// Where its file is.
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

/// Where a photo's file is.
#[derive(Clone, Debug)]
pub enum Source {
    /// A sample of this site, by its file's name.
    Sample(&'static str),
    /// A file of the visitor, read into this page's memory.
    Own(Arc<Vec<u8>>),
    /// A small file that came inside a link.
    Linked(Arc<Vec<u8>>),
}

impl Source {
    /// Whether it is the very same file in memory, or the same sample.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Sample(a), Self::Sample(b)) => a == b,
            (Self::Own(a) | Self::Linked(a), Self::Own(b) | Self::Linked(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

/// How files begin that the engines read themselves: JPEG, PNG, GIF, BMP, WebP.
const READ_HERE: [&[u8]; 5] = [b"\xff\xd8", b"\x89PNG", b"GIF8", b"BM", b"RIFF"];

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

    /// A file of the visitor. It is read into this page's memory and goes nowhere else.
    pub async fn from_file(file: &File) -> Result<Self, String> {
        let name = file.name();
        let unreadable = |_| format!("{name} could not be read");
        let buffer = JsFuture::from(file.array_buffer()).await.map_err(unreadable)?;
        let bytes = Uint8Array::new(&buffer).to_vec();
        let foreign = !READ_HERE.iter().any(|start| bytes.starts_with(start));
        let decoded = if foreign { decoded_by_browser(file).await.ok() } else { None };
        let url = Url::create_object_url_with_blob(decoded.as_ref().map_or(file, |(png, _)| png));
        let url = url.map_err(unreadable)?;
        let source = Source::Own(Arc::new(decoded.map_or(bytes, |(_, bytes)| bytes)));
        // Its place in the tray gives it an id.
        Ok(Self { id: 0, name, small: url.clone(), url, source, crop: Crop::Centre })
    }

    /// The link inside, if this is a filmstrip that was saved here.
    pub fn carried_link(&self) -> Option<String> {
        match &self.source {
            Source::Own(bytes) => link_of(bytes),
            Source::Sample(_) | Source::Linked(_) => None,
        }
    }

    /// A photo that came inside a link.
    pub fn from_link(id: usize, bytes: &[u8]) -> Option<Self> {
        let source = Source::Linked(Arc::new(bytes.to_vec()));
        Self::of_file(id, "Photo of the link".into(), source, Crop::Centre)
    }

    /// A photo whose file is in memory.
    pub fn of_file(id: usize, name: String, source: Source, crop: Crop) -> Option<Self> {
        let (Source::Own(bytes) | Source::Linked(bytes)) = &source else { return None };
        let parts = Array::of1(&Uint8Array::from(bytes.as_slice()));
        let blob = Blob::new_with_u8_array_sequence(&parts).ok()?;
        let url = Url::create_object_url_with_blob(&blob).ok()?;
        Some(Self { id, name, small: url.clone(), url, source, crop })
    }

    /// Whether it is the very same file, of which the same is seen; numbers tell only photos of the tray
    /// apart.
    pub fn shows_the_same(&self, other: &Self) -> bool {
        self.crop == other.crop && self.source.is_same(&other.source)
    }

    /// Whether the visitor or a link has brought it.
    pub fn is_brought(&self) -> bool {
        !matches!(self.source, Source::Sample(_))
    }

    /// The photo's file and crop, as an engine takes it.
    pub async fn request(&self) -> Result<PhotoFile, String> {
        let bytes = match &self.source {
            Source::Sample(_) => download::bytes(&self.url).await?,
            Source::Own(bytes) | Source::Linked(bytes) => bytes.to_vec(),
        };
        Ok(PhotoFile { id: self.id, bytes: ByteBuf::from(bytes), crop: self.crop })
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
            Source::Own(_) | Source::Linked(_) => None,
        }
    }
}

/// A file that the engines do not read, as a PNG, where the browser can decode it: AVIF in all of
/// them, what phones make (HEIC) in some.
async fn decoded_by_browser(file: &File) -> Result<(Blob, Vec<u8>), JsValue> {
    let bitmap = JsFuture::from(window().create_image_bitmap_with_blob(file)?).await?;
    let bitmap: ImageBitmap = bitmap.dyn_into()?;
    let (width, height) = (f64::from(bitmap.width()), f64::from(bitmap.height()));
    let share = (LARGEST / width.max(height)).min(1.0);
    let (width, height) = ((width * share).ceil(), (height * share).ceil());
    let (canvas, context) = blank(width as u32, height as u32).ok_or(JsValue::NULL)?;
    context.draw_image_with_image_bitmap_and_dw_and_dh(&bitmap, 0.0, 0.0, width, height)?;
    png_file(&canvas).await
}

impl Session {
    /// The photo with this id.
    pub fn photo(self, id: usize) -> Option<Photo> {
        self.tray
            .photos
            .with_untracked(|photos| photos.iter().find(|photo| photo.id == id).cloned())
    }

    /// Adds photos and inverts the first of them.
    pub fn add(self, files: Vec<File>) {
        spawn_local(async move {
            let mut added = Vec::new();
            for file in files {
                if is_network(&file) {
                    self.bring(file);
                    continue;
                }
                match Photo::from_file(&file).await {
                    Ok(photo) => {
                        if let Some(link) = photo.carried_link() {
                            url::push_fragment(&link);
                            return self.open_link(&link);
                        }
                        added.extend(self.add_photo(|id| Some(Photo { id, ..photo })));
                    }
                    Err(message) => self.notice.set(Some(message)),
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
    pub(super) fn mark_wrong(self, id: usize, message: &str) {
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
