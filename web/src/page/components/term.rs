//! Words of the field, explained where they stand.

use std::sync::atomic::{AtomicUsize, Ordering};

use leptos::prelude::*;

/// Number of the next word that is shown.
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// A word and its meaning.
type Meaning = (&'static str, &'static str);

/// What a network keeps.
pub const REPRESENTATION: Meaning = (
    "representation",
    "The numbers that a network turns an image into, just before it decides what the image shows: \
     the outputs of its last layer but one.",
);

/// Between two representations.
pub const DISTANCE: Meaning = (
    "Distance",
    "How far two representations are from each other, as a share of the length of the photo’s own: \
     0 % means that the network cannot tell the two images apart.",
);

/// Where a change would matter.
pub const GRADIENT: Meaning = (
    "gradient",
    "For every value of the photo, how much and in which direction the network’s answer changes where \
     that value does.",
);

/// How far from the start.
pub const EPSILON: Meaning = (
    "epsilon",
    "The radius of the ball around the starting image that no step may leave, in the l2 norm: the \
     square root of the sum of all squared changes, with values from 0 to 1. 1000 is as good as no \
     limit.",
);

/// How far at a time.
pub const STEP_SIZE: Meaning = (
    "step size",
    "How far one plain step goes, in the l2 norm, along the gradient scaled to length 1. The faster \
     ways of stepping choose their own lengths, in proportion to it.",
);

/// Where noise comes from.
pub const SEED: Meaning = (
    "seed",
    "The number that the noise is drawn from: the same seed gives the same noise, another one \
     another start.",
);

/// A word that says what it means when it is tapped.
#[component]
pub fn Term(
    /// The word and what it means.
    of: Meaning,
) -> impl IntoView {
    let (word, meaning) = of;
    // A word may stand in several places at once.
    let id = format!("term-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    view! {
        <button type="button" class="term" popovertarget=id.clone()>{word}</button>
        <span popover="auto" class="meaning" id=id role="note">{meaning}</span>
    }
}
