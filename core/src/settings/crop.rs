//! The part of a photo that the network sees.

use serde::{Deserialize, Serialize};

/// What part of a photo the network sees: a square, in shares of the photo's sides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Crop {
    /// The largest square in the middle.
    #[default]
    Centre,
    /// A square chosen by hand.
    Square {
        /// Its centre from the left, as a share of the width, in [0, 1].
        x: f32,
        /// Its centre from the top, as a share of the height, in [0, 1].
        y: f32,
        /// Its side, as a share of the photo's shorter side, in (0, 1].
        side: f32,
    },
}

impl Crop {
    /// The square in pixels of a `width` by `height` photo: `(left, top, side)`, always inside it
    /// and at least one pixel wide, whatever the shares are.
    pub fn square(self, width: u32, height: u32) -> (u32, u32, u32) {
        let (x, y, share) = match self {
            Crop::Centre => (0.5, 0.5, 1.0),
            Crop::Square { x, y, side } => (x, y, side),
        };
        let shorter = width.min(height);
        let side = ((shorter as f32 * share).round() as u32).clamp(1, shorter);
        let corner = |share: f32, length: u32| {
            let wished = share * length as f32 - side as f32 / 2.0;
            (wished.round() as u32).min(length - side)
        };
        (corner(x, width), corner(y, height), side)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crop_stays_inside() {
        assert_eq!(Crop::Centre.square(100, 60), (20, 0, 60));
        let corner = Crop::Square { x: 1.0, y: 0.0, side: 0.5 };
        assert_eq!(corner.square(100, 60), (70, 0, 30));
        for wild in [f32::NAN, -3.0, 7.0, f32::INFINITY] {
            let (left, top, side) = Crop::Square { x: wild, y: wild, side: wild }.square(31, 17);
            assert!(side >= 1 && left + side <= 31 && top + side <= 17);
        }
    }
}
