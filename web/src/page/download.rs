//! Downloads that show their progress, prove that they are whole, and are kept.

use js_sys::{Array, Reflect, SyntaxError, Uint8Array};
use leptos::prelude::window;
use robust_core::model::catalog::Asset;
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Cache, File, ReadableStreamDefaultReader, Response};

use crate::protocol::Fault;

/// Name of the cache, which `static/offline.js` knows too; entries are keyed by their SHA-256, so a
/// new release replaces none wrongly. Whatever the page keeps elsewhere has a name that begins so.
pub const CACHE: &str = "robust-reps";

/// Fetches a small JSON file.
pub async fn json<T: DeserializeOwned>(path: &str) -> Result<T, Fault> {
    let strange = |error: String| format!("{path} cannot be understood: {error}");
    let unread = |error: JsValue| match error.dyn_into::<SyntaxError>() {
        Ok(error) => strange(error.message().into()),
        Err(error) => broken(error),
    };
    let json = request(path).await?.json().map_err(broken)?;
    let value = JsFuture::from(json).await.map_err(unread)?;
    Ok(serde_wasm_bindgen::from_value(value).map_err(|error| strange(error.to_string()))?)
}

/// Fetches any file of this site, or one that the visitor has brought, by its object URL.
pub async fn bytes(path: &str) -> Result<Uint8Array, Fault> {
    let buffer = request(path).await?.array_buffer().map_err(broken)?;
    Ok(Uint8Array::new(&JsFuture::from(buffer).await.map_err(broken)?))
}

/// Bytes as a file of that name, as if the visitor had chosen it.
pub fn file(name: &str, bytes: &Uint8Array) -> Result<File, Fault> {
    Ok(File::new_with_u8_array_sequence(&Array::of1(bytes), name).map_err(broken)?)
}

/// Fetches an asset of `folder` from the cache or the network. `progress` is told the share done.
pub async fn asset(
    folder: &str,
    asset: &Asset,
    progress: impl Fn(f64),
) -> Result<Uint8Array, Fault> {
    watched(folder, asset, progress, |_| ()).await.map(|(bytes, ())| bytes)
}

/// The same, and what `watch` makes of the response that arrives.
pub async fn watched<T>(
    folder: &str,
    asset: &Asset,
    progress: impl Fn(f64),
    watch: impl Fn(&Response) -> T,
) -> Result<(Uint8Array, T), Fault> {
    let path = format!("{folder}{}", asset.file);
    let key = format!("{path}?sha256={}", asset.sha256);
    let share = |received: u64| progress(received as f64 / asset.bytes.max(1) as f64);
    let cache = open_cache(CACHE).await;
    if let Some(kept) = find(cache.as_ref(), &key).await {
        let watched = watch(&kept);
        let bytes = read(kept, asset.bytes, share).await?;
        if is_whole(&bytes, asset).await {
            return Ok((bytes, watched));
        }
    }
    let response = request(&path).await?;
    let watched = watch(&response);
    let bytes = read(response, asset.bytes, share).await?;
    if !is_whole(&bytes, asset).await {
        let (came, wanted) = (bytes.length(), asset.bytes);
        let damaged = format!("{path} arrived damaged ({came} of {wanted} bytes, wrong SHA-256)");
        return Err(damaged.into());
    }
    keep(cache.as_ref(), &key, &bytes).await;
    Ok((bytes, watched))
}

async fn request(path: &str) -> Result<Response, Fault> {
    let offline = || format!("{path} could not be fetched. Is the network there?");
    let response = JsFuture::from(window().fetch_with_str(path)).await.map_err(|_| offline())?;
    let response: Response = response.unchecked_into();
    if !response.ok() {
        let status = response.status();
        return Err(format!("{path} could not be fetched: the server says {status}").into());
    }
    Ok(response)
}

fn broken(_: JsValue) -> String {
    "the download broke off".into()
}

/// Reads a body of so many bytes to its end; what comes beyond them shows that it is another file.
async fn read(
    response: Response,
    length: u64,
    progress: impl Fn(u64),
) -> Result<Uint8Array, Fault> {
    let body = response.body().ok_or("the server sent nothing")?;
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    let bytes = Uint8Array::new_with_length(length as u32);
    let mut at = 0;
    loop {
        let piece = JsFuture::from(reader.read()).await.map_err(broken)?;
        if Reflect::get(&piece, &"done".into()).map_err(broken)?.is_truthy() {
            break;
        }
        let piece: Uint8Array =
            Reflect::get(&piece, &"value".into()).map_err(broken)?.unchecked_into();
        let end = at + piece.length();
        if end > bytes.length() {
            // Longer than it should be is damaged, too.
            return Ok(Uint8Array::new_with_length(end));
        }
        bytes.set(&piece, at);
        at = end;
        progress(at.into());
    }
    Ok(bytes.subarray(0, at))
}

/// Whether this is the asset, by its length and its SHA-256. Browsers compute that for sites with https
/// and on this machine only; elsewhere, where nothing is kept either, the length has to do.
async fn is_whole(bytes: &Uint8Array, asset: &Asset) -> bool {
    if u64::from(bytes.length()) != asset.bytes {
        return false;
    }
    let subtle = window().crypto().ok().map(|crypto| crypto.subtle()).filter(|it| it.is_object());
    let Some(subtle) = subtle else { return true };
    let Ok(digest) = subtle.digest_with_str_and_buffer_source("SHA-256", bytes) else {
        return false;
    };
    let Ok(digest) = JsFuture::from(digest).await else { return false };
    let hex = |byte: u8| format!("{byte:02x}");
    Uint8Array::new(&digest).to_vec().into_iter().map(hex).collect::<String>() == asset.sha256
}

/// None in a private window or on a site without https: then nothing is kept.
pub async fn open_cache(name: &str) -> Option<Cache> {
    let storage = window().caches().ok().filter(|caches| caches.is_object())?;
    let cache = JsFuture::from(storage.open(name)).await.ok()?;
    Some(cache.unchecked_into())
}

/// What a cache holds under a key.
pub async fn find(cache: Option<&Cache>, key: &str) -> Option<Response> {
    let found = JsFuture::from(cache?.match_with_str(key)).await.ok()?;
    found.is_object().then(|| found.unchecked_into())
}

/// Best effort: a full disk is no reason to fail.
async fn keep(cache: Option<&Cache>, key: &str, bytes: &Uint8Array) {
    let Some(cache) = cache else { return };
    if let Ok(response) = Response::new_with_opt_buffer_source(Some(bytes)) {
        let _ = JsFuture::from(cache.put_with_str(key, &response)).await;
    }
}
