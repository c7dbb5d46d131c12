//! Inverting the chosen photo, equation (5).

use leptos::prelude::*;
use leptos::task::spawn_local;
use robust_core::settings::InvertSettings;

use super::session::{Session, StartChoice};
use super::slot::Slot;
use crate::protocol::{InvertRequest, StartRequest, Task};

impl Session {
    /// Inverts the chosen photo on both models.
    pub fn invert(self) {
        self.notice.set(None);
        self.invert_on(&self.slots);
    }

    /// Inverts the chosen photo on some of them.
    pub fn invert_on(self, slots: &[Slot]) {
        let settings = self.settings.get_untracked();
        if let Err(error) = settings.check() {
            return self.notice.set(Some(error.to_string()));
        }
        let run = self.next_run();
        for slot in slots.iter().copied().filter(|slot| untrack(|| slot.is_ready())) {
            slot.ask(run, settings.steps);
            spawn_local(async move {
                match self.request(settings).await {
                    Ok(request) => slot.start(run, Task::Invert(request)),
                    Err(message) if slot.is_asked(run) => {
                        slot.turn.update(|turn| turn.give_up(run));
                        self.notice.set(Some(message));
                    }
                    // The visitor has gone on to something else.
                    Err(_) => {}
                }
            });
        }
    }

    async fn request(self, settings: InvertSettings) -> Result<InvertRequest, String> {
        let gone = "this photo is gone";
        let photo = self.photo(self.selected.get_untracked()).ok_or(gone)?.request().await?;
        let start = match self.start.get_untracked() {
            StartChoice::Noise => StartRequest::Noise,
            StartChoice::Grey => StartRequest::Grey,
            StartChoice::Photo(id) => {
                StartRequest::Photo(self.photo(id).ok_or(gone)?.request().await?)
            }
        };
        Ok(InvertRequest { photo, settings, start })
    }
}
