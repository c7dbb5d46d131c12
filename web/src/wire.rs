//! How messages travel between the page, its workers and each other: as bytes, which are handed over and not copied.
//! Reading fields by their names, as JavaScript objects have them, would make the page a twentieth
//! larger.

use js_sys::{Array, Uint8Array};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast, JsValue};
#[cfg(any(feature = "engine", feature = "reader"))]
use web_sys::MessagePort;

use crate::protocol::Fault;

/// A message, and what is handed over with it: arguments of `postMessage`.
pub fn pack(message: &impl Serialize) -> Result<(Uint8Array, Array), JsValue> {
    let bytes = postcard::to_allocvec(message).map_err(|error| error.to_string())?;
    let bytes = Uint8Array::from(bytes.as_slice());
    let handed_over = Array::of1(&bytes.buffer());
    Ok((bytes, handed_over))
}

/// A message and something beside it, which the other side gets as it is: arguments of `postMessage`. What
/// is handed over is `beside` or, of a file, its buffer.
#[cfg(any(feature = "page", feature = "importer"))]
pub fn pack_with(message: &impl Serialize, beside: &JsValue) -> Result<(Array, Array), JsValue> {
    let (message, handed_over) = pack(message)?;
    match beside.dyn_ref::<Uint8Array>() {
        Some(file) => handed_over.push(&file.buffer()),
        None => handed_over.push(beside),
    };
    Ok((Array::of2(&message, beside), handed_over))
}

/// Sends a message from worker to worker.
#[cfg(any(feature = "engine", feature = "reader"))]
pub fn post(port: &MessagePort, message: &impl Serialize) -> Result<(), JsValue> {
    let (message, handed_over) = pack(message)?;
    port.post_message_with_transferable(&message, &handed_over)
}

/// A message from the other side.
///
/// # Errors
///
/// What came in its place, or why it cannot be read.
pub fn unpack<T: DeserializeOwned>(data: JsValue) -> Result<T, Fault> {
    let bytes = data.dyn_into::<Uint8Array>().map_err(|other| {
        other.as_string().unwrap_or_else(|| "a message is not made of bytes".into())
    })?;
    let damaged = |error| format!("a message is damaged: {error}");
    Ok(postcard::from_bytes(&bytes.to_vec()).map_err(damaged)?)
}

/// The same, with what came beside it; undefined where nothing did.
///
/// # Errors
///
/// Those of [`unpack`].
#[cfg(any(feature = "page", feature = "engine"))]
pub fn unpack_with<T: DeserializeOwned>(data: JsValue) -> Result<(T, JsValue), Fault> {
    match data.dyn_into::<Array>() {
        Ok(both) => Ok((unpack(both.get(0))?, both.get(1))),
        Err(alone) => Ok((unpack(alone)?, JsValue::UNDEFINED)),
    }
}
