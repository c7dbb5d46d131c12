//! Blurred downsampling.

use burn::tensor::{Device, Tensor, TensorData};

use crate::engine::kernels::products::products;
use crate::model::architecture::Downsampling;

/// A map `[batch, height, width, channels]` after a blur of stride 2: (1 2 1)/4 along rows and columns
/// around every other place, from the first on, beyond edges that reflect. Its sides are half as long,
/// rounded up, as after any convolution of stride 2.
///
/// Source: Zhang 2019, "Making convolutional networks shift-invariant again"; timm's `BlurPool2d`.
pub fn blurred(x: Tensor<4>) -> Tensor<4> {
    let [batch, height, width, channels] = x.dims();
    let [rows, columns] = [height, width].map(|side| side.div_ceil(2));
    let x = along(x.reshape([batch, height, width * channels]));
    let x = along(x.reshape([batch * rows, width, channels]));
    x.reshape([batch, rows, columns, channels])
}

/// The blur of `[lines, side, numbers]` along its sides.
fn along(x: Tensor<3>) -> Tensor<3> {
    let [lines, side, _] = x.dims();
    let shares = shares(side, &x.device()).expand([lines, side.div_ceil(2), side]);
    products(shares, x.swap_dims(1, 2))
}

/// What each place of the blurred line has of those of a line of `side`, `[1, side / 2, side]`.
fn shares(side: usize, device: &Device) -> Tensor<3> {
    let half = side.div_ceil(2);
    let mut values = vec![0.0; half * side];
    for to in 0..half {
        for (from, share) in Downsampling::blur(to, side) {
            values[to * side + from] += share;
        }
    }
    Tensor::from_data(TensorData::new(values, [1, half, side]), device)
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::tensor::Distribution;

    use super::*;

    /// By the definition, of `[batch, height, width, channels]`.
    fn plainly(x: &[f32], [batch, height, width, channels]: [usize; 4]) -> Vec<f32> {
        let reflected = |at: usize, offset: usize, side: usize| {
            let at = (2 * at + offset) as isize - 1;
            let last = side as isize - 1;
            if last == 0 { 0 } else { (last - (last - at.abs()).abs()) as usize }
        };
        let mut out = Vec::new();
        for (image, y) in (0..batch).flat_map(|i| (0..height.div_ceil(2)).map(move |y| (i, y))) {
            for (x_out, c) in
                (0..width.div_ceil(2)).flat_map(|x| (0..channels).map(move |c| (x, c)))
            {
                let mut sum = 0.0;
                for (dy, dx) in (0..9).map(|tap| (tap / 3, tap % 3)) {
                    let (y, x_in) = (reflected(y, dy, height), reflected(x_out, dx, width));
                    let weight = [1.0, 2.0, 1.0][dy] * [1.0, 2.0, 1.0][dx] / 16.0;
                    sum += weight * x[((image * height + y) * width + x_in) * channels + c];
                }
                out.push(sum);
            }
        }
        out
    }

    fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().iter::<f32>().collect()
    }

    #[test]
    fn maps_of_all_sizes_are_blurred_and_gradients_come_back() {
        let device = Device::flex();
        for shape in [[2usize, 8, 8, 3], [1, 7, 4, 2], [3, 2, 5, 1], [2, 1, 3, 4], [1, 1, 1, 2]] {
            let x = Tensor::<4>::random(shape, Distribution::Normal(0.0, 1.0), &device);
            let x = x.autodiff().require_grad();
            let out = blurred(x.clone());
            let [batch, height, width, channels] = shape;
            let half = [batch, height.div_ceil(2), width.div_ceil(2), channels];
            assert_eq!(out.dims(), half);
            let weigh = Tensor::<4>::random(half, Distribution::Normal(0.0, 1.0), &device);
            let gradients = (out.clone() * weigh.clone().autodiff()).sum().backward();
            let gradient = numbers(x.grad(&gradients).unwrap());
            let (x, out, weigh) = (numbers(x), numbers(out), numbers(weigh));
            let expected = plainly(&x, shape);
            assert_eq!(out.len(), expected.len());
            assert!(out.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-5), "{shape:?}");
            // It is linear: the gradient's numbers are what single places contribute.
            for (i, found) in gradient.iter().enumerate() {
                let mut alone = vec![0.0; x.len()];
                alone[i] = 1.0;
                let share = plainly(&alone, shape);
                let wanted: f32 = share.iter().zip(&weigh).map(|(a, b)| a * b).sum();
                assert!((found - wanted).abs() < 1e-5, "{shape:?}, {i}: {found} for {wanted}");
            }
        }
    }
}
