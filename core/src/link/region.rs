//! A painted part of a photo, short enough for a link.

use serde::{Deserialize, Serialize};

/// Pixels of a square image that may change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionLink {
    /// Pixels on a side.
    pub side: u16,
    /// Row by row, how many pixels may not change, then how many may, and so on by turns.
    pub runs: Vec<u32>,
}

impl RegionLink {
    /// The region where `pixels`, row by row, is true; `None` unless they fill a square.
    pub fn of(pixels: &[bool]) -> Option<Self> {
        let side = pixels.len().isqrt();
        if side == 0 || side * side != pixels.len() {
            return None;
        }
        let mut runs = Vec::new();
        let mut rest = pixels;
        let mut may = false;
        while !rest.is_empty() {
            let run = rest.iter().take_while(|pixel| **pixel == may).count();
            runs.push(run as u32);
            rest = &rest[run..];
            may = !may;
        }
        Some(Self { side: side.try_into().ok()?, runs })
    }

    /// For each pixel, row by row, whether it may change.
    pub fn pixels(&self) -> Vec<bool> {
        let count = usize::from(self.side) * usize::from(self.side);
        let runs = self.runs.iter().enumerate();
        let pixels = runs.flat_map(|(i, run)| std::iter::repeat_n(i % 2 == 1, *run as usize));
        let mut pixels: Vec<bool> = pixels.take(count).collect();
        pixels.resize(count, false);
        pixels
    }
}
