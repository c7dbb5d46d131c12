//! Loading engines and networks, the robust one first.

use std::collections::HashMap;

use futures_channel::oneshot;
use js_sys::Uint8Array;
use leptos::prelude::*;
use leptos::task::spawn_local;
use robust_core::model::catalog::{Asset, CatalogEntry, Engines};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use super::kept;
use super::state::Network;
use crate::page::download;
use crate::page::engines::adapter::{Choice, EngineKind, choose};
use crate::page::engines::engine::{self, Engine};
use crate::page::engines::place::{PLACES, Place};
use crate::page::engines::slot::Slot;
use crate::page::history::Shown;
use crate::page::session::Session;
use crate::page::wait::sleep;
use crate::protocol::{Fault, Request, Response};
use crate::recovery::Losses;
use crate::turn::Phase;

/// Script and module of an engine.
type Compiled = (String, JsValue);

/// What engines are loaded from, and how often they have been.
#[derive(Clone, Copy)]
pub struct Loading {
    /// Address of the list of models.
    index: StoredValue<String>,
    /// Of each place, so that what was asked for before is not taken for what was asked for last.
    times: StoredValue<[usize; PLACES]>,
    /// Whether the visitor has chosen a network: from then on each shows what it can as soon as it is there.
    asked: StoredValue<bool>,
    /// The engine.
    engine: StoredValue<Option<Compiled>, LocalStorage>,
}

/// Between two looks whether the first network shows something, in ms, and how many there are at most:
/// the second one waits no longer.
const LOOK_EVERY: u32 = 50;
const LOOKS: usize = 200;

/// Where a network's file is.
enum File {
    /// Beside the list.
    Listed(Asset),
    /// With the visitor, by its SHA-256.
    Own(String),
}

impl Loading {
    /// From the models of this list.
    pub fn of(index: String) -> Self {
        Self {
            index: StoredValue::new(index),
            times: StoredValue::default(),
            asked: StoredValue::new(false),
            engine: StoredValue::new_local(None),
        }
    }

    /// Whether the visitor has chosen a network.
    pub fn asked(self) -> bool {
        self.asked.get_value()
    }

    fn times(self, place: Place) -> usize {
        self.times.get_value()[place as usize]
    }

    /// Folder of the list, which everything that it names lies beside.
    pub(super) fn folder(self) -> String {
        let index = self.index.get_value();
        index.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"))
    }
}

impl Session {
    /// Takes the engine that the visitor asks for, once it has come: what works until then stays, and
    /// goes on where the other one cannot be had. `show` hears the share that has arrived.
    pub async fn load_wish(self, wish: &str, show: impl Fn(f64) + 'static) {
        let choice = choose(Some(wish)).await;
        let works = || self.loading.engine.with_value(Option::is_some);
        let same = self.device.choice.with_untracked(|here| here.as_ref().map(|here| here.kind));
        if works() && same == Some(choice.kind) {
            return self.notice.set(Some(format!("It stays on {}.", choice.reason)));
        }
        let engine = match self.fetch_engine(choice.kind, show).await {
            Ok(engine) => Some(engine),
            Err(fault) if works() => {
                let message = fault.message.trim_end_matches(['.', '?']);
                return self.notice.set(Some(format!("{message}. What worked before goes on.")));
            }
            Err(_) => None,
        };
        self.device.wish.set_value(Some(wish.into()));
        spawn_local(self.load_with(choice, engine));
    }

    /// Loads engine and models for `choice`; whatever ran before ends.
    pub async fn load(self, choice: Choice) {
        self.load_with(choice, None).await;
    }

    /// The same with an engine that has come already, if there is one.
    async fn load_with(self, choice: Choice, engine: Option<Compiled>) {
        let kind = choice.kind;
        self.device.choice.set(Some(choice));
        // Nobody may take the one before it for this one.
        self.loading.engine.set_value(None);
        self.unload();
        let load = self.loading.times.get_value();
        if let Err(fault) = self.try_load(kind, engine, load).await
            && self.loading.times.get_value() == load
        {
            self.say_failed(&fault);
        }
    }

    /// Ends all engines, since nothing can be computed until the visitor tries again.
    pub fn give_up(self, fault: &Fault) {
        self.loading.engine.set_value(None);
        self.unload();
        self.say_failed(fault);
    }

    fn say_failed(self, fault: &Fault) {
        for slot in untrack(|| self.at_work()) {
            slot.set_phase(Phase::Failed(fault.message.clone()));
        }
    }

