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
        <svg class="curve" viewBox="0 0 1000 400" preserveAspectRatio="none" aria-hidden="true">
            <line x1="0" y1="52" x2="1000" y2="52" />
            <line x1="0" y1="226" x2="1000" y2="226" />
            <polyline points=points />
        </svg>
    }
}
