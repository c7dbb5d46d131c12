//! Batch normalisation, with what is computed in the same pass over memory.

use rayon::prelude::*;

use super::line::{LANES, Line, Wide, vectorised};
use super::product::Images;
use super::tile::Sums;

/// Keeps a deviation above zero, as in all of this program's networks.
const EPSILON: f64 = 1e-5;

/// Share of the newest batch in the running statistics.
const NEWEST: f32 = 0.1;

/// Two sums for each channel of a line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moments(pub [[f64; LANES]; 2]);

impl Moments {
    /// Adds two lines of sums.
    #[inline(always)]
    pub fn add(&mut self, lines: [Wide; 2]) {
        for (sums, line) in self.0.iter_mut().zip(lines) {
            for lane in 0..LANES {
                sums[lane] += f64::from(line.0[lane]);
            }
        }
    }

    /// Adds the sums and the sums of squares of the first `images` rows.
    #[inline(always)]
    pub fn observe(&mut self, sums: &Sums, images: usize) {
        let mut both = [Wide::default(); 2];
        for row in &sums[..images] {
            both[0] = both[0].zip(row, |sum, x| sum + x);
            both[1] = both[1].zip(row, |sum, x| sum + x * x);
        }
        self.add(both);
    }

    fn join(&mut self, other: &Self) {
        for (sums, others) in self.0.iter_mut().zip(&other.0) {
            sums.iter_mut().zip(others).for_each(|(sum, other)| *sum += other);
        }
    }

    /// Sums over all parts of the work, in order, for each line of channels.
    pub fn total(parts: impl Iterator<Item = Vec<Self>>) -> Vec<Self> {
        let mut total: Vec<Self> = Vec::new();
        for part in parts {
            total.resize(part.len(), Self::default());
            total.iter_mut().zip(&part).for_each(|(total, part)| total.join(part));
        }
        total
    }
}

/// A normalisation as it is computed: `x * scale + shift`. Each has a number for every channel.
#[derive(Clone, Debug, Default)]
pub struct Norm {
    pub scale: Vec<Wide>,
    pub shift: Vec<Wide>,
    mean: Vec<Wide>,
    /// One over the deviation.
    inverse: Vec<Wide>,
}

impl Norm {
    /// By mean and variance.
    pub fn new(mean: &[Wide], variance: &[Wide], gamma: &[Wide], beta: &[Wide]) -> Self {
        let inverse = |variance: f32| (1.0 / (f64::from(variance) + EPSILON).sqrt()) as f32;
        let inverse: Vec<Wide> = variance.iter().map(|line| line.map(inverse)).collect();
        let scale =
            gamma.iter().zip(&inverse).map(|(gamma, inverse)| gamma.zip(inverse, |g, i| g * i));
        let scale: Vec<Wide> = scale.collect();
        let moved = mean.iter().zip(&scale).map(|(mean, scale)| mean.zip(scale, |m, s| m * s));
        let shift = beta.iter().zip(moved).map(|(beta, moved)| beta.zip(&moved, |b, m| b - m));
        Self { shift: shift.collect(), scale, mean: mean.to_vec(), inverse }
    }

    /// By what a batch of `samples` values a channel has shown, from which `running` (means, then
    /// variances) learns.
    pub fn of_batch(
        moments: &[Moments],
        samples: usize,
        [gamma, beta]: [&[Wide]; 2],
        running: &mut [Wide],
    ) -> Self {
        let line = |f: &dyn Fn(&Moments, usize) -> f64| -> Vec<Wide> {
            moments.iter().map(|m| Wide(std::array::from_fn(|i| f(m, i) as f32))).collect()
        };
        let mean = |m: &Moments, i: usize| m.0[0][i] / samples as f64;
        let variance =
            |m: &Moments, i: usize| (m.0[1][i] / samples as f64 - mean(m, i) * mean(m, i)).max(0.0);
        let (mean, variance) = (line(&mean), line(&variance));
        for (running, newest) in running.iter_mut().zip(mean.iter().chain(&variance)) {
            *running = running.zip(newest, |old, new| old * (1.0 - NEWEST) + new * NEWEST);
        }
        Self::new(&mean, &variance, gamma, beta)
    }

    /// Of a channel's line.
    pub fn mean(&self, block: usize) -> &Wide {
        &self.mean[block]
    }