    /// Ends all engines.
    pub fn unload(self) {
        untrack(|| self.at_work()).into_iter().for_each(|slot| self.unload_one(slot));
    }

    fn unload_one(self, slot: Slot) {
        slot.set_engine(None);
        slot.card.set(None);
        // Nobody will answer these any more.
        self.tray.shrinking.update_value(HashMap::clear);
        // The next network may see more of a photo, or less.
        self.tray.shrunk.update_value(Vec::clear);
        slot.set_phase(Phase::Loading(0.0));
        self.loading.times.update_value(|times| times[slot.place as usize] += 1);
    }

    /// Loads once more what could not be loaded, or has ended.
    pub fn try_again(self, slot: Slot) {
        if self.loading.engine.with_value(Option::is_some) {
            self.unload_one(slot);
            spawn_local(self.load_one(slot));
        } else {
            let wish = self.device.wish.get_value();
            spawn_local(async move { self.load(choose(wish.as_deref()).await).await });
        }
    }

    async fn try_load(
        self,
        kind: EngineKind,
        engine: Option<Compiled>,
        load: [usize; PLACES],
    ) -> Result<(), Fault> {
        let catalog: Vec<CatalogEntry> = download::json(&self.loading.index.get_value()).await?;
        self.models.list(catalog);
        // Before any network is loaded: a link may ask for one that the page does not begin with.
        self.put_wanted();
        // The engine is the first half of the bar, the weights the second.
        let show = move |share: f64| {
            if self.loading.times.get_value() == load {
                for slot in untrack(|| self.at_work()) {
                    slot.set_phase(Phase::Loading(share / 2.0));
                }
            }
        };
        let engine = match engine {
            Some(engine) => engine,
            None => self.fetch_engine(kind, show).await?,
        };
        if self.loading.times.get_value() != load {
            return Ok(());
        }
        self.loading.engine.set_value(Some(engine));
        // The first picture is the robust network's: all that comes before it makes it late.
        let [robust, others @ ..] = self.slots;
        self.load_one(robust).await;
        for _ in 0..LOOKS {
            if has_begun(robust) || self.loading.times.get_value() != load {
                break;
            }
            let _ = sleep(LOOK_EVERY).await;
        }
        for slot in others {
            if self.loading.times(slot.place) == load[slot.place as usize] {
                self.load_one(slot).await;
            }
        }
        Ok(())
    }

    /// Has the network of that SHA-256 work here, or the site's own one, where there is one.
    pub fn put(self, place: Place, sha256: Option<String>) {
        // What a link has asked for counts no longer.
        self.morph.wanted.set(None);
        self.put_there(place, sha256);
    }

    fn put_there(self, place: Place, sha256: Option<String>) {
        self.models.chosen.update(|chosen| chosen[place as usize] = sha256);
        self.loading.asked.set_value(true);
        let slot = self.slots[place as usize];
        // Nothing of the one before stays.
        slot.forget();
        Shown::default().again(&slot, 0);
        self.history.draw_afresh();
        if self.loading.engine.with_value(Option::is_some) {
            self.unload_one(slot);
            spawn_local(self.load_one(slot));
        }
    }

    /// Has the site's network that a link was made with take its role's place, where there is one.
    pub fn put_wanted(self) {
        let wanted = self.morph.wanted.get_untracked();
        let Some(Network { entry, .. }) = wanted.and_then(|name| self.models.named(&name)) else {
            return;
        };
        let place = Place::of(entry.role);
        if self.models.at(place).is_none_or(|here| here.entry.sha256 != entry.sha256) {
            self.put_there(place, Some(entry.sha256));
        }
    }

    /// Loads the network that has been chosen for a place; returns as soon as its file has come.
    async fn load_one(self, slot: Slot) {
        let load = self.loading.times(slot.place);
        let chosen = self.models.chosen.with_untracked(|all| all[slot.place as usize].is_some());
        slot.named.set(chosen);
        slot.features.atlas.set(None);
        let Some(Network { entry, own, .. }) = self.models.at(slot.place) else {
            return slot.set_phase(match slot.place.role() {
                Some(_) => Phase::Failed("there is no such model here".into()),
                None => Phase::Idle,
            });
        };
        let folder = self.loading.folder();
        self.load_atlas(slot, &folder, entry.atlas.as_ref());
        if slot.place == Place::Robust {
            self.paint.dream_from(entry.gaussians.as_ref().map(|file| [&*folder, file].concat()));
        }
        let file = if own { File::Own(entry.sha256) } else { File::Listed(entry.asset()) };
        if let Err(fault) = self.start_model(slot, &folder, file, load).await
            && self.loading.times(slot.place) == load
        {
            slot.set_phase(Phase::Failed(fault.message));
        }
    }

