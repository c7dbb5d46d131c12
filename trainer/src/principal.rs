//! Principal directions of a set of vectors.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// Rounds of the iteration. What matters are directions of large variance, which come first.
const ROUNDS: usize = 60;

/// The mean of `vectors` (at least one, all of one length), and at most `rank` directions in which
/// they vary most, each as long as their standard deviation along it, by subspace iteration.
pub fn principal(vectors: &[Vec<f32>], rank: usize) -> (Vec<f32>, Vec<Vec<f32>>) {
    let length = vectors[0].len();
    let count = vectors.len() as f64;
    let mut mean = vec![0f64; length];
    for vector in vectors {
        mean.iter_mut().zip(vector).for_each(|(sum, &value)| *sum += f64::from(value) / count);
    }
    let covariance: Vec<Vec<f64>> = (0..length)
        .into_par_iter()
        .map(|row| {
            let mut sums = vec![0f64; length];
            for vector in vectors {
                let here = (f64::from(vector[row]) - mean[row]) / count;
                let other = vector.iter().zip(&mean).map(|(&value, mean)| f64::from(value) - mean);
                sums.iter_mut().zip(other).for_each(|(sum, other)| *sum += here * other);
            }
            sums
        })
        .collect();
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut draw = || (0..length).map(|_| rng.random::<f64>() - 0.5).collect::<Vec<f64>>();
    let mut basis: Vec<Vec<f64>> = (0..rank.min(length)).map(|_| draw()).collect();
    for _ in 0..ROUNDS {
        basis = basis.par_iter().map(|vector| times(&covariance, vector)).collect();
        orthonormalise(&mut basis);
    }
    let scaled = |vector: &Vec<f64>| {
        let deviation = dot(vector, &times(&covariance, vector)).max(0.0).sqrt();
        vector.iter().map(|value| (value * deviation) as f32).collect()
    };
    let mean = mean.iter().map(|&value| value as f32).collect();
    (mean, basis.iter().map(scaled).collect())
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn times(matrix: &[Vec<f64>], vector: &[f64]) -> Vec<f64> {
    matrix.iter().map(|row| dot(row, vector)).collect()
}

/// Gram and Schmidt's, twice for what rounding leaves. A direction that depends on those before
/// becomes 0.
fn orthonormalise(basis: &mut [Vec<f64>]) {
    for i in 0..basis.len() {
        let (before, rest) = basis.split_at_mut(i);
        let vector = &mut rest[0];
        let first = dot(vector, vector).sqrt();
        for _ in 0..2 {
            for other in before.iter() {
                let along = dot(vector, other);
                vector.iter_mut().zip(other).for_each(|(value, other)| *value -= along * other);
            }
        }
        let length = dot(vector, vector).sqrt();
        let factor = if length > 1e-9 * first { 1.0 / length } else { 0.0 };
        vector.iter_mut().for_each(|value| *value *= factor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ellipse_has_its_axes() {
        // 3 along (0.6, 0.8, 0), 1 along (0.8, -0.6, 0), nothing along the third.
        let at = |i: usize| {
            let turn = i as f32 * std::f32::consts::TAU / 64.0;
            let (u, v) = (3.0 * turn.cos(), turn.sin());
            vec![0.6 * u + 0.8 * v + 1.0, 0.8 * u - 0.6 * v, 5.0]
        };
        let vectors: Vec<Vec<f32>> = (0..64).map(at).collect();
        let (mean, axes) = principal(&vectors, 3);
        assert!((mean[0] - 1.0).abs() < 1e-5 && mean[1].abs() < 1e-5 && mean[2] == 5.0);
        let length = |axis: &[f32]| axis.iter().map(|v| v * v).sum::<f32>().sqrt();
        // The mean square of a cosine is a half.
        assert!((length(&axes[0]) - 3.0 * 0.5f32.sqrt()).abs() < 1e-4);
        assert!((length(&axes[1]) - 0.5f32.sqrt()).abs() < 1e-4);
        assert!(length(&axes[2]) < 1e-4);
        assert!((axes[0][0] / axes[0][1] - 0.75).abs() < 1e-4);
    }
}
