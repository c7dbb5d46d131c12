//! Why a network says what it says, as the page shows it.

use serde::{Deserialize, Serialize};

/// Why a network says what it says about an image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// Probability of every class, in the order of the logits.
    pub confidences: Vec<f32>,
    /// The class that is explained.
    pub class: usize,
    /// The coordinates that weigh most for it, the heaviest first.
    pub features: Vec<Contribution>,
}

impl Explanation {
    /// The class that the network takes the photo for.
    pub fn predicted(&self) -> Option<usize> {
        self.ranking().first().copied()
    }

    /// The classes, the most probable first.
    pub fn ranking(&self) -> Vec<usize> {
        ranking(&self.confidences)
    }
}

/// The places of these values, such as classes by their probabilities, the largest value first; of
/// equal ones the first.
pub fn ranking(values: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    order
}

/// What one coordinate adds to a class's logit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contribution {
    /// The coordinate.
    pub feature: usize,
    /// `R(x)_i`.
    pub activation: f32,
    /// `R(x)_i W[c, i]`.
    pub contribution: f32,
}
