//! One model: its engine and what it shows.

use leptos::prelude::*;
use robust_core::model::card::{Card, Role};
use robust_core::report::Explanation;

use super::change::AtlasSheet;
use super::engine::Engine;
use crate::protocol::{Image, Progress, Request, Response, RunId};

/// What a model is doing.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// Weights or engine are on their way; the share that has arrived.
    Loading(f64),
    /// The engine starts.
    Starting,
    /// Waiting for a photo.
    Idle,
    /// Inverting.
    Running,
    /// Held.
    Paused,
    /// Through with all steps, or stopped.
    Finished,
    /// Not usable.
    Failed(String),
}

/// Signals of one model. Copies are handles to the same state.
#[derive(Clone, Copy)]
pub struct Slot {
    /// Robust or standard.
    pub role: Role,
    /// What it is doing.
    pub phase: RwSignal<Phase>,
    /// The model's description, once loaded.
    pub card: RwSignal<Option<Card>>,
    /// The photo as the network sees it.
    pub target: RwSignal<Option<Image>>,
    /// The image now.
    pub image: RwSignal<Option<Image>>,
    /// All frames of a path between photos; empty before the first report.
    pub frames: RwSignal<Vec<Image>>,
    /// Why the photo is classified as it is.
    pub explanation: RwSignal<Option<Explanation>>,
    /// The photo changed within growing radii towards another class: radius, confidence, image.
    pub why_not: RwSignal<Vec<(f32, f32, Image)>>,
    /// The model's atlas of features.
    pub atlas: RwSignal<Option<AtlasSheet>>,
    /// Photos that the model has looked at, by id.
    pub looked: RwSignal<Vec<usize>>,
    /// The representation of each of them.
    pub activations: RwSignal<Vec<Vec<f32>>>,
    /// The gradient of the loss.
    pub saliency: RwSignal<Option<Image>>,
    /// Relative distance before each step.
    pub losses: RwSignal<Vec<f32>>,
    /// Steps done.
    pub step: RwSignal<usize>,
    /// Steps of the run that is shown.
    pub steps: RwSignal<usize>,
    /// Whether the visitor has ended the run.
    pub stopped: RwSignal<bool>,
    /// Steps a second of late.
    pub speed: RwSignal<f64>,
    /// How like the original the result is, once finished.
    pub likeness: RwSignal<Option<f32>>,
    run: RwSignal<RunId>,
    engine: StoredValue<Option<Engine>, LocalStorage>,
}

impl Slot {
    /// A model that has not been loaded.
    pub fn new(role: Role) -> Self {
        Self {
            role,
            phase: RwSignal::new(Phase::Loading(0.0)),
            card: RwSignal::new(None),
            target: RwSignal::new(None),
            image: RwSignal::new(None),
            frames: RwSignal::new(Vec::new()),
            explanation: RwSignal::new(None),
            why_not: RwSignal::new(Vec::new()),
            atlas: RwSignal::new(None),
            looked: RwSignal::new(Vec::new()),
            activations: RwSignal::new(Vec::new()),
            saliency: RwSignal::new(None),
            losses: RwSignal::new(Vec::new()),
            step: RwSignal::new(0),
            steps: RwSignal::new(0),
            stopped: RwSignal::new(false),
            speed: RwSignal::new(0.0),
            likeness: RwSignal::new(None),
            run: RwSignal::new(0),
            engine: StoredValue::new_local(None),
        }
    }

    /// Gives the model its engine; an earlier one ends.
    pub fn set_engine(&self, engine: Option<Engine>) {
        self.engine.set_value(engine);
        self.looked.set(Vec::new());
        self.activations.set(Vec::new());
    }

    /// Sends a request to its engine, if there is one.
    pub fn send(&self, request: &Request) {
        self.engine.with_value(|engine| {
            if let Some(engine) = engine {
                engine.send(request);
            }
        });
    }

    /// Whether a run is going on, paused or not.
    pub fn is_busy(&self) -> bool {
        matches!(self.phase.get(), Phase::Running | Phase::Paused)
    }

    /// Whether the model is loaded.
    pub fn is_ready(&self) -> bool {
        self.card.with(Option::is_some) && !matches!(self.phase.get(), Phase::Failed(_))
    }

    /// Shows that a run of so many steps is being prepared; older runs are not heard any more.
    pub fn prepare(&self, run: RunId, steps: usize) {
        self.run.set(run);
        self.frames.set(Vec::new());
        self.losses.set(Vec::new());
        self.step.set(0);
        self.steps.set(steps);
        self.stopped.set(false);
        self.phase.set(Phase::Running);
    }

    /// Shows that a search for another class begins; what is shown of the photo stays.
    pub fn prepare_why_not(&self, run: RunId) {
        self.run.set(run);
        self.why_not.set(Vec::new());
        self.phase.set(Phase::Running);
    }

    /// Takes that back where nothing came of it.
    pub fn give_up(&self) {
        if matches!(self.phase.get_untracked(), Phase::Running | Phase::Paused) {
            self.phase.set(Phase::Idle);
        }
    }

    /// Ends the run; what it has reached stays.
    pub fn stop(&self) {
        self.stopped.set(true);
        self.send(&Request::Stop);
    }

    /// Holds or goes on.
    pub fn pause(&self, hold: bool) {
        if self.phase.get_untracked() == if hold { Phase::Running } else { Phase::Paused } {
            self.send(if hold { &Request::Pause } else { &Request::Resume });
            self.phase.set(if hold { Phase::Paused } else { Phase::Running });
        }
    }

    /// Takes what the engine says about a run. Answers of older runs are dropped.
    pub fn hear(&self, response: Response) {
        match response {
            Response::Target { run, image } if run >= self.run.get_untracked() => {
                self.run.set(run);
                self.target.set(Some(image));
                self.losses.set(Vec::new());
                self.step.set(0);
                self.likeness.set(None);
                self.phase.set(Phase::Running);
            }
            Response::Explained { run, explanation, saliency, steps }
                if run == self.run.get_untracked() =>
            {
                self.steps.set(steps);
                self.explanation.set(Some(explanation));
                self.saliency.set(Some(saliency));
            }
            Response::Progress(progress) if progress.run == self.run.get_untracked() => {
                self.advance(progress);
            }
            Response::Stage(stage) if stage.run == self.run.get_untracked() => {
                self.losses.update(|values| values.extend(&stage.losses));
                self.step.set(stage.step);
                self.speed.set(stage.steps_per_second);
                self.frames.update(|frames| frames.extend(stage.images));
            }
            Response::WhyNot { run, epsilon, confidence, image }
                if run == self.run.get_untracked() =>
            {
                self.why_not.update(|all| all.push((epsilon, confidence, image)));
            }
            Response::Looked { activations, .. } => self.activations.set(activations),
            Response::Finished { run, likeness } if run == self.run.get_untracked() => {
                self.likeness.set(likeness);
                self.phase.set(Phase::Finished);
            }
            _ => {}
        }
    }

    fn advance(&self, mut progress: Progress) {
        self.losses.update(|losses| losses.extend(&progress.losses));
        self.step.set(progress.step);
        self.speed.set(progress.steps_per_second);
        // An inversion is one image, a path at least three.
        if progress.images.len() > 1 {
            self.frames.set(progress.images);
        } else {
            self.image.set(progress.images.pop());
        }
    }
}
