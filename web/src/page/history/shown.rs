//! What a network has reached, kept as it was shown.

use leptos::prelude::*;
use robust_core::report::Explanation;

use crate::page::engines::slot::Slot;
use crate::page::views::view::Ways;
use crate::protocol::{Image, RunId};
use crate::turn::Turn;

/// The end of one network's run.
#[derive(Debug, Default)]
pub struct Shown {
    target: Option<Image>,
    /// The picture.
    pub image: Option<Image>,
    /// The frames of a path, the stages of an addition, and so on.
    pub frames: Vec<Image>,
    explanation: Option<Explanation>,
    why_not: Vec<(f32, f32, Image)>,
    confidences: [Vec<Vec<f32>>; 2],
    saliency: Option<Image>,
    losses: Vec<f32>,
    step: usize,
    steps: usize,
    /// Whether it was ended before its end.
    pub stopped: bool,
    likeness: Option<f32>,
}

impl Shown {
    /// What a network shows now in this view; what is left of others is no part of it.
    pub fn of(slot: &Slot, ways: &Ways) -> Self {
        let told = ways.told;
        let frames = if ways.frames { slot.frames.get_untracked() } else { Vec::new() };
        let one = ways.image && frames.is_empty();
        Self {
            target: slot.target.get_untracked(),
            image: slot.image.get_untracked().filter(|_| one),
            frames,
            explanation: slot.told.explanation.get_untracked().filter(|_| told),
            why_not: if told { slot.told.why_not.get_untracked() } else { Vec::new() },
            confidences: slot.confidences.get_untracked(),
            saliency: slot.told.saliency.get_untracked().filter(|_| told),
            losses: slot.course.losses.get_untracked(),
            step: slot.course.step.get_untracked(),
            steps: slot.course.steps.get_untracked(),
            stopped: slot.course.stopped.get_untracked(),
            likeness: slot.course.likeness.get_untracked(),
        }
    }

    /// Shows it again, as what this run has come to.
    pub fn again(&self, slot: &Slot, run: RunId) {
        slot.target.set(self.target.clone());
        slot.image.set(self.image.clone());
        slot.frames.set(self.frames.clone());
        slot.told.explanation.set(self.explanation.clone());
        slot.told.why_not.set(self.why_not.clone());
        slot.confidences.set(self.confidences.clone());
        slot.told.saliency.set(self.saliency.clone());
        slot.course.losses.set(self.losses.clone());
        slot.course.step.set(self.step);
        slot.course.steps.set(self.steps);
        slot.course.stopped.set(self.stopped);
        slot.course.likeness.set(self.likeness);
        slot.turn.update(|turn: &mut Turn| turn.show_again(run));
    }

    /// The photo that it began with.
    pub fn photo(&self) -> Option<&Image> {
        self.target.as_ref()
    }

    /// Every picture of it, for saving: what was changed, the gradient, what would be another class.
    pub fn pictures(&self) -> impl Iterator<Item = &Image> {
        let changed = self.why_not.iter().map(|(.., image)| image);
        self.image.iter().chain(&self.saliency).chain(&self.frames).chain(changed)
    }
}
