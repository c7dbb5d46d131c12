//! Convolutions, on which a step spends its time.
//!
//! Images are channels-last here, `[batch, height, width, channels]`: whatever is multiplied with
//! one pixel stands together. [`Convolve`] adds two operations to Burn's backends, one for weights
//! that stay as they are and one for weights that learn. Each backend says in [`Kernels`] how it
//! computes them: a processor by the loops of [`cpu`], a graphics device by Burn's.

#[cfg(feature = "flex")]
pub mod cpu;
#[cfg(feature = "cube")]
mod cube;
mod differentiate;
#[cfg(feature = "flex")]
mod flex;
mod layer;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::module::Module;
use burn::tensor::Tensor;

pub use layer::Layer;

/// What a weight is laid out for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// The output of a layer.
    Output,
    /// The gradient of its input.
    InputGradient,
}

/// The products that a backend computes, without gradients.
pub trait Kernels: Backend {
    /// `weight`, `[out, in, kernel, kernel]`, as this backend likes to read it.
    fn packed(weight: FloatTensor<Self>, layer: Layer, pass: Pass) -> FloatTensor<Self>;

    /// The output of `x`; `weight` is packed.
    fn output(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: Option<FloatTensor<Self>>,
        layer: Layer,
    ) -> FloatTensor<Self>;

    /// The gradient of an input of `extent` (images, height, width); `weight` is packed.
    fn input_gradient(
        gradient: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        layer: Layer,
        extent: [usize; 3],
    ) -> FloatTensor<Self>;

    /// The gradient of the weight, `[out, in, kernel, kernel]`.
    fn weight_gradient(
        x: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        layer: Layer,
    ) -> FloatTensor<Self>;
}

/// The operations that the network is made of.
#[backend_extension(Flex: cfg(feature = "flex"), Cube: cfg(feature = "cube"), Autodiff)]
pub trait Convolve: Backend {
    /// Lays out a weight, see [`Kernels::packed`].
    fn pack(weight: FloatTensor<Self>, layer: Layer, pass: Pass) -> FloatTensor<Self>;

    /// A convolution that is differentiated by `x` alone. `weight` and `transposed` are the weight
    /// packed for either pass.
    fn convolve_frozen(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        transposed: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        layer: Layer,
    ) -> FloatTensor<Self>;

    /// A convolution without bias that is differentiated by `x` and by `weight`.
    fn convolve_trained(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        layer: Layer,
    ) -> FloatTensor<Self>;
}

impl<B: Kernels> Convolve for B {
    fn pack(weight: FloatTensor<Self>, layer: Layer, pass: Pass) -> FloatTensor<Self> {
        Self::packed(weight, layer, pass)
    }

    fn convolve_frozen(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        _transposed: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        layer: Layer,
    ) -> FloatTensor<Self> {
        Self::output(x, weight, Some(bias), layer)
    }

    fn convolve_trained(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        layer: Layer,
    ) -> FloatTensor<Self> {
        Self::output(x, Self::packed(weight, layer, Pass::Output), None, layer)
    }
}

/// A convolution whose weights stay as they are.
#[derive(Module, Debug)]
pub struct Frozen {
    weight: Tensor<4>,
    transposed: Tensor<4>,
    bias: Tensor<1>,
    #[module(skip)]
    layer: Layer,
}

impl Frozen {
    /// `weight` is `[out, in, kernel, kernel]`, `bias` is `[out]`.
    pub fn new(weight: Tensor<4>, bias: Tensor<1>, layer: Layer) -> Self {
        let pack = |weight: Tensor<4>, pass| {
            Tensor::from_dispatch(<Dispatch as Convolve>::pack(weight.into_dispatch(), layer, pass))
        };
        Self {
            weight: pack(weight.clone(), Pass::Output),
            transposed: pack(weight, Pass::InputGradient),
            bias,
            layer,
        }
    }

    /// `[batch, height, width, channels]`, in and out.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        Tensor::from_dispatch(<Dispatch as Convolve>::convolve_frozen(
            x.into_dispatch(),
            self.weight.clone().into_dispatch(),
            self.transposed.clone().into_dispatch(),
            self.bias.clone().into_dispatch(),
            self.layer,
        ))
    }
}

/// A convolution of `x`, `[batch, height, width, in]`, whose `weight`, `[out, in, kernel, kernel]`,
/// learns.
pub fn trained(x: Tensor<4>, weight: Tensor<4>, layer: Layer) -> Tensor<4> {
    let (x, weight) = (x.into_dispatch(), weight.into_dispatch());
    Tensor::from_dispatch(<Dispatch as Convolve>::convolve_trained(x, weight, layer))
}