    /// Gradients of `gamma` and `beta`, and how that of the input follows from that of the output,
    /// whose sums, alone and times `x - mean`, are `moments`.
    pub fn backward(
        &self,
        moments: &[Moments],
        samples: usize,
        [of_gamma, of_beta]: [&mut [Wide]; 2],
    ) -> Backward {
        let lines = || vec![Wide::default(); moments.len()];
        let mut back = Backward { slope: self.scale.clone(), of_x: lines(), constant: lines() };
        for (block, moments) in moments.iter().enumerate() {
            for lane in 0..LANES {
                let at = |lines: &[Wide]| f64::from(lines[block].0[lane]);
                let (mean, inverse, scale) = (at(&self.mean), at(&self.inverse), at(&self.scale));
                let (of_shift, of_scale) = (moments.0[0][lane], moments.0[1][lane] * inverse);
                (of_gamma[block].0[lane], of_beta[block].0[lane]) =
                    (of_scale as f32, of_shift as f32);
                let of_x = -scale * inverse * of_scale / samples as f64;
                back.of_x[block].0[lane] = of_x as f32;
                back.constant[block].0[lane] =
                    (-scale * of_shift / samples as f64 - mean * of_x) as f32;
            }
        }
        back
    }
}

/// The gradient of what is normalised: `slope * gradient + of_x * x + constant`.
pub struct Backward {
    slope: Vec<Wide>,
    of_x: Vec<Wide>,
    constant: Vec<Wide>,
}

impl Backward {
    /// Overwrites the gradient of the output with that of the input, `x`, or writes it to `out`
    /// where the former is still needed `from` elsewhere.
    pub fn apply(&self, out: &mut [Line], from: Option<&[Line]>, x: &[Line], images: Images) {
        let (blocks, rows) = (self.slope.len(), images.rows());
        out.par_chunks_mut(rows).enumerate().for_each(|(i, out)| {
            let (block, from) = (i % blocks, from.map(|from| &from[i * rows..][..rows]));
            let x = &x[i * rows..][..rows];
            let [slope, of_x, constant] =
                [&self.slope, &self.of_x, &self.constant].map(|lines| lines[block]);
            vectorised(
                #[inline(always)]
                || {
                    for row in 0..images.count {
                        let gradient = from.map_or(&out[row], |from| &from[row]).wide();
                        let affine =
                            gradient.zip(&slope, |g, s| g * s).zip(&constant, |a, b| a + b);
                        let of_x = x[row].wide().zip(&of_x, |x, f| x * f);
                        out[row] = affine.zip(&of_x, |a, b| a + b).nearest();
                    }
                    out[images.count..].fill(Line::default());
                },
            );
        });
    }
}

/// What is added to a normalised value before its ReLU.
#[derive(Clone, Copy)]
pub enum Beside<'a> {
    Nothing,
    /// As it is.
    Value(&'a [Line]),
    /// Normalised, too.
    Normalised(&'a [Line], &'a Norm),
}

/// `relu(norm(x) + beside)`.
pub fn rectified(out: &mut [Line], x: &[Line], norm: &Norm, beside: Beside<'_>, images: Images) {
    let (blocks, rows) = (norm.scale.len(), images.rows());
    out.par_chunks_mut(rows).enumerate().for_each(|(i, out)| {
        let (block, part) = (i % blocks, i * rows..(i + 1) * rows);
        vectorised(
            #[inline(always)]
            || {
                let x = &x[part.clone()];
                match beside {
                    Beside::Nothing => {
                        for row in 0..images.count {
                            out[row] = rectify(affine(&x[row], norm, block));
                        }
                    }
                    Beside::Value(other) => {
                        for (row, other) in other[part].iter().enumerate().take(images.count) {
                            let sum = affine(&x[row], norm, block).zip(&other.wide(), |a, b| a + b);
                            out[row] = rectify(sum);
                        }
                    }
                    Beside::Normalised(other, of_other) => {
                        for (row, other) in other[part].iter().enumerate().take(images.count) {
                            let other = affine(other, of_other, block);
                            out[row] =
                                rectify(affine(&x[row], norm, block).zip(&other, |a, b| a + b));
                        }
                    }
                }
                out[images.count..].fill(Line::default());
            },
        );
    });
}

/// `norm` of a line.
#[inline(always)]
pub fn affine(x: &Line, norm: &Norm, block: usize) -> Wide {
    x.wide().zip(&norm.scale[block], |x, s| x * s).zip(&norm.shift[block], |x, s| x + s)
}

/// What is above zero, rounded.
#[inline(always)]
pub fn rectify(x: Wide) -> Line {
    x.map(|x| if x < 0.0 { 0.0 } else { x }).nearest()
}
