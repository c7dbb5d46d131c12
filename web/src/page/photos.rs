//! Photos that the visitor can choose from: samples, and their own.

use std::sync::Arc;

use js_sys::Uint8Array;
use robust_core::settings::Crop;
use serde_bytes::ByteBuf;
use wasm_bindgen_futures::JsFuture;
use web_sys::{File, Url};

use super::{download, gallery};
use crate::protocol::PhotoFile;

/// A photo in the tray.
#[derive(Clone, Debug)]
pub struct Photo {
    /// Tells photos apart.
    pub id: usize,
    /// What people call it.
    pub name: String,
    /// Where an `<img>` finds it: a path of this site, or an object URL of a local file.
    pub url: String,
    /// The file, unless it is a sample that has not been fetched.
    bytes: Option<Arc<Vec<u8>>>,
    /// What the network sees of it.
    pub crop: Crop,
}

impl Photo {
    /// The samples, in order.
    pub fn samples() -> Vec<Self> {
        let sample = |(id, (file, title)): (usize, (&str, &str))| Self {
            id,
            name: title.into(),
            url: format!("{}{file}", gallery::FOLDER),
            bytes: None,
            crop: Crop::Centre,
        };
        gallery::SAMPLES.into_iter().enumerate().map(sample).collect()
    }

    /// A file of the visitor. It is read into this page's memory and goes nowhere else.
    pub async fn from_file(id: usize, file: &File) -> Result<Self, String> {
        let name = file.name();
        let unreadable = |_| format!("{name} could not be read");
        let buffer = JsFuture::from(file.array_buffer()).await.map_err(unreadable)?;
        let bytes = Uint8Array::new(&buffer).to_vec();
        let url = Url::create_object_url_with_blob(file).map_err(unreadable)?;
        Ok(Self { id, name, url, bytes: Some(Arc::new(bytes)), crop: Crop::Centre })
    }

    /// The photo as an engine takes it.
    pub async fn request(&self) -> Result<PhotoFile, String> {
        let bytes = match &self.bytes {
            Some(bytes) => bytes.to_vec(),
            None => download::bytes(&self.url).await?,
        };
        Ok(PhotoFile { bytes: ByteBuf::from(bytes), crop: self.crop })
    }
}
