//! How close an inversion comes to its original.
//!
//! PSNR and SSIM say little here: a flat grey image scores as well as a recognisable inversion.
//! Coarse correlation and [`matched`] follow what an eye does: is it the same picture at a glance?

use crate::image::Pixels;

/// Side of the grid that [`coarse_correlation`] compares.
const GRID: usize = 8;

/// Side of the window of [`ssim`], as in Wang et al. 2004 with a flat window.
const WINDOW: usize = 8;

/// Peak signal-to-noise ratio in dB, for values in [0, 1]; infinite for equal images.
pub fn psnr(a: &Pixels, b: &Pixels) -> f32 {
    let squares: f64 =
        a.values().iter().zip(b.values()).map(|(x, y)| f64::from(x - y).powi(2)).sum();
    (-10.0 * (squares / a.values().len() as f64).log10()) as f32
}

/// Structural similarity in [-1, 1]: mean over 8x8 windows (stride 4) of the grey images.
pub fn ssim(a: &Pixels, b: &Pixels) -> f32 {
    let (a, b, size) = (grey(a), grey(b), a.size());
    let side = WINDOW.min(size);
    let corners: Vec<usize> = (0..=size - side).step_by(side.div_ceil(2)).collect();
    let mut sum = 0.0;
    for &top in &corners {
        for &left in &corners {
            let window = |image: &[f64]| -> Vec<f64> {
                let row = |y: usize| image[y * size + left..][..side].to_vec();
                (top..top + side).flat_map(row).collect()
            };
            sum += window_ssim(&window(&a), &window(&b));
        }
    }
    (sum / (corners.len() * corners.len()) as f64) as f32
}

fn grey(image: &Pixels) -> Vec<f64> {
    let plane = image.size() * image.size();
    let v = image.values();
    let luma = |i: usize| 0.299 * v[i] + 0.587 * v[plane + i] + 0.114 * v[2 * plane + i];
    (0..plane).map(|i| f64::from(luma(i))).collect()
}

fn window_ssim(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let mean = |v: &[f64]| v.iter().sum::<f64>() / n;
    let (ma, mb) = (mean(a), mean(b));
    let covariance = |v: &[f64], mv: f64, w: &[f64], mw: f64| {
        v.iter().zip(w).map(|(x, y)| (x - mv) * (y - mw)).sum::<f64>() / n
    };
    let (va, vb) = (covariance(a, ma, a, ma), covariance(b, mb, b, mb));
    let (c1, c2) = (1e-4, 9e-4);
    (2.0 * ma * mb + c1) * (2.0 * covariance(a, ma, b, mb) + c2)
        / ((ma * ma + mb * mb + c1) * (va + vb + c2))
}

/// `a - b` around grey, so large that its largest value is black or white, and how much larger than
/// it is. For [`Pixels`] of one size.
pub fn magnified_difference(a: &Pixels, b: &Pixels) -> (Pixels, f32) {
    let differences: Vec<f32> = a.values().iter().zip(b.values()).map(|(a, b)| a - b).collect();
    let reach = differences.iter().fold(1e-6f32, |reach, value| reach.max(value.abs()));
    let factor = 0.5 / reach;
    let values = differences.iter().map(|value| 0.5 + factor * value).collect();
    (Pixels::new(a.size(), values).unwrap_or_else(|| a.clone()), factor)
}

/// Both images averaged to 8x8 with their colour, each minus its own mean: the cosine of the two,
/// in [-1, 1]. An image of one colour has no direction and scores 0.
pub fn coarse_correlation(a: &Pixels, b: &Pixels) -> f32 {
    let (a, b) = (coarse(a), coarse(b));
    let dot = |v: &[f64], w: &[f64]| v.iter().zip(w).map(|(x, y)| x * y).sum::<f64>();
    let norms = (dot(&a, &a) * dot(&b, &b)).sqrt();
    if norms < 1e-12 { 0.0 } else { (dot(&a, &b) / norms) as f32 }
}

/// Averages to `[3, 8, 8]` (cells share no pixel) and subtracts the mean over all of it.
fn coarse(image: &Pixels) -> Vec<f64> {
    let size = image.size();
    let bound = |cell: usize| cell * size / GRID;
    let mut grid = Vec::with_capacity(3 * GRID * GRID);
    for plane in image.values().chunks_exact(size * size) {
        for y in 0..GRID {
            for x in 0..GRID {
                let rows = bound(y)..bound(y + 1).max(bound(y) + 1);
                let columns = bound(x)..bound(x + 1).max(bound(x) + 1);
                let cells = (rows.len() * columns.len()) as f64;
                let sum: f64 = rows
                    .flat_map(|r| &plane[r * size..][columns.clone()])
                    .map(|&v| f64::from(v))
                    .sum();
                grid.push(sum / cells);
            }
        }
    }
    let mean = grid.iter().sum::<f64>() / grid.len() as f64;
    grid.iter_mut().for_each(|v| *v -= mean);
    grid
}

/// Share of inversions whose own original is the one they correlate with most (chance: 1/N).
pub fn matched(inversions: &[Pixels], originals: &[Pixels]) -> f32 {
    let own_is_best = |(i, inversion): (usize, &Pixels)| {
        let scores: Vec<f32> =
            originals.iter().map(|original| coarse_correlation(inversion, original)).collect();
        scores.iter().enumerate().all(|(j, &s)| j == i || s < scores[i])
    };
    let hits = inversions.iter().enumerate().filter(|&item| own_is_best(item)).count();
    hits as f32 / inversions.len().max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(size: usize, slope: f32) -> Pixels {
        let value = |i: usize| 0.5 + slope * ((i % size) as f32 / size as f32 - 0.5);
        Pixels::new(size, (0..3 * size * size).map(value).collect()).unwrap()
    }

    #[test]
    fn an_image_is_most_like_itself() {
        let a = ramp(32, 0.8);
        assert!(psnr(&a, &a).is_infinite());
        assert!((ssim(&a, &a) - 1.0).abs() < 1e-6);
        assert!((coarse_correlation(&a, &a) - 1.0).abs() < 1e-6);
        assert!((coarse_correlation(&a, &ramp(32, -0.3)) + 1.0).abs() < 1e-6);
    }

    #[test]
    fn grey_has_no_direction() {
        let grey = Pixels::flat(16, [0.5; 3]);
        assert_eq!(coarse_correlation(&grey, &ramp(16, 1.0)), 0.0);
        // A constant error of 0.1 is 20 dB.
        assert!((psnr(&grey, &Pixels::flat(16, [0.6; 3])) - 20.0).abs() < 1e-3);
    }

    #[test]
    fn matched_counts_the_own_original() {
        let (up, down) = (ramp(16, 0.5), ramp(16, -0.5));
        let originals = [up.clone(), down.clone()];
        assert_eq!(matched(&[up.clone(), down.clone()], &originals), 1.0);
        assert_eq!(matched(&[up.clone(), up], &originals), 0.5);
    }
}
