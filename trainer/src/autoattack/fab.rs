//! The fast adaptive boundary attack towards one class (Croce and Hein 2020, "Minimally distorted
//! adversarial examples with a fast adaptive boundary attack"): it looks for the nearest image across the
//! boundary, whatever the radius, by steps onto the boundary's linearisation.

use anyhow::Result;
use rayon::prelude::*;

use super::plane::step_onto;
use super::{Ball, Classifier, Example, Found, Slope, Watch, is_fooled};

/// Largest share of the way from the clean image that a step keeps.
const MOST_OF_CLEAN: f64 = 0.1;

/// How much further than the linearised boundary a step goes.
const BEYOND: f32 = 1.05;

/// What is left of the way to the clean image's adversarial one when a step goes back from it.
const BACK: f32 = 0.9;

/// Attacks each image towards its target, and ends with each as soon as it is fooled within the ball.
pub fn attack(
    network: &dyn Classifier,
    examples: &[&Example],
    targets: &[usize],
    ball: Ball,
    steps: usize,
    watch: &mut Watch<'_>,
) -> Result<Found> {
    let mut found: Found = vec![None; examples.len()];
    let mut points: Vec<Vec<f32>> = examples.iter().map(|example| example.pixels.clone()).collect();
    for step in 0..steps {
        let left: Vec<usize> = (0..found.len()).filter(|&i| found[i].is_none()).collect();
        if left.is_empty() || !watch(step) {
            break;
        }
        let images: Vec<&[f32]> = left.iter().map(|&i| &*points[i]).collect();
        let towards = |at: usize, logits: &[f32]| {
            let mut weights = vec![0.0; logits.len()];
            weights[targets[left[at]]] = 1.0;
            weights[examples[left[at]].label] = -1.0;
            weights
        };
        let slopes = network.gradients(&images, &towards)?;
        let moved: Vec<Vec<f32>> = left
            .par_iter()
            .zip(slopes)
            .map(|(&i, slope)| advance(examples[i], targets[i], &points[i], &slope, ball))
            .collect();
        let images: Vec<&[f32]> = moved.iter().map(Vec::as_slice).collect();
        let logits = network.logits(&images)?;
        for ((i, mut x), logits) in left.into_iter().zip(moved).zip(logits) {
            let Example { pixels: clean, label, .. } = examples[i];
            if is_fooled(&logits, *label) {
                if ball.contains(&x, clean) {
                    found[i] = Some(x.clone());
                }
                for (x, clean) in x.iter_mut().zip(clean) {
                    *x = clean + BACK * (*x - clean);
                }
            }
            points[i] = x;
        }
    }
    Ok(found)
}

/// A step beyond the linearised boundary: from the point, drawn towards where the clean image would
/// come to lie on it, the more the nearer that is.
fn advance(example: &Example, target: usize, x: &[f32], slope: &Slope, ball: Ball) -> Vec<f32> {
    let (logits, w) = slope;
    let clean = &example.pixels;
    let ahead = f64::from(logits[target]) - f64::from(logits[example.label]);
    let between: f64 =
        w.iter().zip(x.iter().zip(clean)).map(|(&w, (x, c))| f64::from(w) * f64::from(x - c)).sum();
    let from_x = step_onto(ball.norm, x, w, -ahead);
    let from_clean = step_onto(ball.norm, clean, w, between - ahead);
    let length = |change: &[f32]| ball.norm.length(change.iter().copied()).max(1e-8);
    let (of_x, of_clean) = (length(&from_x), length(&from_clean));
    let share = (of_x / (of_x + of_clean)).min(MOST_OF_CLEAN) as f32;
    let moved = x.iter().zip(clean).zip(from_x.iter().zip(&from_clean));
    let blend = |((x, clean), (by, by_clean)): ((&f32, &f32), (&f32, &f32))| {
        let (x, clean) = (x + BEYOND * by, clean + BEYOND * by_clean);
        ((1.0 - share) * x + share * clean).clamp(0.0, 1.0)
    };
    moved.map(blend).collect()
}

#[cfg(test)]
mod tests {
    use super::super::linear::{holds_and_falls, quick};
    use super::super::{Attack, Norm};

    #[test]
    fn a_linear_network_falls_just_beyond_its_radius_and_never_below() {
        for norm in [Norm::L2, Norm::Linf] {
            holds_and_falls(Attack::FabT, norm, 1.02, &quick());
        }
    }
}
