//! Settings of what one robust classifier can make (Santurkar et al. 2019).

use serde::{Deserialize, Serialize};

use super::PgdSettings;
use super::change::authors;

/// What a classifier is asked to make, each with the settings of table 1 and appendix A of "Image
/// Synthesis with a Single (Robust) Classifier".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Making {
    /// An image of a class, from a draw of the class's Gaussian.
    Generate,
    /// An image of a class, from a person's drawing.
    Sketch,
    /// A photo of one class turned into another.
    Translate,
    /// A small image, enlarged and sharpened towards what the network sees in it.
    SuperResolve,
    /// A photo whose hole grows again.
    Inpaint,
    /// A photo painted with a coordinate of the representation.
    Feature,
}

impl Making {
    /// How images of `size` pixels are made: plain steps within an l2 ball. Radius and step grow
    /// with the side of the image.
    pub const fn settings(self, size: usize) -> PgdSettings {
        match self {
            Making::Generate | Making::Sketch => authors(40.0, 1.0, 60, size),
            Making::Translate => authors(80.0, 0.5, 200, size),
            Making::SuperResolve => authors(15.0, 1.0, 50, size),
            Making::Inpaint => authors(21.6, 0.1, 720, size),
            Making::Feature => authors(70.0, 1.0, 140, size),
        }
    }

    /// The same where somebody watches: a hole grows as far in a quarter of the steps, each four
    /// times as long.
    pub const fn live_settings(self, size: usize) -> PgdSettings {
        match self {
            Making::Inpaint => authors(21.6, 0.4, 180, size),
            _ => self.settings(size),
        }
    }

    /// What a class's cross-entropy or a coordinate counts in the objective, and what a change of
    /// pixels that should stay does.
    pub const fn weights(self) -> KeepWeights {
        match self {
            Making::Feature => KeepWeights { objective: 0.1, change: 90.0 },
            _ => KeepWeights { objective: 1.0, change: 10.0 },
        }
    }
}

/// How much an objective counts beside the pixels that should stay as they are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeepWeights {
    /// Factor of the objective.
    pub objective: f32,
    /// Factor of the mean square of the change outside the region.
    pub change: f32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Constraint;

    #[test]
    fn lengths_grow_with_the_side() {
        let at = |size| Making::Generate.settings(size);
        assert_eq!(at(224).constraint, Constraint::L2 { epsilon: 40.0 });
        assert_eq!((at(224).step_size, at(56).step_size), (1.0, 0.25));
        assert_eq!(Making::Inpaint.settings(224).steps, 720);
    }
}
