//! Squares of an image, and what is put there in l2.

use rand::Rng;

/// A square of `across` pixels in images of `side` pixels.
pub struct Window {
    pub side: usize,
    pub across: usize,
    pub top: usize,
    pub left: usize,
}

impl Window {
    /// Anywhere that it fits.
    pub fn draw(side: usize, across: usize, rng: &mut impl Rng) -> Self {
        let mut place = || rng.random_range(0..=side - across);
        Self { side, across, top: place(), left: place() }
    }

    /// Its places in `[3, side, side]`, row by row.
    pub fn places(&self, plane: usize) -> impl Iterator<Item = usize> + use<> {
        let Self { side, across, top, left } = *self;
        let first = plane * side * side + top * side + left;
        (0..across).flat_map(move |row| (0..across).map(move |column| first + row * side + column))
    }

    /// Whether a place of any plane lies in it.
    pub fn holds(&self, place: usize) -> bool {
        let (row, column) = (place / self.side % self.side, place % self.side);
        (self.top..self.top + self.across).contains(&row)
            && (self.left..self.left + self.across).contains(&column)
    }
}

/// Two neighbouring hills, one up and one down, of length 1 together, side by side or one above the
/// other (equation (2) of the paper).
pub fn bump(across: usize, rng: &mut impl Rng) -> Vec<f32> {
    let half = across / 2;
    let upright = rng.random::<bool>();
    let value = |place: usize| {
        let (row, column) = (place / across, place % across);
        let (long, short) = if upright { (row, column) } else { (column, row) };
        if short < half {
            hill(across, half, long, short)
        } else {
            -hill(across, across - half, long, short - half)
        }
    };
    let values: Vec<f32> = (0..across * across).map(value).collect();
    let length = values.iter().map(|v| v * v).sum::<f32>().sqrt();
    values.into_iter().map(|v| v / length).collect()
}

/// The height at a place of a hill of `long` by `short` pixels: the sum of `1 / (n + 1 - k)²` over the
/// rings `k` that lie around it, of `n`.
fn hill(long: usize, short: usize, at_long: usize, at_short: usize) -> f32 {
    let rings = long / 2;
    let off = at_long.abs_diff(long / 2).max(at_short.abs_diff(short / 2));
    (0..=rings.saturating_sub(off)).map(|k| 1.0 / ((rings + 1 - k) as f32).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn a_bump_has_length_one_and_two_signs() {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        for across in [1, 3, 6, 9] {
            let bump = bump(across, &mut rng);
            assert!((bump.iter().map(|v| v * v).sum::<f32>() - 1.0).abs() < 1e-5);
            let up = bump.iter().filter(|v| **v > 0.0).count();
            assert_eq!(up, across * (across / 2));
        }
        // The middle of five: 1/9 + 1/4 + 1; two away from it: 1/9.
        assert!((hill(5, 3, 2, 1) - 1.361_111).abs() < 1e-5);
        assert!((hill(5, 3, 0, 1) - 0.111_111).abs() < 1e-5);
    }

    #[test]
    fn a_window_holds_its_own_places() {
        let window = Window { side: 7, across: 3, top: 2, left: 4 };
        let all: Vec<usize> = (0..3 * 49).filter(|&place| window.holds(place)).collect();
        let own: Vec<usize> = (0..3).flat_map(|plane| window.places(plane)).collect();
        assert_eq!(all, own);
    }
}
