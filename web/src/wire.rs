//! How messages travel between the page and an engine: as bytes, which are handed over and not copied.
//! Reading fields by their names, as JavaScript objects have them, would make the page a twentieth
//! larger.

use js_sys::{Array, Uint8Array};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue};

/// A message, and what is handed over with it: arguments of `postMessage`.
pub fn pack(message: &impl Serialize) -> Result<(Uint8Array, Array), JsValue> {
    let bytes = postcard::to_allocvec(message).map_err(|error| error.to_string())?;
    let bytes = Uint8Array::from(bytes.as_slice());
    let handed_over = Array::of1(&bytes.buffer());
    Ok((bytes, handed_over))
}

/// A message from the other side.
///
/// # Errors
///
/// What came in its place, or why it cannot be read, in words.
pub fn unpack<T: DeserializeOwned>(data: JsValue) -> Result<T, String> {
    let bytes = data.dyn_into::<Uint8Array>().map_err(|other| {
        other.as_string().unwrap_or_else(|| "a message is not made of bytes".into())
    })?;
    postcard::from_bytes(&bytes.to_vec()).map_err(|error| format!("a message is damaged: {error}"))
}
