//! Batch normalisation merged into the convolution before it.

use super::Weights;
use crate::model::architecture::ConvSpec;

/// Added to the variance before its root is taken (PyTorch's default).
pub const NORM_EPSILON: f64 = 1e-5;

/// A convolution with a bias that does what a convolution and the normalisation after it did.
#[derive(Clone, Debug, PartialEq)]
pub struct AffineConv {
    /// `[out, in, kernel, kernel]`.
    pub weight: Vec<f32>,
    /// `[out]`.
    pub bias: Vec<f32>,
}

impl Weights {
    /// Folds the batch normalisation in evaluation mode into the convolution before it.
    ///
    /// `γ (w * x - μ) / √(σ² + ε) + β` is a convolution with weight `s w` and bias `β - s μ`,
    /// `s = γ / √(σ² + ε)`. Computed in f64: only the last rounding differs from the unfolded pair.
    ///
    /// A convolution without a normalisation stays as it is, with a bias of 0.
    pub fn folded(&self, conv: &ConvSpec) -> AffineConv {
        let weight = self.values(&format!("{}.weight", conv.name));
        let Some(norm) = &conv.norm else {
            return AffineConv { weight: weight.to_vec(), bias: vec![0.0; conv.channels[1]] };
        };
        let [scales, shifts] = self.affine_norm(norm);
        let per_output = conv.channels[0] * conv.kernel * conv.kernel;
        let weight = weight
            .chunks_exact(per_output)
            .zip(&scales)
            .flat_map(|(kernel, scale)| kernel.iter().map(move |&w| (f64::from(w) * scale) as f32))
            .collect();
        AffineConv { weight, bias: shifts.iter().map(|&shift| shift as f32).collect() }
    }

    /// What each channel is multiplied by, `s`, and what is then added, `β - s μ`, by the batch
    /// normalisation of this name in evaluation mode.
    pub fn affine_norm(&self, norm: &str) -> [Vec<f64>; 2] {
        let part = |part: &str| self.values(&format!("{norm}.{part}"));
        let scales: Vec<f64> = part("weight")
            .iter()
            .zip(part("running_var"))
            .map(|(&gamma, &variance)| {
                f64::from(gamma) / (f64::from(variance) + NORM_EPSILON).sqrt()
            })
            .collect();
        let shifts = part("bias")
            .iter()
            .zip(part("running_mean"))
            .zip(&scales)
            .map(|((&beta, &mean), scale)| f64::from(beta) - scale * f64::from(mean))
            .collect();
        [scales, shifts]
    }
}
