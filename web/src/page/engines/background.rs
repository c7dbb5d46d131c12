//! A tab that nobody looks at leaves the machine to what is looked at.

use leptos::prelude::*;
use web_sys::Event;

use super::place::Place;
use crate::page::session::Session;
use crate::turn::Phase;

/// A longer run goes on: nobody waits for it in front of the page.
const SHORT: usize = 1000;

/// Holds runs while the page is hidden, and lets those go on that it has held.
pub fn rest_in_background(session: Session) {
    let held = StoredValue::new(Vec::<Place>::new());
    window_event_listener_untyped("visibilitychange", move |_: Event| {
        let hidden = document().hidden();
        // Whoever wants to be told of the end wants it to come.
        let rests = hidden && !session.tell.get_untracked();
        for slot in session.slots {
            let short = slot.course.steps.get_untracked() <= SHORT;
            if rests && short && untrack(|| slot.phase()) == Phase::Running {
                slot.pause(true);
                held.update_value(|held| held.push(slot.place));
            } else if !hidden && held.with_value(|held| held.contains(&slot.place)) {
                slot.pause(false);
            }
        }
        if !hidden {
            held.set_value(Vec::new());
        }
    });
}
