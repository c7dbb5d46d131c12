//! A worker that makes a model of a file: it answers one request, and ends with it.

use js_sys::{Array, Uint8Array};
use robust_core::import::describe::Said;
use robust_core::import::known::Known;
use robust_core::import::stored::is_safetensors;
use robust_core::import::{Checkpoint, Normaliser, Question};
use robust_core::model::card::Provenance;
use robust_core::model::weights::{Precision, Weights, WeightsError};
use sha2::{Digest, Sha256};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{DedicatedWorkerGlobalScope, File, MessageEvent};

use crate::protocol::import::{ImportRequest, Imported, NO_NORMALISER, Open, Refused};
use crate::scope::{ready, scope};
use crate::wire::{pack_with, unpack};

/// Listens for the request: an array of the request's bytes and the file.
pub fn start() {
    console_error_panic_hook::set_once();
    let port = scope();
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        let port = port.clone();
        spawn_local(async move {
            if let Err(error) = answer(&port, event.data()).await {
                web_sys::console::error_2(&"an answer could not be sent".into(), &error);
            }
        });
    });
    scope().set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
    ready();
}

/// Sends an array: what became of the file, and the model's bytes.
async fn answer(port: &DedicatedWorkerGlobalScope, data: JsValue) -> Result<(), JsValue> {
    let message: Array = data.unchecked_into();
    let made = make(message.get(0), message.get(1).unchecked_into()).await;
    let (report, model) = match made {
        Ok((imported, model)) => (Ok(imported), Uint8Array::from(model.as_slice())),
        Err(refused) => (Err(refused), Uint8Array::new_with_length(0)),
    };
    let (answer, handed_over) = pack_with(&report, &model)?;
    port.post_message_with_transfer(&answer, &handed_over)
}

async fn make(request: JsValue, file: File) -> Result<(Imported, Vec<u8>), Refused> {
    let refuse = |message: String| Refused { message, open: None };
    let request: ImportRequest = unpack(request).map_err(|fault| refuse(fault.message))?;
    let unread = |_| refuse("the file could not be read".into());
    let buffer = JsFuture::from(file.array_buffer()).await.map_err(unread)?;
    let bytes = Uint8Array::new(&buffer).to_vec();
    let sha256: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    if request.sha256.as_ref().is_some_and(|wanted| *wanted != sha256) {
        return Err(refuse(format!(
            "this is another file than the link speaks of: its SHA-256 is {sha256}"
        )));
    }
    match Weights::from_bytes(&bytes) {
        // A model file is used as it is.
        Ok(weights) => {
            let card = weights.card().clone();
            return Ok((Imported { card, notes: Vec::new(), sha256 }, bytes));
        }
        Err(WeightsError::Foreign) => {}
        Err(WeightsError::NotSafetensors(_)) if !is_safetensors(&bytes) => {}
        Err(damaged) => return Err(refuse(damaged.to_string())),
    }
    convert(&request, &bytes, sha256).map_err(|error| Refused {
        open: error.downcast_ref().map(open),
        message: format!("{error:#}"),
    })
}

fn convert(
    request: &ImportRequest,
    bytes: &[u8],
    sha256: String,
) -> anyhow::Result<(Imported, Vec<u8>)> {
    let checkpoint = Checkpoint::from_bytes(bytes, request.network.as_deref())?;
    let source = Provenance {
        source: request.file.clone(),
        source_sha256: sha256.clone(),
        written_by: concat!("robust-reps ", env!("CARGO_PKG_VERSION"), ", on its page").into(),
        licence: String::new(),
    };
    let (card, assumed) = checkpoint.card(&said(request)?, source)?;
    let weights = Weights::new(card, checkpoint.tensors)?;
    // Half as long and as good; a few networks have numbers that are too large for it.
    let model = weights.to_bytes(Precision::F16).or_else(|_| weights.to_bytes(Precision::F32))?;
    let card = weights.card().clone();
    let notes = checkpoint.notes.into_iter().chain(assumed).collect();
    Ok((Imported { card, notes, sha256 }, model))
}

fn said(request: &ImportRequest) -> anyhow::Result<Said> {
    let normaliser = request.normaliser.as_deref();
    let none = Normaliser { mean: [0.0; 3], std: [1.0; 3] };
    let typed = request.typed().map_err(anyhow::Error::msg)?;
    Ok(Said {
        name: request.name.clone(),
        classes: request.classes.clone(),
        normaliser: match (typed, normaliser) {
            (Some([mean, std]), _) => Some(Normaliser { mean, std }),
            (None, Some(NO_NORMALISER)) => Some(none),
            (None, name) => name.and_then(Known::named).map(Known::normaliser),
        },
        stem: request.stem,
        downsampling: request.downsampling,
        input_size: request.input_size,
        role: request.role,
    })
}

fn open(question: &Question) -> Open {
    match question {
        Question::Stem => Open::Stem,
        Question::Normaliser(_) => Open::Normaliser,
        Question::Network(prefixes) => Open::Network(prefixes.clone()),
    }
}
