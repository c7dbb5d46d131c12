//! Convolutions, on which a step spends its time.
//!
//! Images are channels-last here, `[batch, height, width, channels]`: whatever is multiplied with
//! one pixel stands together. [`Convolve`] adds operations to Burn's backends, for weights that
//! stay as they are ([`frozen`]) and for weights that learn. Each backend says in [`Kernels`] how
//! it computes them: a processor by the loops of [`cpu`], a graphics device by CubeCL kernels.

#[cfg(feature = "flex")]
pub mod cpu;
#[cfg(feature = "cube")]
mod cube;
mod differentiate;
#[cfg(feature = "flex")]
mod flex;
pub mod frozen;
mod layer;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

use self::frozen::{Conv, Convs};
pub use self::layer::Layer;

/// What a weight is laid out for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// The output of a layer.
    Output,
    /// The gradient of its input.
    InputGradient,
}

/// What is done with a sum before it is written, while it is still at hand. `T` is a tensor of the
/// result's shape.
#[derive(Clone, Debug)]
pub struct After<T> {
    /// Added to the sum.
    pub plus: Option<T>,
    /// Then a ReLU is taken.
    pub rectify: bool,
    /// Then zero is put wherever this is not positive: the gradient of a ReLU that gave this.
    pub where_positive: Option<T>,
}

impl<T> Default for After<T> {
    fn default() -> Self {
        Self { plus: None, rectify: false, where_positive: None }
    }
}

impl<T> After<T> {
    /// The same with references.
    pub fn as_ref(&self) -> After<&T> {
        let Self { plus, rectify, where_positive } = self;
        After { plus: plus.as_ref(), rectify: *rectify, where_positive: where_positive.as_ref() }
    }

    /// The same with each tensor as `part` gives it.
    pub fn map<U>(self, part: impl Fn(T) -> U) -> After<U> {
        let Self { plus, rectify, where_positive } = self;
        After { plus: plus.map(&part), rectify, where_positive: where_positive.map(&part) }
    }
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
        after: After<FloatTensor<Self>>,
    ) -> FloatTensor<Self>;

    /// The gradient of an input of `extent` (images, height, width); `weight` is packed.
    fn input_gradient(
        gradient: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        layer: Layer,
        extent: [usize; 3],
        after: After<FloatTensor<Self>>,
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

    /// See [`frozen::rectified`], and [`frozen::affine`] where it does not `rectify`.
    fn frozen(
        x: FloatTensor<Self>,
        #[extension_type] conv: Conv<Self>,
        rectify: bool,
    ) -> FloatTensor<Self>;

    /// See [`frozen::residual`].
    fn residual(
        x: FloatTensor<Self>,
        #[extension_type] body: Convs<Self>,
        #[extension_type] shortcut: Convs<Self>,
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

    fn frozen(x: FloatTensor<Self>, conv: Conv<Self>, rectify: bool) -> FloatTensor<Self> {
        conv.output(x, After { rectify, ..After::default() })
    }

    fn residual(
        x: FloatTensor<Self>,
        body: Convs<Self>,
        shortcut: Convs<Self>,
    ) -> FloatTensor<Self> {
        frozen::activations(x, &body, shortcut).1
    }

    fn convolve_trained(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        layer: Layer,
    ) -> FloatTensor<Self> {
        let weight = Self::packed(weight, layer, Pass::Output);
        Self::output(x, weight, None, layer, After::default())
    }
}

/// A convolution of `x`, `[batch, height, width, in]`, whose `weight`, `[out, in, kernel, kernel]`,
/// learns.
pub fn trained(x: Tensor<4>, weight: Tensor<4>, layer: Layer) -> Tensor<4> {
    let (x, weight) = (x.into_dispatch(), weight.into_dispatch());
    Tensor::from_dispatch(<Dispatch as Convolve>::convolve_trained(x, weight, layer))
}
