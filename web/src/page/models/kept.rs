//! Networks that the browser keeps for the next visit, in a cache of their own: their files, and a list.

use js_sys::{Promise, Uint8Array};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, Cache, Response};

use super::state::Own;

/// Name of the cache.
pub const CACHE: &str = "robust-reps-networks";

/// Where the list is: beside the networks, and nothing is served under either.
const LIST: &str = "networks/list";

/// The networks that are kept. None where the browser keeps nothing, or what it keeps cannot be read.
pub async fn list() -> Vec<Own> {
    let list = file_at(LIST).await;
    list.and_then(|list| postcard::from_bytes(&list).ok()).unwrap_or_default()
}

async fn cache() -> Result<Cache, String> {
    let refused = "this browser keeps nothing for this page (a private window?)";
    let caches = window().caches().ok().filter(|caches| caches.is_object()).ok_or(refused)?;
    Ok(JsFuture::from(caches.open(CACHE)).await.map_err(|_| refused)?.unchecked_into())
}

/// An address within this site, which nothing is served under.
fn key(sha256: &str) -> String {
    format!("networks/{sha256}")
}

/// Keeps a network's file, and writes the list.
///
/// # Errors
///
/// Where the browser does not keep it.
pub async fn keep(own: &Own, file: &Blob) -> Result<(), String> {
    put(&key(&own.sha256), Response::new_with_opt_blob(Some(file))).await?;
    let mut all = list().await;
    all.retain(|other| other.sha256 != own.sha256);
    all.insert(0, own.clone());
    write(&all).await
}

/// Forgets a network.
///
/// # Errors
///
/// Where the browser refuses.
pub async fn forget(sha256: &str) -> Result<(), String> {
    let mut all = list().await;
    all.retain(|other| other.sha256 != sha256);
    write(&all).await?;
    let deleted = JsFuture::from(cache().await?.delete_with_str(&key(sha256))).await;
    deleted.map(drop).map_err(|_| "it could not be removed from the browser".into())
}

async fn write(all: &[Own]) -> Result<(), String> {
    let list = postcard::to_allocvec(all).map_err(|error| error.to_string())?;
    put(LIST, Response::new_with_opt_buffer_source(Some(&Uint8Array::from(list.as_slice())))).await
}

async fn put(key: &str, response: Result<Response, JsValue>) -> Result<(), String> {
    let full = |_| "this browser has no room left for it".to_owned();
    let put = cache().await?.put_with_str(key, &response.map_err(full)?);
    JsFuture::from(put).await.map(drop).map_err(full)
}

/// A network's file that is kept.
///
/// # Errors
///
/// Where it has gone.
pub async fn file(sha256: &str) -> Result<Vec<u8>, String> {
    let gone = "this network is not in the browser any more: add its file again";
    file_at(&key(sha256)).await.ok_or(gone.into())
}

async fn file_at(key: &str) -> Option<Vec<u8>> {
    let found = JsFuture::from(cache().await.ok()?.match_with_str(key)).await.ok()?;
    let found = found.is_object().then(|| found.unchecked_into::<Response>())?;
    bytes(found.array_buffer().ok()?).await
}

/// The bytes that a promise of a buffer brings.
pub async fn bytes(buffer: Promise) -> Option<Vec<u8>> {
    let buffer = JsFuture::from(buffer).await.ok()?;
    Some(Uint8Array::new(&buffer).to_vec())
}
