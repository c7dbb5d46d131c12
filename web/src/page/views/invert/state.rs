//! What a visitor has chosen of an inversion.

use leptos::prelude::*;
use robust_core::settings::InvertSettings;

use crate::page::photos::StartChoice;

/// How a photo is inverted.
#[derive(Clone, Copy)]
pub struct Invert {
    /// What is optimised, how.
    pub settings: RwSignal<InvertSettings>,
    /// Where the image starts.
    pub start: RwSignal<StartChoice>,
}

impl Invert {
    /// The fast way, from noise.
    pub fn new() -> Self {
        Self {
            settings: RwSignal::new(InvertSettings::FAST),
            start: RwSignal::new(StartChoice::Noise),
        }
    }

    /// What is chosen.
    pub fn chosen(self) -> InvertChosen {
        InvertChosen { settings: self.settings.get(), start: self.start.get() }
    }

    /// Chooses that again.
    pub fn choose(self, chosen: &InvertChosen) {
        self.settings.set(chosen.settings);
        self.start.set(chosen.start);
    }
}

/// What is chosen of an inversion.
#[derive(Debug, PartialEq)]
pub struct InvertChosen {
    /// What is optimised, how.
    pub settings: InvertSettings,
    /// Where the image starts.
    pub start: StartChoice,
}
