//! An engine: a model in a dedicated worker, doing what the page asks.

mod change;
mod explain;
mod invert;
mod morph;
mod pace;
mod paint;
mod photos;
mod port;
mod prove;
mod run;
mod time;

use std::cell::{Cell, RefCell};
use std::panic;
use std::rc::Rc;

use burn::tensor::Device;
use js_sys::Uint8Array;
use robust_core::engine::check::bench;
use robust_core::engine::check::verify::{KeyReport, Reference, verify};
use robust_core::engine::tasks::invert::warm_up;
use robust_core::engine::{Model, TaskError};
use robust_core::image::Pixels;
use serde_bytes::ByteBuf;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::MessagePort;

use crate::protocol::{Event, Fault, Image, Loss, Request, Response, Resume, RunId, Task};
use photos::Photos;
use port::Port;
use run::Switch;

/// Starts the engine on the device that `device` gives, and tells the page.
pub fn start(device: impl Future<Output = Result<Device, Fault>> + 'static) {
    panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        // A buffer that the device refuses ends the engine, and this is the last that it can say.
        if is_about_memory(&info.to_string()) {
            Port::of_this_worker().send(&Response::Failed(Fault::of_device(Loss::NoMemory)));
        }
    }));
    spawn_local(async {
        let port = Port::of_this_worker();
        match device.await {
            Ok(device) => {
                let engine = Rc::new(Engine::new(device, port.clone()));
                port.listen(move |request, beside| engine.clone().handle(request, beside));
                port.send(&Response::Ready);
            }
            Err(fault) => port.send(&Response::Failed(fault)),
        }
    });
}

/// State of a worker. Everything happens on one thread, between two awaits.
struct Engine {
    device: Device,
    port: Port,
    model: RefCell<Option<Rc<Model>>>,
    /// Most images that are computed together.
    batch: Cell<usize>,
    /// The run at hand.
    run: RefCell<Rc<Switch>>,
    /// The run that was asked for last, whose photos may still be read.
    asked: RefCell<(RunId, Rc<Switch>)>,
    photos: Photos,
    /// The newest path between photos, or how each painting came about, for saving it.
    films: RefCell<Vec<Vec<Pixels>>>,
}

impl Engine {
    fn new(device: Device, port: Port) -> Self {
        Self {
            device,
            port,
            model: RefCell::default(),
            batch: Cell::new(usize::MAX),
            run: RefCell::default(),
            asked: RefCell::default(),
            photos: Photos::default(),
            films: RefCell::default(),
        }
    }

    /// `beside` came with the request: a network's file, or the port of what reads photos.
    fn handle(self: Rc<Self>, request: Request, beside: JsValue) {
        match request {
            Request::Load { batch } => {
                self.batch.set(batch.max(1));
                let weights = beside.dyn_into::<Uint8Array>();
                let weights = weights.map(|file| file.to_vec()).unwrap_or_default();
                spawn_local(async move { self.load(&weights).await });
            }
            Request::Reader => match beside.dyn_into::<MessagePort>() {
                Ok(port) => self.photos.connect(port),
                Err(_) => self.fail("the reader of photos is out of reach"),
            },
            Request::Run { id, task, resume } => {
                self.asked.replace((id, Rc::default()));
                spawn_local(async move {
                    if let Err(fault) = self.carry_out(id, *task, resume).await {
                        self.tell(id, Event::Failed(fault));
                    }
                });
            }
            Request::Look { ids, photos } => {
                spawn_local(async move {
                    let activations = change::look(&self, &photos).await;
                    self.port.send(&Response::Looked { ids, activations });
                });
            }
            Request::Embed { id, photo } => {
                spawn_local(async move {
                    let photo = morph::embed(&self, &photo).await;
                    self.port.send(&Response::Embedded { id, photo });
                });
            }
            Request::Save { kind, link, film } => {
                self.port.send(&morph::save(&self, kind, &link, film));
            }
            Request::Pause => self.switches().iter().for_each(|switch| switch.pause()),
            Request::Resume => self.switches().iter().for_each(|switch| switch.resume()),
            Request::Stop => self.switches().iter().for_each(|switch| switch.stop()),
            Request::Prove { weights, reference } => {
                spawn_local(async move {
                    match prove::prove(&self.device, &weights, &reference).await {
                        Ok(wrong) => self.port.send(&Response::Proved { wrong }),
                        Err(fault) => self.fail(fault),
                    }
                });
            }
            Request::Verify { reference } => {
                self.run.borrow().stop();
                spawn_local(async move { self.verify(&reference).await });
            }
            Request::Bench { batches, seconds } => {
                self.run.borrow().stop();
                spawn_local(async move { self.bench(&batches, seconds).await });
            }
        }
    }

