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
            both[0].update(|sum, i| sum + row.0[i]);
            both[1].update(|sum, i| sum + row.0[i] * row.0[i]);
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
        let inverse: Vec<Wide> = variance.iter().map(|v| Wide::of(|i| inverse(v.0[i]))).collect();
        let scale = gamma.iter().zip(&inverse);
        let scale: Vec<Wide> = scale.map(|(g, v)| Wide::of(|i| g.0[i] * v.0[i])).collect();
        let shift = beta.iter().zip(mean).zip(&scale);
        let shift = shift.map(|((b, m), s)| Wide::of(|i| b.0[i] - m.0[i] * s.0[i])).collect();
        Self { shift, scale, mean: mean.to_vec(), inverse }
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
            moments.iter().map(|m| Wide::of(|i| f(m, i) as f32)).collect()
        };
        let mean = |m: &Moments, i: usize| m.0[0][i] / samples as f64;
        let variance =
            |m: &Moments, i: usize| (m.0[1][i] / samples as f64 - mean(m, i) * mean(m, i)).max(0.0);
        let (mean, variance) = (line(&mean), line(&variance));
        for (running, newest) in running.iter_mut().zip(mean.iter().chain(&variance)) {
            running.update(|old, i| old * (1.0 - NEWEST) + newest.0[i] * NEWEST);
        }
        Self::new(&mean, &variance, gamma, beta)
    }

    /// Of a line of channels.
    #[inline(always)]
    pub fn of(&self, block: usize) -> Affine<'_> {
        Affine { scale: &self.scale[block], shift: &self.shift[block] }
    }

    /// Of a line of channels.
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

/// A normalisation of a line of channels.
#[derive(Clone, Copy)]
pub struct Affine<'a> {
    scale: &'a Wide,
    shift: &'a Wide,
}

impl Affine<'_> {
    /// A lane, normalised.
    #[inline(always)]
    pub fn at(self, x: &Line, lane: usize) -> f32 {
        x.at(lane) * self.scale.0[lane] + self.shift.0[lane]
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
                        let (x, gradient) = (&x[row], from.map_or(out[row], |from| from[row]));
                        out[row] = Line::of(|i| {
                            gradient.at(i) * slope.0[i] + constant.0[i] + x.at(i) * of_x.0[i]
                        });
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
                let (x, norm) = (&x[part.clone()], norm.of(block));
                match beside {
                    Beside::Nothing => {
                        for row in 0..images.count {
                            let x = &x[row];
                            out[row] = Line::of(|i| positive(norm.at(x, i)));
                        }
                    }
                    Beside::Value(other) => {
                        let other = &other[part];
                        for row in 0..images.count {
                            let (x, other) = (&x[row], &other[row]);
                            out[row] = Line::of(|i| positive(norm.at(x, i) + other.at(i)));
                        }
                    }
                    Beside::Normalised(other, of_other) => {
                        let (other, of_other) = (&other[part], of_other.of(block));
                        for row in 0..images.count {
                            let (x, other) = (&x[row], &other[row]);
                            out[row] =
                                Line::of(|i| positive(norm.at(x, i) + of_other.at(other, i)));
                        }
                    }
                }
                out[images.count..].fill(Line::default());
            },
        );
    });
}

/// What is above zero.
#[inline(always)]
pub fn positive(value: f32) -> f32 {
    if value < 0.0 { 0.0 } else { value }
}
