//! Scalar products of rows with rows: all that a folded network's last layer, a blur and a solver's
//! memory need of matrix products.
//!
//! They are few and small, or long and thin, and Burn's kernels for graphics devices, made for
//! large ones, would be a third of what a browser has to load. So [`Products`] is an operation of
//! its own: on a processor Burn's matrix product, on a graphics device a kernel of ours.

#[cfg(feature = "cube")]
mod cube;
mod differentiate;
#[cfg(feature = "flex")]
mod flex;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

/// How a backend computes them, without gradients.
pub trait RowProducts: Backend {
    /// See [`products`].
    fn row_products(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// Products of rows, differentiated by both.
#[backend_extension(Flex: cfg(feature = "flex"), Cube: cfg(feature = "cube"), Autodiff)]
pub trait Products: Backend {
    /// See [`products`].
    fn products(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl<B: RowProducts> Products for B {
    fn products(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::row_products(a, b)
    }
}

/// Every row of `a`, `[batch, m, k]`, times every row of `b`, `[batch, n, k]`: `[batch, m, n]`.
pub fn products(a: Tensor<3>, b: Tensor<3>) -> Tensor<3> {
    let (a, b) = (a.into_dispatch(), b.into_dispatch());
    Tensor::from_dispatch(<Dispatch as Products>::products(a, b))
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::tensor::{Device, Distribution, Tensor, Tolerance};

    use super::*;

    #[test]
    fn they_and_their_gradients_are_those_of_a_matrix_product() {
        let device = Device::flex().autodiff();
        let random = |shape| Tensor::<3>::random(shape, Distribution::Default, &device);
        let a = random([2, 5, 7]).require_grad();
        let b = random([2, 3, 7]).require_grad();
        let weigh = random([2, 5, 3]);
        let both = [products, |a: Tensor<3>, b: Tensor<3>| a.matmul(b.swap_dims(1, 2))];
        let [ours, burns] = both.map(|product| {
            let out = product(a.clone(), b.clone());
            let gradients = (out.clone() * weigh.clone()).sum().backward();
            let [of_a, of_b] = [&a, &b].map(|t| t.grad(&gradients).unwrap().into_data());
            [out.into_data(), of_a, of_b]
        });
        for (ours, burns) in ours.iter().zip(&burns) {
            ours.assert_approx_eq::<f32>(burns, Tolerance::default());
        }
    }
}