    /// Does what a run asks for, to its end.
    async fn carry_out(&self, run: RunId, task: Task, resume: Option<Resume>) -> Result<(), Fault> {
        match task {
            Task::Invert(request) => invert::invert(self, run, request, resume).await,
            Task::Morph(request) => morph::morph(self, run, request, resume).await,
            Task::Explain(request) => explain::explain(self, run, request, resume).await,
            Task::Change(request) => change::change(self, run, request, resume).await,
            Task::WhyNot(request) => change::why_not(self, run, request).await,
            Task::Paint(request) => paint::paint(self, run, request).await,
        }
    }

    /// Tells the page what became of a run.
    fn tell(&self, run: RunId, event: Event) {
        self.port.send(&Response::Run { id: run, event: Box::new(event) });
    }

    /// Begins a run whose photos have been read: the one at hand ends at its next step.
    ///
    /// # Errors
    ///
    /// Where another has been asked for meanwhile. Nobody hears of this one any more.
    fn begin(&self, run: RunId) -> Result<Rc<Switch>, Fault> {
        let (newest, switch) = self.asked.borrow().clone();
        if newest != run {
            return Err("another run was asked for".into());
        }
        self.run.replace(switch.clone()).stop();
        Ok(switch)
    }

    /// Those of the run at hand and of the one that was asked for last.
    fn switches(&self) -> [Rc<Switch>; 2] {
        [self.run.borrow().clone(), self.asked.borrow().1.clone()]
    }

    fn fail(&self, fault: impl Into<Fault>) {
        self.port.send(&Response::Failed(fault.into()));
    }

    /// Takes a model, and is ready for its first step when it says so.
    async fn load(&self, bytes: &[u8]) {
        let model = match Model::from_bytes(bytes, &self.device) {
            Ok(model) => model,
            Err(error) => return self.fail(error.to_string()),
        };
        if let Err(error) = warm_up(&model).await {
            return self.fail(failed(error));
        }
        let card = model.card().clone();
        self.model.replace(Some(Rc::new(model)));
        self.port.send(&Response::Loaded(Box::new(card)));
    }

    /// The model, or the message that there is none yet.
    fn model(&self) -> Result<Rc<Model>, Fault> {
        self.model.borrow().clone().ok_or_else(|| "no model has been loaded yet".into())
    }

    async fn verify(&self, bytes: &[u8]) {
        let result = async {
            let model = self.model()?;
            let reference = Reference::from_bytes(bytes).map_err(|error| error.to_string())?;
            let tell = async |report: &KeyReport| {
                self.port.send(&Response::VerifiedKey { row: report.to_string() });
                time::next_turn().await;
            };
            Ok(verify(&model, &reference, tell).await.map_err(|error| error.to_string())?)
        };
        let result: Result<_, Fault> = result.await;
        match result {
            Ok(verification) => self.port.send(&Response::Verified { ok: verification.ok }),
            Err(fault) => self.fail(fault),
        }
    }

    async fn bench(&self, batches: &[usize], seconds: f64) {
        let model = match self.model() {
            Ok(model) => model,
            Err(fault) => return self.fail(fault),
        };
        for &batch in batches {
            match bench::measure(&model, batch, seconds, || time::now() / 1000.0).await {
                Ok(speed) => self.port.send(&Response::Speed { speed, memory: memory() }),
                Err(error) => return self.fail(failed(error)),
            }
        }
    }
}

/// Bytes that the engine has taken so far, those on the device not counted. They are never given
/// back, so what it says at the end is the most that was needed.
fn memory() -> f64 {
    let memory = wasm_bindgen::memory().unchecked_into::<js_sys::WebAssembly::Memory>();
    f64::from(memory.buffer().unchecked_into::<js_sys::ArrayBuffer>().byte_length())
}

/// What people are told. Where the device gave up, what it said itself is for the console.
fn failed(error: TaskError) -> Fault {
    let message = error.to_string();
    if !matches!(error, TaskError::Device(_)) {
        return message.into();
    }
    let loss = if is_about_memory(&message) { Loss::NoMemory } else { Loss::Gone };
    web_sys::console::warn_1(&message.into());
    Fault::of_device(loss)
}

/// Whether a device's complaint is about memory: in the words of wgpu or of CubeCL, or because one
/// buffer would be larger than any may be.
fn is_about_memory(complaint: &str) -> bool {
    let words = ["out of memory", "out of device memory", "out-of-memory", "can't allocate buffer"];
    let complaint = complaint.to_lowercase();
    words.iter().any(|words| complaint.contains(words))
}

/// The images that a run goes on from, and the steps that have led to them.
fn where_it_was(resume: &Resume) -> (Vec<Pixels>, usize) {
    (resume.images.iter().filter_map(pixels_of).collect(), resume.step)
}

/// What a canvas shows; `None` where its bytes are not those of its size.
fn pixels_of(image: &Image) -> Option<Pixels> {
    let rgb: Vec<u8> = image.rgba.chunks_exact(4).flat_map(|pixel| &pixel[..3]).copied().collect();
    Pixels::from_rgb8(image.size as usize, &rgb)
}

fn canvas_image(pixels: &Pixels) -> Image {
    Image { size: pixels.size() as u32, rgba: ByteBuf::from(pixels.to_rgba8()) }
}
