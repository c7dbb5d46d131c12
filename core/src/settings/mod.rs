//! What a person can set: one struct that is command-line flags, messages and help at once.

pub mod change;
mod crop;
pub mod paint;
pub mod path;
mod start;

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

pub use crate::constraint::Constraint;
pub use crop::Crop;
pub use start::Start;

/// How gradients become steps. Objective and constraint are the same for all; they are
/// compared in `docs/SOLVERS.md`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
pub enum Solver {
    /// Steps of one length along the normalised gradient: the authors' way
    #[default]
    Plain,
    /// Plain steps, four times as long at first, then shorter and shorter
    Decay,
    /// The same along the gradient and its averages over 2, 4 and 8 pixels
    Coarse,
    /// Along a moving average of normalised gradients, shorter and shorter
    Momentum,
    /// Every value scaled by its own past gradients
    Adam,
    /// Along the gradient, as far as the last change of the gradient suggests
    BarzilaiBorwein,
    /// Along the gradient corrected by the curvature that earlier steps have shown
    Lbfgs,
}

impl Solver {
    /// All of them, plain PGD first.
    pub const ALL: [Self; 7] = [
        Self::Plain,
        Self::Decay,
        Self::Coarse,
        Self::Momentum,
        Self::Adam,
        Self::BarzilaiBorwein,
        Self::Lbfgs,
    ];

    /// Whether its steps shrink towards the last one, so that a run cannot be cut short or prolonged.
    pub const fn has_horizon(self) -> bool {
        matches!(self, Self::Decay | Self::Coarse | Self::Momentum | Self::Adam)
    }

    /// Its name on the command line and in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Decay => "decay",
            Self::Coarse => "coarse",
            Self::Momentum => "momentum",
            Self::Adam => "adam",
            Self::BarzilaiBorwein => "barzilai-borwein",
            Self::Lbfgs => "lbfgs",
        }
    }
}

/// Radii and lengths of steps that mean something for images in [0, 1]: a shorter step is lost in
/// rounding, and none needs to be longer.
pub const LENGTHS: RangeInclusive<f32> = 1e-6..=1e6;

/// How few and how many steps a run may have.
pub const STEPS: RangeInclusive<usize> = 1..=1_000_000;

/// Settings of projected gradient descent (or ascent).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PgdSettings {
    /// The set that every iterate is projected to.
    pub constraint: Constraint,
    /// Length of one step: along the normalised gradient (l2), its sign (linf), or itself (box).
    pub step_size: f32,
    /// Number of steps.
    pub steps: usize,
    /// Return the best iterate instead of the last one.
    #[serde(default)]
    pub best: bool,
    /// How gradients become steps.
    #[serde(default)]
    pub solver: Solver,
}

impl PgdSettings {
    /// Plain PGD that returns its last iterate.
    pub const fn plain(constraint: Constraint, step_size: f32, steps: usize) -> Self {
        Self { constraint, step_size, steps, best: false, solver: Solver::Plain }
    }
}

/// Settings of an inversion, equation (5).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(clap::Args))]
pub struct InvertSettings {
    /// Steps of projected gradient descent (the authors use 10000)
    #[cfg_attr(feature = "cli", arg(long, default_value_t = Self::FAST.steps))]
    pub steps: usize,
    /// Length of a step along the normalised gradient
    #[cfg_attr(feature = "cli", arg(long, default_value_t = Self::FAST.step_size))]
    pub step_size: f32,
    /// How far the image may go from where it starts, in the l2 norm
    #[cfg_attr(feature = "cli", arg(long = "eps", default_value_t = Self::FAST.epsilon))]
    pub epsilon: f32,
    /// Seed of the noise that images start from
    #[cfg_attr(feature = "cli", arg(long, default_value_t = Self::FAST.seed))]
    pub seed: u64,
    /// How gradients become steps
    #[cfg_attr(feature = "cli", arg(long, value_enum, default_value_t = Self::FAST.solver))]
    #[serde(default)]
    pub solver: Solver,
}

impl InvertSettings {
    /// About as near to the photo's representation as the authors' 10,000 steps come, in seconds.
    pub const FAST: Self =
        Self { steps: 100, step_size: 1.0, epsilon: 1000.0, seed: 0, solver: Solver::Lbfgs };

    /// The authors' setting (appendix A.5).
    pub const AUTHORS: Self = Self { steps: 10_000, solver: Solver::Plain, ..Self::FAST };

    /// Checks the ranges.
    ///
    /// # Errors
    ///
    /// Names the first setting that is out of range, and the range.
    pub fn check(&self) -> Result<(), SettingsError> {
        if !STEPS.contains(&self.steps) {
            return Err(SettingsError("steps must be from 1 to 1,000,000"));
        }
        if !LENGTHS.contains(&self.step_size) {
            return Err(SettingsError("the step size must be from 0.000001 to 1,000,000"));
        }
        if !LENGTHS.contains(&self.epsilon) {
            return Err(SettingsError("epsilon must be from 0.000001 to 1,000,000"));
        }
        Ok(())
    }

    /// Within the l2 ball, last iterate.
    pub fn pgd(&self) -> PgdSettings {
        let constraint = Constraint::L2 { epsilon: self.epsilon };
        let plain = PgdSettings::plain(constraint, self.step_size, self.steps);
        PgdSettings { solver: self.solver, ..plain }
    }
}

impl Default for InvertSettings {
    fn default() -> Self {
        Self::FAST
    }
}

/// A setting that cannot be run.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SettingsError(pub(crate) &'static str);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_out_of_range_are_named() {
        let check = |change: fn(&mut InvertSettings)| {
            let mut settings = InvertSettings::FAST;
            change(&mut settings);
            settings.check()
        };
        assert!(InvertSettings::AUTHORS.check().is_ok());
        assert!(check(|s| s.steps = 0).unwrap_err().to_string().contains("steps"));
        assert!(check(|s| s.step_size = f32::NAN).unwrap_err().to_string().contains("step size"));
        assert!(check(|s| s.epsilon = 1e-40).is_err(), "a radius that rounding loses");
        assert!(check(|s| s.epsilon = -1.0).unwrap_err().to_string().contains("epsilon"));
    }
}
