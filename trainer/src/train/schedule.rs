//! Learning rates over a run.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// Share of a one-cycle run in which the learning rate rises.
const RISE: f64 = 0.25;

/// How the learning rate changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
pub enum Schedule {
    /// Rises linearly for a quarter of the run, then falls linearly to 0
    OneCycle,
    /// Falls along half a cosine to 0
    Cosine,
    /// Divided by 10 at each milestone
    Steps,
}

impl Schedule {
    /// The factor to the largest learning rate, after `epochs` of `total` epochs, both in parts.
    pub fn factor(self, epochs: f64, total: usize, milestones: &[usize]) -> f64 {
        let share = (epochs / total as f64).clamp(0.0, 1.0);
        match self {
            Schedule::OneCycle if share < RISE => share / RISE,
            Schedule::OneCycle => (1.0 - share) / (1.0 - RISE),
            Schedule::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * share).cos()),
            Schedule::Steps => {
                let passed = milestones.iter().filter(|&&m| epochs >= m as f64).count();
                0.1f64.powi(passed as i32)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_start_and_end_where_they_should() {
        let at = |schedule: Schedule, epochs| schedule.factor(epochs, 8, &[2, 6]);
        assert_eq!((at(Schedule::OneCycle, 0.0), at(Schedule::OneCycle, 2.0)), (0.0, 1.0));
        assert_eq!(at(Schedule::OneCycle, 8.0), 0.0);
        assert_eq!(at(Schedule::Cosine, 0.0), 1.0);
        assert!((at(Schedule::Cosine, 4.0) - 0.5).abs() < 1e-12);
        let steps = [1.9, 2.0, 6.5].map(|epochs| at(Schedule::Steps, epochs));
        assert_eq!(steps[0], 1.0);
        assert!((steps[1] - 0.1).abs() < 1e-12 && (steps[2] - 0.01).abs() < 1e-12);
    }
}
