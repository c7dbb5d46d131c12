//! Settings and geometry of a path between photos, equation (6); what needs no engine.

use serde::{Deserialize, Serialize};

use crate::image::Pixels;
use crate::settings::{InvertSettings, PgdSettings, SettingsError, Solver};

/// How few and how many frames a path may have.
pub const FRAMES: std::ops::RangeInclusive<usize> = 3..=21;

/// How few and how many photos a path may join.
pub const STOPS: std::ops::RangeInclusive<usize> = 2..=8;

/// How long an animation shows a frame, in ms.
pub const FRAME_MS: u32 = 120;

/// What the frames between two photos start from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
pub enum PathStart {
    /// The cross-fade of the two photos, as the authors do.
    #[default]
    Blend,
    /// Noise around grey.
    Noise,
    /// Grey 0.5.
    Grey,
}

/// Settings of a path between photos, equation (6).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "cli", derive(clap::Args))]
pub struct PathSettings {
    /// Images along the path, the photos included
    #[cfg_attr(feature = "cli", arg(long, default_value_t = Self::FAST.frames))]
    pub frames: usize,
    /// Steps of projected gradient descent (the authors use 10000)
    #[cfg_attr(feature = "cli", arg(long, default_value_t = Self::FAST.steps))]
    pub steps: usize,
    /// Length of a step along the normalised gradient
    #[cfg_attr(feature = "cli", arg(long, default_value_t = Self::FAST.step_size))]
    pub step_size: f32,
    /// How far a frame may go from where it starts, in the l2 norm
    #[cfg_attr(feature = "cli", arg(long = "eps", default_value_t = Self::FAST.epsilon))]
    pub epsilon: f32,
    /// What the frames between two photos start from
    #[cfg_attr(feature = "cli", arg(long, value_enum, default_value_t = Self::FAST.start))]
    pub start: PathStart,
    /// Seed of the noise that images start from
    #[cfg_attr(feature = "cli", arg(long, default_value_t = Self::FAST.seed))]
    pub seed: u64,
    /// How a step is made out of gradients
    #[cfg_attr(feature = "cli", arg(long, value_enum, default_value_t = Self::FAST.solver))]
    pub solver: Solver,
}

impl PathSettings {
    /// Smooth at 64 pixels, in seconds.
    pub const FAST: Self = Self {
        frames: 9,
        steps: 100,
        step_size: 0.5,
        epsilon: 1000.0,
        start: PathStart::Blend,
        seed: 0,
        // Rounding differs from device to device and faster solvers amplify it: a link shows the same
        // frames everywhere only this way.
        solver: Solver::Plain,
    };

    /// Nearer to the straight line; on another device the frames may look a little different.
    pub const NEAR: Self = Self { solver: Solver::Lbfgs, ..Self::FAST };

    /// The authors' setting (appendix A.5).
    pub const AUTHORS: Self = Self { steps: 10_000, step_size: 1.0, ..Self::FAST };

    /// Checks the ranges.
    ///
    /// # Errors
    ///
    /// Names the first setting that is out of range, and the range.
    pub fn check(&self) -> Result<(), SettingsError> {
        if !FRAMES.contains(&self.frames) {
            return Err(SettingsError("frames must be from 3 to 21"));
        }
        self.inversion().check()
    }

    /// Within the l2 ball, last iterate.
    pub fn pgd(&self) -> PgdSettings {
        self.inversion().pgd()
    }

    /// Each frame is an inversion towards a point between two representations.
    fn inversion(&self) -> InvertSettings {
        let Self { steps, step_size, epsilon, seed, solver, .. } = *self;
        InvertSettings { steps, step_size, epsilon, seed, solver }
    }

    /// Where each frame lies on a path of `stops` photos.
    pub fn places(&self, stops: usize) -> Vec<Place> {
        let last = stops.saturating_sub(1).max(1);
        let place = |i: usize| {
            let along = (i * last) as f32 / self.frames.saturating_sub(1).max(1) as f32;
            let from = (along as usize).min(last - 1);
            Place { from, share: along - from as f32 }
        };
        (0..self.frames).map(place).collect()
    }
}

impl Default for PathSettings {
    fn default() -> Self {
        Self::FAST
    }
}

/// A point on a path of photos.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Number of the photo before it.
    pub from: usize,
    /// How far it is on the way to the next photo, λ in [0, 1].
    pub share: f32,
}

impl Place {
    /// The photo that lies exactly here, if one does.
    pub fn stop(self) -> Option<usize> {
        match self.share {
            0.0 => Some(self.from),
            1.0 => Some(self.from + 1),
            _ => None,
        }
    }

    /// `(1-λ) a + λ b` in pixels: the plain cross-fade of `stops` at this place. `None` where
    /// `stops` does not reach that far.
    pub fn blend(self, stops: &[Pixels]) -> Option<Pixels> {
        let (a, b) = (stops.get(self.from)?, stops.get(self.from + 1)?);
        let mix = |(a, b): (&f32, &f32)| (1.0 - self.share) * a + self.share * b;
        Pixels::new(a.size(), a.values().iter().zip(b.values()).map(mix).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_visits_its_photos_and_is_even_between() {
        let settings = PathSettings { frames: 5, ..PathSettings::FAST };
        let two: Vec<f32> = settings.places(2).iter().map(|place| place.share).collect();
        assert_eq!(two, [0.0, 0.25, 0.5, 0.75, 1.0]);
        let stops: Vec<_> = settings.places(3).iter().map(|place| place.stop()).collect();
        assert_eq!(stops, [Some(0), None, Some(1), None, Some(2)]);
        let photos = [Pixels::flat(2, [0.0; 3]), Pixels::flat(2, [1.0; 3])];
        assert_eq!(settings.places(2)[1].blend(&photos), Some(Pixels::flat(2, [0.25; 3])));
        assert!(settings.places(3)[4].blend(&photos).is_none());
    }

    #[test]
    fn frames_out_of_range_are_named() {
        let many = PathSettings { frames: 22, ..PathSettings::FAST };
        assert!(many.check().unwrap_err().to_string().contains("frames"));
        assert!(PathSettings::AUTHORS.check().is_ok());
    }
}
