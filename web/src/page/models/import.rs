//! Handing a file to the importer, and taking the model that it makes.

use js_sys::Array;
use leptos::prelude::*;
use leptos::task::spawn_local;
use robust_core::model::catalog::Engines;
use wasm_bindgen::prelude::*;
use web_sys::{Blob, File, Worker};

use super::state::{Arrival, Network};
use crate::page::download;
use crate::page::engines::engine::{self, next_message};
use crate::page::engines::place::Place;
use crate::page::session::Session;
use crate::protocol::Fault;
use crate::protocol::import::{ImportRequest, Imported, Refused};
use crate::wire::{pack, unpack_with};

/// Largest file that is read: what is made of one takes three times its memory.
const LARGEST: f64 = 1e9;

/// How files of networks end.
const ENDINGS: [&str; 6] = [".safetensors", ".pt", ".pth", ".ckpt", ".tar", ".bin"];

/// What a file's button accepts.
pub fn accept() -> String {
    ENDINGS.join(",")
}

/// Whether a file is meant as a network, by its name.
pub fn is_network(file: &File) -> bool {
    let name = file.name().to_ascii_lowercase();
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// The name without its ending.
fn stem(name: &str) -> String {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
}

impl Session {
    /// Makes a model of a file that was chosen or dropped.
    pub fn bring(self, file: File) {
        let name = file.name();
        let request = ImportRequest { name: stem(&name), file: name, ..Default::default() };
        self.import(file, request);
    }

    /// The same with what the visitor says of it.
    pub fn import(self, file: File, mut request: ImportRequest) {
        let models = self.models;
        models.open.set(true);
        request.sha256 =
            models.wanted.with_untracked(|wanted| Some(wanted.as_ref()?.sha256.clone()));
        models.arrival.set(Some(Arrival::Reading(request.file.clone())));
        spawn_local(async move {
            let made = match file.size() {
                size if size > LARGEST => Err(Refused {
                    message: "a page has no room for a file of more than a gigabyte: `robust-reps \
                              import --precision i8` makes a small model of it"
                        .into(),
                    open: None,
                }),
                _ => make(&file, &request).await,
            };
            match made {
                Ok((imported, model)) => {
                    models.arrival.set(Some(Arrival::Taken(file, Box::new(request))));
                    self.arrived(imported, model);
                }
                Err(refused) => {
                    models.arrival.set(Some(Arrival::Refused(file, Box::new(request), refused)));
                }
            }
        });
    }

    /// A network has come, and takes its role's place.
    fn arrived(self, imported: Imported, model: Blob) {
        let Imported { card, notes, sha256 } = imported;
        let role = card.role;
        let models = self.models;
        let bytes = model.size() as u64;
        models.wanted.set(None);
        models.notes.set(notes);
        let is_same = |network: &Network| network.entry.sha256 == sha256;
        // The site's own needs no second place.
        if !models.all.with_untracked(|all| all.iter().any(|other| is_same(other) && !other.own)) {
            models.files.update_value(|files| {
                files.retain(|(other, _)| *other != sha256);
                files.push((sha256.clone(), model));
            });
            models.all.update(|all| {
                all.retain(|other| !is_same(other));
                let name = card.name.clone();
                all.insert(0, Network::own(name, role, Some(card), bytes, sha256.clone()));
            });
        }
        self.put(Place::of(role), Some(sha256));
    }
}

async fn make(file: &File, request: &ImportRequest) -> Result<(Imported, Blob), Refused> {
    let refuse = |fault: Fault| Refused { message: fault.message, open: None };
    let broken = |error: JsValue| {
        let message = error.as_string().unwrap_or_else(|| {
            "it could not be read: perhaps this device has too little memory for it".into()
        });
        Refused { message, open: None }
    };
    let engines: Engines = download::json("engines.json").await.map_err(refuse)?;
    let (_, compiled) =
        download::watched("", &engines.importer, |_| {}, engine::compile).await.map_err(refuse)?;
    let module = compiled.await.map_err(refuse)?;
    let worker = engine::worker(&engine::script(&engines.importer), &module).map_err(broken)?;
    let result = converse(&worker, file, request).await;
    // Its memory, too, is given back.
    worker.terminate();
    let (report, model) = unpack_with(result.map_err(broken)?).map_err(refuse)?;
    let report: Result<Imported, Refused> = report;
    let model = Blob::new_with_u8_array_sequence(&Array::of1(&model)).map_err(broken)?;
    report.map(|imported| (imported, model))
}

/// Waits until the worker is there, asks, and waits for its answer.
async fn converse(
    worker: &Worker,
    file: &File,
    request: &ImportRequest,
) -> Result<JsValue, JsValue> {
    next_message(worker).await?;
    let (request, _) = pack(request)?;
    let heard = next_message(worker);
    worker.post_message(&Array::of2(&request, file))?;
    heard.await
}
