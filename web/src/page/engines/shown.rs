//! What the page shows of a network, by what it is for.

use leptos::prelude::*;
use robust_core::report::Explanation;

use crate::page::views::change::AtlasSheet;
use crate::protocol::Image;

/// What a network says of a photo.
#[derive(Clone, Copy, Default)]
pub struct Told {
    /// Why the photo is classified as it is.
    pub explanation: RwSignal<Option<Explanation>>,
    /// The photo changed within growing radii towards another class: radius, confidence, image.
    pub why_not: RwSignal<Vec<(f32, f32, Image)>>,
    /// The gradient of the loss.
    pub saliency: RwSignal<Option<Image>>,
}

/// What a network's coordinates look for.
#[derive(Clone, Copy, Default)]
pub struct Features {
    /// Its atlas.
    pub atlas: RwSignal<Option<AtlasSheet>>,
    /// Photos that it was asked to look at, by id.
    pub looked: RwSignal<Vec<usize>>,
    /// The representation of each photo that it has looked at, by id.
    pub activations: RwSignal<Vec<(usize, Vec<f32>)>>,
}

/// How a run has gone so far.
#[derive(Clone, Copy, Default)]
pub struct Course {
    /// Relative distance before each step.
    pub losses: RwSignal<Vec<f32>>,
    /// Steps done.
    pub step: RwSignal<usize>,
    /// Steps there are at most.
    pub steps: RwSignal<usize>,
    /// Whether the visitor has ended it.
    pub stopped: RwSignal<bool>,
    /// Steps a second of late.
    pub speed: RwSignal<f64>,
    /// How like the original the result is, once finished.
    pub likeness: RwSignal<Option<f32>>,
}
