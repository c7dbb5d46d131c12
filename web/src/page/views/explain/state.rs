//! What a visitor has asked of a prediction.

use leptos::prelude::*;

/// What is explained.
#[derive(Clone, Copy)]
pub struct Explained {
    /// The class, or the predicted one.
    pub class: RwSignal<Option<usize>>,
    /// The class of which it is asked why the photo is not one.
    pub question: RwSignal<Option<usize>>,
}

impl Explained {
    /// What is predicted.
    pub fn new() -> Self {
        Self { class: RwSignal::new(None), question: RwSignal::new(None) }
    }

    /// What is chosen.
    pub fn chosen(self) -> ExplainedChosen {
        ExplainedChosen { class: self.class.get(), question: self.question.get() }
    }

    /// Chooses that again.
    pub fn choose(self, chosen: &ExplainedChosen) {
        self.class.set(chosen.class);
        self.question.set(chosen.question);
    }
}

/// What is chosen of an explanation.
#[derive(Debug, PartialEq)]
pub struct ExplainedChosen {
    /// The class, or the predicted one.
    pub class: Option<usize>,
    /// The class of which it is asked why the photo is not one.
    pub question: Option<usize>,
}
