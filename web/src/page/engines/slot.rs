//! One model: its engine and what it shows.

use std::ops::Deref;

use leptos::prelude::*;
use robust_core::model::card::Card;
use robust_core::settings::change::Goal;
use wasm_bindgen::JsValue;

use super::engine::Engine;
use super::place::Place;
use super::shown::{Course, Features, Told};
use crate::protocol::{ChangeRequest, Event, Image, Progress, Request, Resume, RunId, Task};
use crate::turn::{Phase, Turn};

/// Side of what the site's networks see, in pixels: what counts until a network says its own.
pub const USUAL_SIDE: u32 = 64;

/// One model's state. A copy is a reference, as that of the session.
#[derive(Clone, Copy)]
pub struct Slot(&'static SlotState);

impl Deref for Slot {
    type Target = SlotState;

    fn deref(&self) -> &SlotState {
        self.0
    }
}

/// Signals of one model.
pub struct SlotState {
    /// Where it works.
    pub place: Place,
    /// Which run is heard, and what the model is doing.
    pub turn: RwSignal<Turn>,
    /// The model's description, once loaded.
    pub card: RwSignal<Option<Card>>,
    /// Whether it was chosen by the visitor, and goes by its own name.
    pub named: RwSignal<bool>,
    /// The photo as the network sees it.
    pub target: RwSignal<Option<Image>>,
    /// The image now.
    pub image: RwSignal<Option<Image>>,
    /// All frames of a path between photos; empty before the first report.
    pub frames: RwSignal<Vec<Image>>,
    /// What it says of the photo.
    pub told: Told,
    /// How sure it was of every class when the run began, for each image, and is now.
    pub confidences: RwSignal<[Vec<Vec<f32>>; 2]>,
    /// What its coordinates look for.
    pub features: Features,
    /// How the run that is shown has gone.
    pub course: Course,
    /// Why it does not do what was asked for last.
    pub declined: RwSignal<Option<String>>,
    /// Steps of the run that was asked for last.
    asked_steps: StoredValue<usize>,
    engine: StoredValue<Option<Engine>, LocalStorage>,
    /// The run that was sent last.
    sent: StoredValue<Option<Request>>,
    /// What the model was doing when its engine was lost, until it does so again.
    lost: StoredValue<Option<Phase>>,
}

impl Slot {
    /// A model that has not been loaded.
    pub fn new(place: Place) -> Self {
        Self(Box::leak(Box::new(SlotState {
            place,
            turn: RwSignal::new(if place.role().is_some() { Turn::new() } else { Turn::empty() }),
            card: RwSignal::new(None),
            named: RwSignal::new(false),
            target: RwSignal::new(None),
            image: RwSignal::new(None),
            frames: RwSignal::new(Vec::new()),
            told: Told::default(),
            confidences: RwSignal::default(),
            features: Features::default(),
            course: Course::default(),
            declined: RwSignal::new(None),
            asked_steps: StoredValue::new(0),
            engine: StoredValue::new_local(None),
            sent: StoredValue::new(None),
            lost: StoredValue::new(None),
        })))
    }

    /// What people call it.
    pub fn title(&self) -> String {
        let own = self.card.with(|card| card.as_ref().map(|card| card.name.clone()));
        own.filter(|_| self.named.get()).unwrap_or_else(|| self.place.title().into())
    }

    /// Whether a network works here, or is on its way.
    pub fn is_used(&self) -> bool {
        self.place.role().is_some() || self.named.get()
    }

    /// Gives the model its engine; an earlier one ends.
    pub fn set_engine(&self, engine: Option<Engine>) {
        self.engine.set_value(engine);
        self.features.looked.set(Vec::new());
        self.features.activations.set(Vec::new());
    }

    /// Sends a request to its engine, if there is one.
    pub fn send(&self, request: &Request) {
        self.engine.with_value(|engine| {
            if let Some(engine) = engine {
                engine.send(request);
            }
        });
    }

    /// Hands the engine, if there is one, a file or a port with a request.
    pub fn send_with(&self, request: &Request, beside: &JsValue) {
        self.engine.with_value(|engine| {
            if let Some(engine) = engine {
                engine.send_with(request, beside);
            }
        });
    }

    /// What the model is doing.
    pub fn phase(&self) -> Phase {
        self.turn.with(|turn| turn.phase.clone())
    }

    /// Says what the model is doing while it is on its way.
    pub fn set_phase(&self, phase: Phase) {
        self.turn.update(|turn| turn.phase = phase);
    }

    /// Whether a run is going on, paused or not.
    pub fn is_busy(&self) -> bool {
        matches!(self.phase(), Phase::Reading | Phase::Running | Phase::Paused)
    }

    /// Whether the model is loaded.
    pub fn is_ready(&self) -> bool {
        self.card.with(Option::is_some) && !matches!(self.phase(), Phase::Failed(_))
    }

    /// Side of what it sees, in pixels, once it is loaded.
    pub fn side(&self) -> Option<u32> {
        self.card.with(|card| card.as_ref().map(|card| card.input_size as u32))
    }

    /// Asks for a run of so many steps. What is shown stays until it has started.
    pub fn ask(&self, run: RunId, steps: usize) {
        self.asked_steps.set_value(steps);
        self.declined.set(None);
        self.lost.set_value(None);
        self.turn.update(|turn| turn.ask(run));
    }

    /// Asks for a run of a view that shows nothing of the run before.
    pub fn ask_afresh(&self, run: RunId, steps: usize) {
        self.forget();
        self.frames.set(Vec::new());
        self.course.losses.set(Vec::new());
        self.course.step.set(0);
        self.course.steps.set(steps);
        self.course.stopped.set(false);
        self.ask(run, steps);
    }

    /// Asks for a search for another class; what is shown of the photo stays.
    pub fn ask_why_not(&self, run: RunId) {
        self.told.why_not.set(Vec::new());
        self.ask(run, 0);
    }

    /// Ends the run at hand unheard: another view does not show it.
    pub fn forget(&self) {
        if untrack(|| self.is_busy()) {
            self.send(&Request::Stop);
        }
        self.lost.set_value(None);
        self.declined.set(None);
        self.turn.update(Turn::forget);
    }

    /// Whether this run is the newest that was asked for.
    pub fn is_asked(&self, run: RunId) -> bool {
        self.turn.with_untracked(|turn| turn.is_asked(run))
    }

    /// Sends a run's task, unless another was asked for meanwhile.
    pub fn start(&self, run: RunId, task: Task) {
        if self.is_asked(run) {
            let request = Request::Run { id: run, task: Box::new(task), resume: None };
            self.send(&request);
            self.sent.set_value(Some(request));
        }
    }

    /// Does not do what a run asks of it.
    pub fn decline(&self, run: RunId, why: String) {
        if self.is_asked(run) {
            self.turn.update(|turn| turn.give_up(run));
            self.declined.set(Some(why));
        }
    }

    /// Whether what is shown is of the run that its engine had last, and was not kept from before.
    pub fn is_engines(&self) -> bool {
        let shown = self.turn.with(Turn::shown);
        self.sent.with_value(|sent| matches!(sent, Some(Request::Run { id, .. }) if *id == shown))
    }

    /// Whether the task that it had last is one of these.
    fn had(&self, of: impl Fn(&Task) -> bool) -> bool {
        self.sent.with_value(|sent| matches!(sent, Some(Request::Run { task, .. }) if of(task)))
    }

    /// Whether the run that it had last has explained a photo.
    pub fn has_explained(&self) -> bool {
        self.had(|task| matches!(task, Task::Explain(_)))
    }

    /// Whether it looks for what would have to change.
    pub fn is_searching(&self) -> bool {
        untrack(|| self.is_busy()) && self.had(|task| matches!(task, Task::WhyNot(_)))
    }

    /// Whether what is asked of it are images that are computed together.
    pub fn is_batched(&self) -> bool {
        let batched = |task: &Task| matches!(task, Task::Morph(_) | Task::Explain(_));
        untrack(|| self.is_busy()) && self.had(batched)
    }

    /// Remembers what the model is doing, whose engine is lost. `keeps`: what it has reached counts.
    pub fn interrupt(&self, keeps: bool) {
        let asked = self
            .sent
            .with_value(|sent| matches!(sent, Some(Request::Run { id, .. }) if self.is_asked(*id)));
        let phase = untrack(|| self.phase());
        // A run that was about to go on still stands where it did.
        let waits = phase == Phase::Reading && self.lost.with_value(Option::is_some);
        if asked && !waits && (untrack(|| self.is_busy()) || phase == Phase::Finished) {
            self.lost.set_value(Some(if keeps { phase } else { Phase::Reading }));
        }
    }

    /// Goes on, with a new engine, with what was interrupted: where its images stand, or from its
    /// beginning. False where nothing was.
    pub fn go_on(&self) -> bool {
        let Some(before) = self.lost.get_value() else { return false };
        let step = self.course.step.get_untracked();
        self.sent.update_value(|sent| {
            let Some(Request::Run { id, task, resume }) = sent else { return };
            let frames = || self.frames.get_untracked();
            let images = match &**task {
                _ if before == Phase::Reading => Vec::new(),
                // Another engine would have to know what the additions before have reached. What is
                // painted takes seconds.
                Task::Change(ChangeRequest { goal: Goal::Add(_), .. })
                | Task::WhyNot(_)
                | Task::Paint(_) => Vec::new(),
                Task::Change(ChangeRequest { goal: Goal::Collide { .. }, .. })
                | Task::Morph(_)
                | Task::Explain(_) => frames(),
                Task::Invert(_) | Task::Change(_) => {
                    self.image.get_untracked().into_iter().collect()
                }
            };
            // Files of a path are made of the engine's own frames.
            if before == Phase::Finished && !matches!(**task, Task::Morph(_)) {
                self.lost.set_value(None);
                return self.set_phase(Phase::Finished);
            }
            if images.is_empty() {
                match &**task {
                    Task::Change(_) => self.frames.set(Vec::new()),
                    Task::WhyNot(_) => self.told.why_not.set(Vec::new()),
                    _ => {}
                }
                self.lost.set_value(None);
                *resume = None;
            } else {
                *resume = Some(Resume { step, images });
            }
            self.turn.update(|turn| turn.ask(*id));
        });
        if untrack(|| self.phase()) == Phase::Reading {
            self.sent.with_value(|sent| sent.iter().for_each(|request| self.send(request)));
        }
        true
    }

    /// A run that went on with a new engine has begun there: it is held if it was, and ended if it was.
    fn gone_on(&self, before: &Phase) {
        match before {
            Phase::Paused => self.pause(true),
            Phase::Finished => self.send(&Request::Stop),
            _ => {}
        }
    }

    /// Ends the run; what it has reached stays. One whose photo is still being read is not wanted any
    /// more, and what it would have replaced is neither stopped nor lost if it had come to its end.
    pub fn stop(&self) {
        self.turn.update(Turn::give_up_asked);
        if untrack(|| self.is_busy()) {
            self.course.stopped.set(true);
        }
        self.send(&Request::Stop);
    }

    /// Holds or goes on.
    pub fn pause(&self, hold: bool) {
        let (from, to) =
            if hold { (Phase::Running, Phase::Paused) } else { (Phase::Paused, Phase::Running) };
        if untrack(|| self.phase()) == from {
            self.send(if hold { &Request::Pause } else { &Request::Resume });
            self.set_phase(to);
        }
    }

    /// Takes what happened to a run; whether it was of the run that is shown.
    pub fn hear(&self, run: RunId, event: Event) -> bool {
        let heard = self.turn.try_update(|turn| turn.hear(run, &event)).unwrap_or_default();
        if heard {
            self.show(event);
        }
        heard
    }

    fn show(&self, event: Event) {
        match event {
            Event::Started(image) => {
                let lost = self.lost.try_update_value(Option::take).flatten();
                if let Some(before) = lost {
                    return self.gone_on(&before);
                }
                self.target.set(Some(image));
                // An earlier search was heard until now.
                self.told.why_not.set(Vec::new());
                self.course.losses.set(Vec::new());
                self.course.step.set(0);
                self.course.steps.set(self.asked_steps.get_value());
                self.course.speed.set(0.0);
                self.course.stopped.set(false);
                self.course.likeness.set(None);
            }
            Event::Explained { explanation, saliency, steps } => {
                self.course.steps.set(steps);
                self.told.explanation.set(Some(explanation));
                self.told.saliency.set(Some(saliency));
            }
            Event::Progress(progress) => self.advance(progress),
            Event::Stage(stage) => {
                self.course.losses.update(|values| values.extend(&stage.losses));
                self.course.step.set(stage.step);
                self.course.speed.set(stage.steps_per_second);
                self.frames.update(|frames| frames.extend(stage.images));
            }
            Event::WhyNot { epsilon, confidence, image } => {
                self.told.why_not.update(|all| all.push((epsilon, confidence, image)));
            }
            Event::Confidences(rows) => self.confidences.update(|[before, now]| {
                if before.is_empty() {
                    before.clone_from(&rows);
                }
                *now = rows;
            }),
            Event::Finished { likeness } => self.course.likeness.set(likeness),
            Event::Failed(_) => {}
        }
    }

    fn advance(&self, mut progress: Progress) {
        self.course.losses.update(|losses| losses.extend(&progress.losses));
        self.course.step.set(progress.step);
        self.course.speed.set(progress.steps_per_second);
        // An inversion is one image, a path at least three.
        if progress.images.len() > 1 {
            self.frames.set(progress.images);
        } else {
            self.image.set(progress.images.pop());
        }
    }
}
