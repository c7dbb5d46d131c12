//! What computes, and what has happened to it.

use leptos::prelude::*;

use super::adapter::Choice;
use crate::page::sharing::url;
use crate::protocol::RunId;
use crate::recovery::Losses;

/// What computes, and how that has gone.
#[derive(Clone, Copy)]
pub struct Device {
    /// What computes, once known.
    pub choice: RwSignal<Option<Choice>>,
    /// The engine that the visitor has asked for.
    pub wish: StoredValue<Option<String>>,
    /// The devices that were lost.
    pub losses: StoredValue<Losses>,
    /// The device that has shown that it computes correctly, by the words for it.
    pub proved: StoredValue<Option<String>>,
    /// The newest run when an engine was lost.
    pub lost_run: StoredValue<RunId>,
}

impl Device {
    /// Nothing yet; the address may ask for an engine.
    pub fn new() -> Self {
        Self {
            choice: RwSignal::new(None),
            wish: StoredValue::new(url::parameter("engine")),
            losses: StoredValue::new(Losses::none()),
            proved: StoredValue::new(None),
            lost_run: StoredValue::new(0),
        }
    }
}
