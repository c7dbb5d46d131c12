//! Normalisation on a processor: as few passes over memory as there can be.

use std::ops::Range;

use burn::backend::Flex;
use burn_flex::FlexTensor;
use pulp::Arch;

use super::Statistics;
use crate::engine::kernels::slices::{numbers, tensor};
use crate::engine::kernels::threads::{for_each_chunk, map};

/// Samples that one core takes at once. Sums are made part by part, in order, however many cores
/// there are, so that a run gives the same bits everywhere.
const PART: usize = 4096;

impl Statistics for Flex {
    fn forward(
        x: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        epsilon: f64,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let [x, gamma, beta] = [x, gamma, beta].map(|t| t.to_contiguous());
        let (values, channels) = (numbers(&x), numbers(&gamma).len());
        let mean = means(values, channels, |_, x, sums| {
            sums.iter_mut().zip(x).for_each(|(sum, x)| *sum += x);
        });
        let variance = means(values, channels, |_, x, sums| {
            for ((sum, x), mean) in sums.iter_mut().zip(x).zip(&mean) {
                *sum += (x - mean) * (x - mean);
            }
        });
        let deviations = variance.iter().map(|variance| inverse(*variance, epsilon));
        let scale: Vec<f32> = numbers(&gamma)
            .iter()
            .zip(deviations)
            .map(|(gamma, inverse)| gamma * inverse)
            .collect();
        let shifts = numbers(&beta).iter().zip(mean.iter().zip(&scale));
        let shift: Vec<f32> = shifts.map(|(beta, (mean, scale))| beta - mean * scale).collect();
        let mut y = vec![0.0; values.len()];
        each(&mut y, values, channels, |_, x, y| {
            for ((y, x), (scale, shift)) in y.iter_mut().zip(x).zip(scale.iter().zip(&shift)) {
                *y = x * scale + shift;
            }
        });
        let shape = x.layout().shape().clone();
        (tensor(y, shape), tensor(mean, [channels]), tensor(variance, [channels]))
    }

    fn backward(
        x: FlexTensor,
        gamma: FlexTensor,
        mean: FlexTensor,
        variance: FlexTensor,
        epsilon: f64,
        gradient: FlexTensor,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let [x, gamma, mean, variance, gradient] =
            [x, gamma, mean, variance, gradient].map(|t| t.to_contiguous());
        let (values, gradients) = (numbers(&x), numbers(&gradient));
        let (gamma, mean) = (numbers(&gamma), numbers(&mean));
        let channels = gamma.len();
        let inverse: Vec<f32> =
            numbers(&variance).iter().map(|variance| inverse(*variance, epsilon)).collect();
        // Of the gradient, and of its product with the normalised input.
        let of_beta = means(gradients, channels, |_, gradient, sums| {
            sums.iter_mut().zip(gradient).for_each(|(sum, gradient)| *sum += gradient);
        });
        let of_gamma = means(gradients, channels, |rows, gradient, sums| {
            let x = &values[rows][..channels];
            for c in 0..channels {
                sums[c] += gradient[c] * (x[c] - mean[c]) * inverse[c];
            }
        });
        let mut of_x = vec![0.0; values.len()];
        each(&mut of_x, gradients, channels, |row, gradient, of_x| {
            let x = &values[row][..channels];
            for c in 0..channels {
                let normalised = (x[c] - mean[c]) * inverse[c];
                let centred = gradient[c] - of_beta[c] - normalised * of_gamma[c];
                of_x[c] = gamma[c] * inverse[c] * centred;
            }
        });
        let samples = (values.len() / channels) as f32;
        let sum = |means: Vec<f32>| {
            tensor(means.into_iter().map(|mean| mean * samples).collect(), [channels])
        };
        (tensor(of_x, x.layout().shape().clone()), sum(of_gamma), sum(of_beta))
    }
}

/// `1 / √(variance + epsilon)`.
fn inverse(variance: f32, epsilon: f64) -> f32 {
    (1.0 / (f64::from(variance) + epsilon).sqrt()) as f32
}

/// Of every channel, over the samples: `add(place, sample, sums)` adds what belongs to a sample,
/// which stands at `place` in `values`.
fn means(
    values: &[f32],
    channels: usize,
    add: impl Fn(Range<usize>, &[f32], &mut [f32]) + Sync,
) -> Vec<f32> {
    let part = PART * channels;
    let sums = map(values.len().div_ceil(part), |index| {
        let mut sums = vec![0.0; channels];
        let first = index * part;
        Arch::new().dispatch(|| {
            let samples = values[first..].chunks_exact(channels).take(PART);
            for (start, sample) in (first..).step_by(channels).zip(samples) {
                add(start..start + channels, sample, &mut sums[..channels]);
            }
        });
        sums
    });
    let samples = (values.len() / channels) as f64;
    (0..channels)
        .map(|c| (sums.iter().map(|sums| f64::from(sums[c])).sum::<f64>() / samples) as f32)
        .collect()
}

/// Fills `out`, sample by sample: `write(place, sample, out)`.
fn each(
    out: &mut [f32],
    values: &[f32],
    channels: usize,
    write: impl Fn(Range<usize>, &[f32], &mut [f32]) + Sync,
) {
    let part = PART * channels;
    for_each_chunk(out, part, |index, out| {
        let first = index * part;
        Arch::new().dispatch(|| {
            let samples = values[first..].chunks_exact(channels);
            let places = (first..).step_by(channels);
            for ((start, sample), out) in places.zip(samples).zip(out.chunks_exact_mut(channels)) {
                write(start..start + channels, sample, out);
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution, Tensor, Tolerance};

    use crate::engine::kernels::normalisation::by_batch;

    /// Burn's own module, channels second, is what ours must be, channels last.
    #[test]
    fn it_agrees_with_burns_module() {
        let device = Device::flex().autodiff();
        let x = Tensor::<4>::random([3, 5, 4, 11], Distribution::Normal(1.0, 2.0), &device);
        let factor = Tensor::<4>::random([3, 5, 4, 11], Distribution::Default, &device);
        let last = |x: Tensor<4>| x.permute([0, 2, 3, 1]);
        let mut found = Vec::new();
        for ours in [true, false] {
            let norm = burn::nn::BatchNormConfig::new(11).init(&device);
            let x = x.clone().detach().require_grad();
            let y = if ours {
                by_batch(&norm, x.clone())
            } else {
                last(norm.forward(x.clone().permute([0, 3, 1, 2])))
            };
            let gradients = (y.clone() * factor.clone()).sum().backward();
            let parts = [
                y.reshape([-1]).into_data(),
                x.grad(&gradients).unwrap().reshape([-1]).into_data(),
                norm.gamma.val().grad(&gradients).unwrap().into_data(),
                norm.beta.val().grad(&gradients).unwrap().into_data(),
                norm.running_mean.value_sync().into_data(),
                norm.running_var.value_sync().into_data(),
            ];
            found.push(parts);
        }
        for (ours, burns) in found[0].iter().zip(&found[1]) {
            ours.assert_approx_eq::<f32>(burns, Tolerance::absolute(2e-5));
        }
    }
}
