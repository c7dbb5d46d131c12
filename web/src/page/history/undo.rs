//! Steps back, and forth again, through what was chosen.

use std::sync::Arc;

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, KeyboardEvent};

use super::described::Described;
use crate::page::session::Session;
use crate::page::sharing::url;

/// Most steps that are remembered.
const MOST: usize = 100;

/// Fields in which nothing is typed, so that the browser has nothing to take back there.
const NOT_TYPED: [&str; 5] = ["range", "checkbox", "radio", "file", "color"];

/// What was chosen, in order, and where one stands.
#[derive(Debug, Default)]
pub struct Steps {
    all: Vec<Arc<Described>>,
    at: usize,
}

impl Steps {
    fn note(&mut self, view: Arc<Described>) {
        if !self.all.is_empty() {
            self.all.truncate(self.at + 1);
        }
        self.all.push(view);
        if self.all.len() > MOST {
            self.all.remove(0);
        }
        self.at = self.all.len() - 1;
    }

    /// The step before, or the one after.
    fn beside(&self, forth: bool) -> Option<usize> {
        let at = if forth { self.at.checked_add(1) } else { self.at.checked_sub(1) };
        at.filter(|at| *at < self.all.len())
    }
}

impl Session {
    /// Remembers what is chosen from now on, and listens for the keys that take it back.
    pub(super) fn note_steps(self) {
        Effect::new(move || self.note(Arc::new(self.describe())));
        let handle = window_event_listener(ev::keydown, move |event| {
            if let Some(forth) = direction(&event) {
                event.prevent_default();
                match self.view_untracked().ways.step {
                    Some(step) => step(self, forth),
                    None => self.step(forth),
                }
            }
        });
        on_cleanup(move || handle.remove());
    }

    /// What is chosen now, if that is news.
    pub(super) fn note(self, view: Arc<Described>) {
        let known = self.history.with(|kept| kept.steps.all.get(kept.steps.at) == Some(&view));
        if view.mode.view().ways.step.is_none() && !known {
            self.history.update(|kept| kept.steps.note(view));
        }
    }

    /// Forgets the steps that lead to a photo which cannot be read.
    pub fn forget_steps_to(self, id: usize) {
        self.history.update(|kept| {
            let steps = &mut kept.steps;
            let stays = |view: &Arc<Described>| view.photo(id).is_none();
            let before = steps.all.iter().take(steps.at + 1).filter(|view| stays(view)).count();
            steps.all.retain(stays);
            steps.at = before.saturating_sub(1);
        });
    }

    /// Shows the step where one stands.
    pub fn show_step_again(self) {
        self.take_step(self.history.with(|kept| kept.steps.at));
    }

    /// Whether there is a step to go.
    pub(super) fn can_step(self, forth: bool) -> bool {
        self.history.track();
        self.history.with(|kept| kept.steps.beside(forth).is_some())
    }

    /// Goes one step back or forth. What was made there is shown again; else it is computed.
    pub(super) fn step(self, forth: bool) {
        if let Some(at) = self.history.with(|kept| kept.steps.beside(forth)) {
            self.take_step(at);
        }
    }

    fn take_step(self, at: usize) {
        let view = self.history.update(|kept| {
            kept.steps.at = at;
            kept.steps.all.get(at).cloned()
        });
        if let Some(view) = view {
            self.choose_again(&view);
            url::push_fragment(view.mode.fragment());
            self.show_or_compute();
        }
    }
}

/// Whether a key asks for the step before (`false`) or the one after; `None` where it is another key,
/// or something is typed.
fn direction(event: &KeyboardEvent) -> Option<bool> {
    let forth = match event.key().to_ascii_lowercase().as_str() {
        "z" => event.shift_key(),
        "y" => true,
        _ => return None,
    };
    let target = event.target()?;
    let typed = match target.dyn_ref::<HtmlInputElement>() {
        Some(input) => !NOT_TYPED.contains(&&*input.type_()),
        None => false,
    };
    ((event.ctrl_key() || event.meta_key()) && !event.alt_key() && !typed).then_some(forth)
}
