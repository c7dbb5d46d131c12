//! From the last map to the loss and back, in f32.

use std::ops::Range;

use rayon::prelude::*;

use super::line::{LANES, Line, Wide, lines, vectorised};
use super::product::{At, Images};
use super::tile::{SIDE, Sums};

/// The linear layer that ends a network, by where its parameters are.
#[derive(Clone, Debug)]
pub struct Head {
    /// `[class][line of the representation]`.
    pub weight: Range<usize>,
    pub bias: Range<usize>,
    pub classes: usize,
    /// Lines of the representation.
    pub blocks: usize,
}

/// What a batch's logits say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// Mean cross-entropy.
    pub loss: f32,
    /// Images whose largest logit is their label's.
    pub correct: usize,
    /// The mean loss's gradient of the logits, `[image][class]`.
    pub gradient: Vec<f32>,
}

impl Head {
    /// Means over places, `[line][image]`.
    pub fn pooled(&self, x: &[Line], images: Images) -> Vec<Wide> {
        let (rows, blocks) = (images.rows(), self.blocks);
        let places = x.len() / rows / blocks;
        let mut means = vec![Wide::default(); blocks * rows];
        means.par_chunks_mut(rows).enumerate().for_each(|(block, means)| {
            vectorised(
                #[inline(always)]
                || {
                    for place in 0..places {
                        let x = &x[(place * blocks + block) * rows..][..rows];
                        for (mean, x) in means.iter_mut().zip(x) {
                            mean.update(|sum, i| sum + x.at(i));
                        }
                    }
                    for mean in means {
                        mean.update(|sum, _| sum / places as f32);
                    }
                },
            );
        });
        means
    }

    /// `[image][class]` of a representation `[line][image]`.
    pub fn logits(&self, parameters: &[Wide], representation: &[Wide], images: Images) -> Vec<f32> {
        let (weight, bias) = (&parameters[self.weight.clone()], &parameters[self.bias.clone()]);
        let mut logits = vec![0.0; images.count * self.classes];
        logits.par_chunks_mut(self.classes).enumerate().for_each(|(image, logits)| {
            vectorised(
                #[inline(always)]
                || {
                    for (class, logit) in logits.iter_mut().enumerate() {
                        let mut sum = Wide::default();
                        for (block, w) in
                            weight[class * self.blocks..][..self.blocks].iter().enumerate()
                        {
                            let x = &representation[block * images.rows() + image];
                            sum.update(|sum, i| sum + x.0[i] * w.0[i]);
                        }
                        *logit = sum.0.iter().sum::<f32>() + bias[class / LANES].0[class % LANES];
                    }
                },
            );
        });
        logits
    }

    /// Cross-entropy against labels of which a share goes to all classes alike.
    pub fn verdict(&self, logits: &[f32], labels: &[usize], smoothing: f32) -> Verdict {
        let (count, classes) = (labels.len() as f32, self.classes as f32);
        let mut verdict =
            Verdict { gradient: Vec::with_capacity(logits.len()), ..Verdict::default() };
        let (mut of_labels, mut of_all) = (0.0, 0.0);
        for (logits, &label) in logits.chunks_exact(self.classes).zip(labels) {
            let best = (1..logits.len())
                .fold(0, |best, i| if logits[i] > logits[best] { i } else { best });
            let sum: f32 = logits.iter().map(|logit| (logit - logits[best]).exp()).sum();
            let log = |logit: f32| logit - logits[best] - sum.ln();
            verdict.correct += usize::from(best == label);
            of_labels += log(logits[label]);
            of_all += logits.iter().map(|logit| log(*logit)).sum::<f32>();
            verdict.gradient.extend(logits.iter().enumerate().map(|(class, logit)| {
                let target =
                    smoothing / classes + if class == label { 1.0 - smoothing } else { 0.0 };
                (log(*logit).exp() - target) / count
            }));
        }
        verdict.loss =
            -(of_labels / count * (1.0 - smoothing) + of_all / (count * classes) * smoothing);
        verdict
    }

    /// The gradient of the representation, `[line][image]`, from that of the logits.
    pub fn backward(&self, parameters: &[Wide], gradient: &[f32], images: Images) -> Vec<Wide> {
        let weight = &parameters[self.weight.clone()];
        let mut out = vec![Wide::default(); self.blocks * images.rows()];
        out.par_chunks_mut(images.rows()).enumerate().for_each(|(block, out)| {
            for (out, gradient) in out.iter_mut().zip(gradient.chunks_exact(self.classes)) {
                for (class, gradient) in gradient.iter().enumerate() {
                    let weight = &weight[class * self.blocks + block];
                    out.update(|sum, i| sum + gradient * weight.0[i]);
                }
            }
        });
        out
    }

    /// The gradients of weight and bias.
    pub fn learn(
        &self,
        representation: &[Wide],
        gradient: &[f32],
        images: Images,
        out: &mut [Wide],
    ) {
        let [weight, bias] = [&self.weight, &self.bias].map(Range::clone);
        let of_class = |class: usize| gradient.iter().skip(class).step_by(self.classes);
        out[weight].par_chunks_mut(self.blocks).enumerate().for_each(|(class, out)| {
            for (block, out) in out.iter_mut().enumerate() {
                let rows = &representation[block * images.rows()..];
                *out = Wide::default();
                for (x, gradient) in rows.iter().zip(of_class(class)) {
                    out.update(|sum, i| sum + gradient * x.0[i]);
                }
            }
        });
        let bias = &mut out[bias];
        bias.fill(Wide::default());
        for class in 0..self.classes {
            bias[class / LANES].0[class % LANES] = of_class(class).sum();
        }
    }

    /// Every place's part of the representation's gradient.
    #[inline(always)]
    pub fn spread(
        of_representation: &[Wide],
        at: At,
        places: usize,
        images: Images,
        sums: &mut Sums,
    ) {
        let rows = &of_representation[at.block * images.rows() + at.group * SIDE..][..SIDE];
        for (sums, row) in sums.iter_mut().zip(rows) {
            *sums = Wide::of(|i| row.0[i] / places as f32);
        }
    }

    /// Lines of the parameters: of the weight, of the bias.
    pub fn len(classes: usize, blocks: usize) -> [usize; 2] {
        [classes * blocks, lines(classes)]
    }
}
