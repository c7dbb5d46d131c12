//! Every coordinate of a representation as a tile of one picture, computed ahead of time.

use serde::{Deserialize, Serialize};

use crate::report::ranking;

/// What lies beside the sheet of tiles, as `NAME.atlas.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Atlas {
    /// File name of the sheet, beside this file.
    pub sheet: String,
    /// Side of a tile in pixels.
    pub tile: usize,
    /// Tiles in a row; coordinate `i` is tile `i`, row by row.
    pub columns: usize,
    /// What each coordinate has reached in its tile, `R(x)_i`.
    pub activations: Vec<f32>,
    /// `W[c, i]` by class and coordinate.
    pub weights: Vec<Vec<f32>>,
}

/// How tiles are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtlasOrder {
    /// By number.
    Number,
    /// What can be activated most comes first.
    Strength,
    /// What speaks most for this class comes first.
    Class(usize),
}

impl Atlas {
    /// Column and row of a coordinate's tile.
    pub fn place(&self, feature: usize) -> (usize, usize) {
        (feature % self.columns.max(1), feature / self.columns.max(1))
    }

    /// All coordinates, sorted.
    pub fn sorted(&self, order: AtlasOrder) -> Vec<usize> {
        let values = match order {
            AtlasOrder::Number => &[],
            AtlasOrder::Strength => self.activations.as_slice(),
            AtlasOrder::Class(class) => self.weights.get(class).map_or(&[][..], Vec::as_slice),
        };
        let value = |feature: usize| values.get(feature).copied().unwrap_or_default();
        ranking(&(0..self.activations.len()).map(value).collect::<Vec<f32>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_sorted_and_found() {
        let atlas = Atlas {
            sheet: "a.jpg".into(),
            tile: 48,
            columns: 2,
            activations: vec![1.0, 3.0, 2.0],
            weights: vec![vec![0.0, -1.0, 5.0]],
        };
        assert_eq!(atlas.place(2), (0, 1));
        assert_eq!(atlas.sorted(AtlasOrder::Number), [0, 1, 2]);
        assert_eq!(atlas.sorted(AtlasOrder::Strength), [1, 2, 0]);
        assert_eq!(atlas.sorted(AtlasOrder::Class(0)), [2, 0, 1]);
        assert_eq!(atlas.sorted(AtlasOrder::Class(7)), [0, 1, 2]);
    }
}
