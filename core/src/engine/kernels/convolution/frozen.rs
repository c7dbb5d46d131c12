//! Convolutions whose weights stay as they are, and what a network is made of with them.
//!
//! Most of a network's operations are not convolutions but the additions and ReLUs between them.
//! They cost little arithmetic and much memory traffic, and on a graphics device a launch each. So
//! an operation is a whole residual block here, and its convolutions do the rest as they write.

use burn::backend::tensor::FloatTensor;
use burn::backend::{
    Backend, BackendTensor, Dispatch, DispatchAutodiffContext, DispatchTensor, DispatchTensorKind,
    ExtensionType,
};
use burn::module::Module;
use burn::tensor::Tensor;

use super::{After, Convolve, Kernels, Layer, Pass};

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

    fn conv(&self) -> Conv<Dispatch> {
        Conv {
            weight: self.weight.clone().into_dispatch(),
            transposed: self.transposed.clone().into_dispatch(),
            bias: self.bias.clone().into_dispatch(),
            layer: self.layer,
        }
    }
}

/// `relu(conv(x))` of `x`, `[batch, height, width, in]`.
///
/// Its gradient is that of the convolution alone: what the ReLU lets through is left to whatever
/// comes after, as [`residual`] does it.
pub fn rectified(x: Tensor<4>, conv: &Frozen) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as Convolve>::frozen(x.into_dispatch(), conv.conv(), true))
}

/// `conv(x)` of `x`, `[batch, height, width, in]`, with its own gradient.
pub fn affine(x: Tensor<4>, conv: &Frozen) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as Convolve>::frozen(x.into_dispatch(), conv.conv(), false))
}

/// `relu(body(x) + shortcut(x))`: the convolutions of `body` with ReLUs between them; without a
/// shortcut `x` itself is added.
///
/// `x` is what a ReLU gave, and its gradient is that of the sum before that ReLU: zero where `x` is
/// not positive. In return the gradient of the output is taken for that of the sum before the last
/// ReLU. So blocks can follow each other, and whoever uses the last one's output decides what its
/// ReLU lets through: by a ReLU once more, which changes no value, or all of it.
pub fn residual(x: Tensor<4>, body: &[Frozen], shortcut: Option<&Frozen>) -> Tensor<4> {
    let body = Convs(body.iter().map(Frozen::conv).collect());
    let shortcut = Convs(shortcut.into_iter().map(Frozen::conv).collect());
    Tensor::from_dispatch(<Dispatch as Convolve>::residual(x.into_dispatch(), body, shortcut))
}

/// The inputs of the body's convolutions, and the output of the block.
pub(super) fn activations<B: Kernels>(
    x: FloatTensor<B>,
    body: &Convs<B>,
    shortcut: Convs<B>,
) -> (Vec<FloatTensor<B>>, FloatTensor<B>) {
    let mut plus =
        Some(shortcut.0.into_iter().fold(x.clone(), |x, conv| conv.output(x, After::default())));
    let mut inputs = Vec::with_capacity(body.0.len());
    let mut x = x;
    for (i, conv) in body.0.iter().enumerate() {
        let plus = if i + 1 == body.0.len() { plus.take() } else { None };
        inputs.push(x.clone());
        x = conv.clone().output(x, After { plus, rectify: true, where_positive: None });
    }
    (inputs, x)
}

/// A [`Frozen`] convolution on one backend.
#[derive(Clone, Debug, ExtensionType)]
pub struct Conv<B: Backend> {
    /// Packed for the output.
    pub weight: FloatTensor<B>,
    /// Packed for the gradient of the input.
    pub transposed: FloatTensor<B>,
    /// `[out]`.
    pub bias: FloatTensor<B>,
    /// Its shape.
    pub layer: Layer,
}

impl<B: Kernels> Conv<B> {
    pub(super) fn output(self, x: FloatTensor<B>, after: After<FloatTensor<B>>) -> FloatTensor<B> {
        B::output(x, self.weight, Some(self.bias), self.layer, after)
    }

    pub(super) fn input_gradient(
        self,
        gradient: FloatTensor<B>,
        extent: [usize; 3],
        after: After<FloatTensor<B>>,
    ) -> FloatTensor<B> {
        B::input_gradient(gradient, self.transposed, self.layer, extent, after)
    }
}

/// Some convolutions. Burn derives how a struct is taken to a backend, but not a list.
#[derive(Clone, Debug)]
pub struct Convs<B: Backend>(pub Vec<Conv<B>>);

impl<B: Backend> ExtensionType<B> for Convs<B> {
    type Target = Convs<Dispatch>;

    fn map_to_dispatch<F>(self, kind: F, autodiff: DispatchAutodiffContext) -> Self::Target
    where
        F: Fn(BackendTensor<B>) -> DispatchTensorKind,
    {
        Convs(self.0.into_iter().map(|conv| conv.map_to_dispatch(&kind, autodiff)).collect())
    }

