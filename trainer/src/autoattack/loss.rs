//! What APGD makes larger, as functions of the logits with their derivatives.

use robust_core::report::ranking;

/// Keeps the ratio finite where all logits are alike.
const TINY: f64 = 1e-12;

/// A loss of one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Cross-entropy of the image's class.
    CrossEntropy {
        /// The class.
        label: usize,
    },
    /// The targeted difference of logits ratio (Croce and Hein 2020, equation (7)):
    /// `-(z_y - z_t) / (z_1st - (z_3rd + z_4th) / 2)`. Neither scale nor offset of the logits matters to
    /// it, so that no network can hide its gradient by either.
    TargetedDlr {
        /// The image's class `y`.
        label: usize,
        /// The class `t` that it should be called; one of at least four.
        target: usize,
    },
}

impl Loss {
    /// Its value and its derivative by each logit.
    pub fn of(self, logits: &[f32]) -> (f32, Vec<f32>) {
        let z: Vec<f64> = logits.iter().copied().map(f64::from).collect();
        let (value, slope) = match self {
            Self::CrossEntropy { label } => cross_entropy(&z, label),
            Self::TargetedDlr { label, target } => {
                targeted_dlr(&z, &ranking(logits), label, target)
            }
        };
        (value as f32, slope.into_iter().map(|v| v as f32).collect())
    }
}

fn cross_entropy(z: &[f64], label: usize) -> (f64, Vec<f64>) {
    let most = z.iter().copied().fold(f64::MIN, f64::max);
    let sum: f64 = z.iter().map(|z| (z - most).exp()).sum();
    let mut slope: Vec<f64> = z.iter().map(|z| (z - most).exp() / sum).collect();
    slope[label] -= 1.0;
    (most + sum.ln() - z[label], slope)
}

/// `order` is that of `z`, the largest first.
fn targeted_dlr(z: &[f64], order: &[usize], label: usize, target: usize) -> (f64, Vec<f64>) {
    let (first, third, fourth) = (order[0], order[2], order[3]);
    let spread = z[first] - (z[third] + z[fourth]) / 2.0 + TINY;
    let value = (z[target] - z[label]) / spread;
    let mut slope = vec![0.0; z.len()];
    slope[target] += 1.0 / spread;
    slope[label] -= 1.0 / spread;
    slope[first] -= value / spread;
    slope[third] += value / spread / 2.0;
    slope[fourth] += value / spread / 2.0;
    (value, slope)
}

/// The place of the largest value, the first of equals.
pub fn largest(values: &[f32]) -> usize {
    (1..values.len()).fold(0, |best, i| if values[i] > values[best] { i } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_that_of_hand() {
        // (3 - 5) / (5 - (2 + 1) / 2), of logits out of order.
        let dlr = Loss::TargetedDlr { label: 2, target: 0 };
        let logits = [3.0, 1.0, 5.0, -4.0, 2.0];
        let (value, _) = dlr.of(&logits);
        assert!((value + 2.0 / 3.5).abs() < 1e-6, "{value}");
        // Neither scale nor offset matters.
        let (same, _) = dlr.of(&logits.map(|z| 100.0 * z - 7.0));
        assert!((value - same).abs() < 1e-5);
        // Fooled, it is above 0: (5 - 3) / 3.5.
        let (value, _) = Loss::TargetedDlr { label: 0, target: 2 }.of(&logits);
        assert!((value - 2.0 / 3.5).abs() < 1e-6);
        // ln(e^0 + e^ln 3) - 0 = ln 4.
        let (value, slope) = Loss::CrossEntropy { label: 0 }.of(&[0.0, 3f32.ln()]);
        assert!((value - 4f32.ln()).abs() < 1e-6);
        assert!((slope[0] + 0.75).abs() < 1e-6 && (slope[1] - 0.75).abs() < 1e-6);
    }

    #[test]
    fn derivatives_are_those_of_finite_differences() {
        let logits = [0.3, -1.2, 2.0, 0.9, 1.4];
        let losses = [
            Loss::CrossEntropy { label: 3 },
            Loss::TargetedDlr { label: 2, target: 3 },
            // The target is the third largest itself.
            Loss::TargetedDlr { label: 4, target: 1 },
        ];
        for loss in losses {
            let (_, slope) = loss.of(&logits);
            for (i, slope) in slope.into_iter().enumerate() {
                let at = |by: f32| {
                    let mut moved = logits;
                    moved[i] += by;
                    loss.of(&moved).0
                };
                let difference = (at(1e-2) - at(-1e-2)) / 2e-2;
                assert!((slope - difference).abs() < 2e-3, "{loss:?}, {i}: {slope}, {difference}");
            }
        }
    }
}
