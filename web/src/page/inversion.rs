//! Inverting the chosen photo, equation (5).

use leptos::prelude::*;
use leptos::task::spawn_local;
use robust_core::settings::InvertSettings;

use super::modes::Mode;
use super::session::{Session, StartChoice};
use super::slot::Slot;
use crate::protocol::{InvertRequest, Request, RunId, StartRequest};

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
            slot.steps.set(settings.steps);
            spawn_local(async move {
                match self.request(run, settings).await {
                    // The visitor may have gone on to something else while a photo came.
                    Ok(_) if self.mode.get_untracked() != Mode::Invert => {}
                    Ok(request) => slot.send(&Request::Invert(request)),
                    Err(message) => self.notice.set(Some(message)),
                }
            });
        }
    }

    async fn request(self, run: RunId, settings: InvertSettings) -> Result<InvertRequest, String> {
        let gone = "this photo is gone";
        let photo = self.photo(self.selected.get_untracked()).ok_or(gone)?.request().await?;
        let start = match self.start.get_untracked() {
            StartChoice::Noise => StartRequest::Noise,
            StartChoice::Grey => StartRequest::Grey,
            StartChoice::Photo(id) => {
                StartRequest::Photo(self.photo(id).ok_or(gone)?.request().await?)
            }
        };
        Ok(InvertRequest { run, photo, settings, start })
    }
}