    fn map_from_dispatch<F>(target: Self::Target, kind: F) -> Self
    where
        F: Fn(DispatchTensor) -> BackendTensor<B>,
    {
        Self(target.0.into_iter().map(|conv| Conv::map_from_dispatch(conv, &kind)).collect())
    }

    fn routing_tensor(target: &Self::Target) -> Option<&DispatchTensor> {
        target.0.first().map(|conv| &conv.weight)
    }

    fn routing_float_tensor(target: &Self::Target) -> Option<&DispatchTensor> {
        Self::routing_tensor(target)
    }

    fn autodiff_context(target: &Self::Target) -> DispatchAutodiffContext {
        let contexts = target.0.iter().map(<Conv<B> as ExtensionType<B>>::autodiff_context);
        contexts.fold(DispatchAutodiffContext::Disabled, DispatchAutodiffContext::merge)
    }
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::tensor::activation::relu;
    use burn::tensor::module::conv2d;
    use burn::tensor::ops::ConvOptions;
    use burn::tensor::{Device, Distribution};

    use super::*;

    /// A convolution as the network has it, and the same in Burn's own operations.
    struct Both {
        frozen: Frozen,
        weight: Tensor<4>,
        bias: Tensor<1>,
        layer: Layer,
    }

    impl Both {
        fn new(channels: [usize; 2], kernel: usize, stride: usize, device: &Device) -> Self {
            let layer = Layer { channels, kernel, stride };
            let shape = [channels[1], channels[0], kernel, kernel];
            let weight = Tensor::random(shape, Distribution::Normal(0.0, 0.3), device);
            let bias = Tensor::random([channels[1]], Distribution::Normal(0.0, 0.3), device);
            Self { frozen: Frozen::new(weight.clone(), bias.clone(), layer), weight, bias, layer }
        }

        /// Channels first.
        fn plain(&self, x: Tensor<4>) -> Tensor<4> {
            let Layer { stride, .. } = self.layer;
            let options = ConvOptions::new([stride; 2], [self.layer.padding(); 2], [1, 1], 1);
            conv2d(x, self.weight.clone(), Some(self.bias.clone()), options)
        }
    }

    fn assert_same(found: Tensor<4>, expected: Tensor<4>, what: &str) {
        let worst = (found - expected).abs().max().into_scalar::<f32>();
        assert!(worst < 1e-4, "{what}: {worst}");
    }

    /// A stem, a bottleneck with a shortcut and a basic block without one, chained, against the
    /// same network in Burn's operations.
    #[test]
    fn blocks_give_values_and_gradients_of_the_plain_operations() {
        let device = Device::flex();
        device.seed(3);
        let conv = |channels, kernel, stride| Both::new(channels, kernel, stride, &device);
        let stem = conv([3, 12], 3, 1);
        let narrow = [conv([12, 8], 1, 1), conv([8, 8], 3, 2), conv([8, 20], 1, 1)];
        let shortcut = conv([12, 20], 1, 2);
        let basic = [conv([20, 20], 3, 1), conv([20, 20], 3, 1)];
        let image = Tensor::<4>::random([2, 3, 9, 6], Distribution::Normal(0.0, 1.0), &device);
        let weigh = Tensor::<4>::random([2, 20, 5, 3], Distribution::Normal(0.0, 1.0), &device);

        let body = |convs: &[Both], x: Tensor<4>| {
            convs
                .iter()
                .enumerate()
                .fold(x, |x, (i, conv)| conv.plain(if i == 0 { x } else { relu(x) }))
        };
        let plain = |x: Tensor<4>| {
            let x = relu(stem.plain(x));
            let x = relu(body(&narrow, x.clone()) + shortcut.plain(x));
            body(&basic, x.clone()) + x
        };
        let frozen = |convs: &[Both]| -> Vec<Frozen> {
            convs.iter().map(|conv| conv.frozen.clone()).collect()
        };
        let ours = |x: Tensor<4>| {
            let x = rectified(x.permute([0, 2, 3, 1]), &stem.frozen);
            let x = residual(x, &frozen(&narrow), Some(&shortcut.frozen));
            residual(x, &frozen(&basic), None).permute([0, 3, 1, 2])
        };
        let gradient = |network: &dyn Fn(Tensor<4>) -> Tensor<4>| {
            let x = image.clone().autodiff().require_grad();
            let gradients = (network(x.clone()) * weigh.clone().autodiff()).sum().backward();
            x.grad(&gradients).unwrap()
        };

        assert_same(ours(image.clone()), relu(plain(image.clone())), "output");
        let all = gradient(&plain);
        assert_same(gradient(&ours), all.clone(), "gradient through every unit of the end");
        let true_relu = gradient(&|x| relu(plain(x)));
        assert_same(gradient(&|x| relu(ours(x))), true_relu.clone(), "gradient of the last ReLU");
        // The two are far apart, so that taking one for the other would be seen.
        assert!((all - true_relu).abs().max().into_scalar::<f32>() > 0.1);
    }
}
