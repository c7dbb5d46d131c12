//! Batch normalisation of networks that learn, channels-last.
//!
//! Training spends as much on it as on convolutions if every sum and every product is a pass over
//! memory of its own, so [`Normalise`] makes it one operation.

#[cfg(feature = "cube")]
mod cube;
mod differentiate;
#[cfg(feature = "flex")]
mod flex;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::nn::BatchNorm;
use burn::tensor::Tensor;

/// What training's normalisation computes, without gradients. Channels are the last axis; all
/// others are samples.
pub trait Statistics: Backend {
    /// Output, mean and variance (that of the samples, divided by their number) of `x`.
    fn forward(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// Gradients of `x`, `gamma` and `beta` from that of the output.
    fn backward(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        epsilon: f64,
        gradient: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// Normalisation by the statistics of the batch.
#[backend_extension(Flex: cfg(feature = "flex"), Cube: cfg(feature = "cube"), Autodiff)]
pub trait Normalise: Backend {
    /// Output, mean and variance of `x`; gradients go through the output alone.
    fn normalise(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

impl<B: Statistics> Normalise for B {
    fn normalise(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        Self::forward(x, gamma, beta, epsilon)
    }
}

/// `norm` of `x`, `[batch, height, width, channels]`, by the batch's statistics, from which the
/// running ones learn.
pub fn by_batch(norm: &BatchNorm, x: Tensor<4>) -> Tensor<4> {
    let (y, mean, variance) = <Dispatch as Normalise>::normalise(
        x.into_dispatch(),
        norm.gamma.val().into_dispatch(),
        norm.beta.val().into_dispatch(),
        norm.epsilon,
    );
    let learn = |running: Tensor<1>, new: Tensor<1>| {
        (running * (1.0 - norm.momentum) + new * norm.momentum).detach()
    };
    let (mean, variance) = (Tensor::from_dispatch(mean), Tensor::from_dispatch(variance));
    norm.running_mean.update(learn(norm.running_mean.value_sync(), mean));
    norm.running_var.update(learn(norm.running_var.value_sync(), variance));
    Tensor::from_dispatch(y)
}
