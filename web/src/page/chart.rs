//! The loss curve.

use leptos::prelude::*;

use crate::curve::polyline;

/// Relative distance over steps, on a logarithmic scale from 1 % to 200 %.
#[component]
pub fn LossCurve(
    /// Distance before each step.
    losses: RwSignal<Vec<f32>>,
    /// Steps that the whole width stands for.
    steps: RwSignal<usize>,
) -> impl IntoView {
    let points = move || losses.with(|losses| polyline(losses, steps.get()));
    view! {
        <svg class="curve" viewBox="0 0 100 40" preserveAspectRatio="none" aria-hidden="true">
            <line x1="0" y1="5.2" x2="100" y2="5.2" />
            <line x1="0" y1="22.6" x2="100" y2="22.6" />
            <polyline points=points />
        </svg>
    }
}