    /// Starts a worker and fetches the weights while it starts.
    async fn start_model(
        self,
        slot: Slot,
        folder: &str,
        file: File,
        load: usize,
    ) -> Result<(), Fault> {
        slot.set_phase(Phase::Loading(0.5));
        let (ready, wait_ready) = once();
        let hear = move |response: Response| match response {
            Response::Ready => {
                self.connect_to_reader(slot);
                ready();
                self.ask_for_proof(slot);
            }
            other => self.hear(slot, other),
        };
        let started = self.loading.engine.with_value(|engine| {
            let (script, module) = engine.as_ref().ok_or("there is no engine yet")?;
            Engine::start(script, module, hear)
        });
        slot.set_engine(Some(started?));
        let show = |share: f64| {
            if self.loading.times(slot.place) == load {
                slot.set_phase(Phase::Loading(0.5 + share / 2.0));
            }
        };
        let weights = match file {
            File::Listed(asset) => download::asset(folder, &asset, show).await?,
            File::Own(sha256) => self.own_file(&sha256).await?,
        };
        if self.loading.times(slot.place) != load {
            return Ok(());
        }
        if !matches!(untrack(|| slot.phase()), Phase::Failed(_)) {
            slot.set_phase(Phase::Starting);
        }
        spawn_local(async move {
            wait_ready.await;
            if self.loading.times(slot.place) == load {
                let batch = self.device.losses.with_value(Losses::batch);
                slot.send_with(&Request::Load { batch }, &weights);
            }
        });
        Ok(())
    }

    /// Fetches and compiles an engine, and starts what reads photos beside that. `show` hears the share of
    /// the engine that has arrived.
    async fn fetch_engine(
        self,
        kind: EngineKind,
        show: impl Fn(f64) + 'static,
    ) -> Result<Compiled, Fault> {
        let engines: Engines = download::json("engines.json").await?;
        let asset = match kind {
            EngineKind::WebGpu => engines.webgpu.clone(),
            EngineKind::Cpu => engines.cpu.clone(),
        };
        let (tell, reader) = oneshot::channel();
        spawn_local(async move {
            let _ = tell.send(self.start_reader(&engines).await);
        });
        let (_, compiled) = download::watched("", &asset, show, engine::compile).await?;
        let compiled = compiled.await?;
        // Nobody drops the other end before it has told.
        if let Ok(started) = reader.await {
            started?;
        }
        Ok((engine::script(&asset), compiled))
    }

    /// A file that the visitor has brought, in this visit or in an earlier one.
    async fn own_file(self, sha256: &str) -> Result<Uint8Array, Fault> {
        let here = self.models.file(sha256);
        match here {
            Some(blob) => kept::bytes(blob.array_buffer())
                .await
                .ok_or_else(|| "the network's file could not be read again".into()),
            None => kept::file(sha256).await,
        }
    }

    /// Fetches the network that the address asks for, once the visitor has agreed.
    pub fn fetch_wanted(self) {
        let Some(wanted) = self.models.wanted.get_untracked() else { return };
        spawn_local(async move {
            let name = wanted.address.rsplit('/').next().unwrap_or_default().to_owned();
            let fetched = download::bytes(&wanted.address).await;
            match fetched.and_then(|bytes| download::file(&name, &bytes)) {
                Ok(file) => self.bring(file),
                Err(fault) => self.notice.set(Some(fault.message)),
            }
        });
    }
}

/// Whether a network shows something, or will not.
fn has_begun(slot: Slot) -> bool {
    match untrack(|| slot.phase()) {
        Phase::Loading(_) | Phase::Starting | Phase::Reading => false,
        Phase::Running => slot.course.step.get_untracked() > 0,
        _ => true,
    }
}

/// A promise of one event: the function that makes it happen, and the future that waits for it.
fn once() -> (impl Fn() + Clone + 'static, impl Future<Output = ()>) {
    let mut resolve = None;
    let promise = js_sys::Promise::new(&mut |yes, _| resolve = Some(yes));
    let happen = move || {
        if let Some(resolve) = &resolve {
            let _ = resolve.call0(&JsValue::NULL);
        }
    };
    (happen, async move {
        let _ = JsFuture::from(promise).await;
    })
}
