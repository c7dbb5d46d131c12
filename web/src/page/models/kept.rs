//! Networks that the browser keeps for the next visit, in a cache of their own: their files, and a list.

use js_sys::{JSON, Promise, Reflect, Uint8Array};
use robust_core::model::card::{Card, METADATA_KEY, Role};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, Cache, Response};

use super::state::Network;
use crate::page::download::{find, open_cache};
use crate::page::engines::place::Place;
use crate::protocol::Fault;

/// Name of the cache.
pub const CACHE: &str = "robust-reps-networks";

/// Where the list is: beside the networks, and nothing is served under either.
const LIST: &str = "networks/list";

/// The networks that are kept. None where the browser keeps nothing, or what it keeps cannot be read.
pub async fn list() -> Vec<Network> {
    let list = file_at(LIST).await.map(|list| list.to_vec()).unwrap_or_default();
    let mut all: Vec<Network> = String::from_utf8_lossy(&list).lines().filter_map(read).collect();
    for network in &mut all {
        network.entry.card = card(&network.entry.sha256).await;
    }
    all
}

/// The card with which a network's file begins.
async fn card(sha256: &str) -> Option<Card> {
    let found = find(open_cache(CACHE).await.as_ref(), &key(sha256)).await?;
    let file: Blob = JsFuture::from(found.blob().ok()?).await.ok()?.unchecked_into();
    let part = async |from: f64, to: f64| {
        bytes(file.slice_with_f64_and_f64(from, to).ok()?.array_buffer())
            .await
            .map(|part| part.to_vec())
    };
    // A safetensors file: the length of its header, and the header as JSON.
    let length = u64::from_le_bytes(part(0.0, 8.0).await?.try_into().ok()?);
    let header = part(8.0, 8.0 + length as f64).await?;
    let header = JSON::parse(&String::from_utf8_lossy(&header)).ok()?;
    let metadata = Reflect::get(&header, &"__metadata__".into()).ok()?;
    let card = Reflect::get(&metadata, &METADATA_KEY.into()).ok()?.as_string()?;
    serde_wasm_bindgen::from_value(JSON::parse(&card).ok()?).ok()
}

/// A line of the list: SHA-256, length, role, name.
fn line(Network { entry, .. }: &Network) -> String {
    let bytes = entry.bytes.to_string();
    [&*entry.sha256, &*bytes, Place::of(entry.role).key(), &*entry.name].join(" ")
}

fn read(line: &str) -> Option<Network> {
    let mut words = line.splitn(4, ' ');
    let (sha256, bytes) = (words.next()?.to_owned(), words.next()?.parse().ok()?);
    let name = words.next();
    let role = [Role::Robust, Role::Standard]
        .into_iter()
        .find(|role| Some(Place::of(*role).key()) == name)?;
    Some(Network::own(words.next()?.to_owned(), role, None, bytes, sha256))
}

async fn cache() -> Result<Cache, Fault> {
    let refused = "this browser keeps nothing for this page (a private window?)";
    open_cache(CACHE).await.ok_or(refused.into())
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
pub async fn keep(own: &Network, file: &Blob) -> Result<(), Fault> {
    put(&key(&own.entry.sha256), Response::new_with_opt_blob(Some(file))).await?;
    let mut all = list().await;
    all.retain(|other| other.entry.sha256 != own.entry.sha256);
    all.insert(0, own.clone());
    write(&all).await
}

/// Forgets a network.
///
/// # Errors
///
/// Where the browser refuses.
pub async fn forget(sha256: &str) -> Result<(), Fault> {
    let mut all = list().await;
    all.retain(|other| other.entry.sha256 != sha256);
    write(&all).await?;
    let deleted = JsFuture::from(cache().await?.delete_with_str(&key(sha256))).await;
    deleted.map(drop).map_err(|_| "it could not be removed from the browser".into())
}

async fn write(all: &[Network]) -> Result<(), Fault> {
    let list = all.iter().map(line).collect::<Vec<_>>().join("\n");
    put(LIST, Response::new_with_opt_str(Some(&list))).await
}

async fn put(key: &str, response: Result<Response, JsValue>) -> Result<(), Fault> {
    let full = |_| Fault::from("this browser has no room left for it");
    let put = cache().await?.put_with_str(key, &response.map_err(full)?);
    JsFuture::from(put).await.map(drop).map_err(full)
}

/// A network's file that is kept.
///
/// # Errors
///
/// Where it has gone.
pub async fn file(sha256: &str) -> Result<Uint8Array, Fault> {
    let gone = "this network is not in the browser any more: add its file again";
    file_at(&key(sha256)).await.ok_or(gone.into())
}

async fn file_at(key: &str) -> Option<Uint8Array> {
    let found = find(open_cache(CACHE).await.as_ref(), key).await?;
    bytes(found.array_buffer().ok()?).await
}

/// The bytes that a promise of a buffer brings.
pub async fn bytes(buffer: Promise) -> Option<Uint8Array> {
    let buffer = JsFuture::from(buffer).await.ok()?;
    Some(Uint8Array::new(&buffer))
}
