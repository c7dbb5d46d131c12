//! An engine that is lost, and what takes its place.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::adapter::{Choice, EngineKind, choose_again};
use super::session::Session;
use super::slot::Slot;
use crate::recovery::Remedy;
use crate::turn::Phase;

impl Session {
    /// A graphics card that does not work is no reason to show nothing: what was running goes on with
    /// a new device, or on the processor.
    pub(super) fn engine_failed(self, slot: Slot, message: String) {
        let kind = self.choice.with_untracked(|choice| choice.as_ref().map(|c| c.kind));
        if kind != Some(EngineKind::WebGpu) {
            return slot.set_phase(Phase::Failed(message));
        }
        let worked = self.slots.iter().any(|slot| slot.card.with_untracked(Option::is_some));
        let now = js_sys::Date::now() / 1000.0;
        let remedy = self.losses.try_update_value(|losses| losses.lose(now, worked));
        self.lost_run.set_value(self.run.get_untracked());
        self.slots.iter().for_each(Slot::interrupt);
        spawn_local(async move {
            // At once: the other engine has lost the same device, and must not say so again.
            self.unload();
            if remedy == Some(Remedy::NewDevice) {
                self.notice.set(Some(
                    "The graphics device was lost. It is started again, and what was running goes \
                     on from the picture shown."
                        .into(),
                ));
                let wish = self.wish.get_value();
                return self.load(choose_again(wish.as_deref()).await).await;
            }
            if worked {
                self.notice.set(Some(
                    "The graphics device was lost again. What was running goes on from the picture \
                     shown, on the processor."
                        .into(),
                ));
            }
            let reason = format!("the processor, because {message}");
            self.load(Choice { kind: EngineKind::Cpu, reason }).await;
        });
    }
}
