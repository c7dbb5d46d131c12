//! An engine that is lost or computes wrong numbers, and what takes its place.

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_bytes::ByteBuf;

use super::adapter::{Choice, EngineKind, choose_again};
use super::place::Place;
use super::slot::Slot;
use crate::page::download;
use crate::page::session::Session;
use crate::protocol::{Fault, Loss, Request};
use crate::recovery::{Remedy, Work};
use crate::turn::Phase;

/// The self-check's model.
const PROOF_MODEL: &str = "check/cifar-basic.safetensors";

/// A few of its inputs and results: one photo's.
const PROOF: &str = "check/proof.safetensors";

impl Session {
    /// A graphics card that does not work is no reason to show nothing: what was running goes on with
    /// a new device, or on the processor.
    pub fn engine_failed(self, slot: Slot, fault: Fault) {
        let Fault { message, .. } = &fault;
        // What says nothing of the device has crashed on it.
        let loss = fault.loss().unwrap_or(Loss::Gone);
        if !self.is_on_graphics() {
            return slot.set_phase(Phase::Failed(message.clone()));
        }
        let work = Work {
            worked: self.slots.iter().any(|slot| slot.card.with_untracked(Option::is_some)),
            batched: self.slots.iter().any(Slot::is_batched),
        };
        let now = js_sys::Date::now() / 1000.0;
        let remedy = self.device.losses.try_update_value(|losses| losses.lose(now, loss, work));
        self.device.lost_run.set_value(self.run.get_untracked());
        let keeps = loss != Loss::WrongNumbers;
        self.slots.iter().for_each(|slot| slot.interrupt(keeps));
        let reason = format!("the processor, because {message}");
        spawn_local(async move {
            // At once: the other engine has lost the same device, and must not say so again.
            self.unload();
            let again = matches!(remedy, Some(Remedy::NewDevice | Remedy::SmallerBatches));
            if let Some(notice) = notice(loss, again, work.worked) {
                self.notice.set(Some(notice));
            }
            if again {
                let wish = self.device.wish.get_value();
                return self.load(choose_again(wish.as_deref()).await).await;
            }
            self.load(Choice { kind: EngineKind::Cpu, reason }).await;
        });
    }

    /// Has a graphics device compute a few known numbers, once: a driver that is wrong says nothing of
    /// it, and pictures would be blamed on the network.
    pub fn ask_for_proof(self, slot: Slot) {
        let choice = self.device.choice.get_untracked().map(|choice| choice.reason);
        if slot.place != Place::Robust
            || !self.is_on_graphics()
            || self.device.proved.get_value() == choice
        {
            return;
        }
        spawn_local(async move {
            // Without these files there is no proof, which is no fault of the device's.
            if let Err(fault) = send_proof(slot).await {
                web_sys::console::warn_1(&fault.message.into());
            }
        });
    }

    /// Takes what a device gets wrong, if anything.
    pub fn hear_proof(self, slot: Slot, wrong: Option<String>) {
        match wrong {
            None => self
                .device
                .proved
                .set_value(self.device.choice.get_untracked().map(|choice| choice.reason)),
            Some(wrong) => {
                let fault = Fault::of_device(Loss::WrongNumbers);
                let message = format!("{} ({wrong})", fault.message);
                self.engine_failed(slot, Fault { message, ..fault });
            }
        }
    }

    fn is_on_graphics(self) -> bool {
        let kind = self.device.choice.with_untracked(|choice| choice.as_ref().map(|c| c.kind));
        kind == Some(EngineKind::WebGpu)
    }
}

async fn send_proof(slot: Slot) -> Result<(), Fault> {
    let weights = ByteBuf::from(download::bytes(PROOF_MODEL).await?.to_vec());
    let reference = ByteBuf::from(download::bytes(PROOF).await?.to_vec());
    slot.send(&Request::Prove { weights, reference });
    Ok(())
}

/// What the visitor is told. `again`: with a new device. `worked`: the device had computed something.
fn notice(loss: Loss, again: bool, worked: bool) -> Option<String> {
    let what = match loss {
        Loss::WrongNumbers => {
            return Some(
                "This graphics device computes wrong numbers, as a check against known ones has \
                 shown. The processor computes instead."
                    .into(),
            );
        }
        // The line that says what computes gives the reason.
        _ if !worked => return None,
        Loss::NoMemory => "has no memory left",
        Loss::Gone if again => "was lost",
        Loss::Gone => "was lost again",
    };
    let then = match loss {
        _ if !again => "The processor takes over",
        Loss::NoMemory => "It is started again with fewer images at a time",
        _ => "It is started again",
    };
    Some(format!(
        "The graphics device {what}. {then}, and whatever was running goes on from the picture shown."
    ))
}
