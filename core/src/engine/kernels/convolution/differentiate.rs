//! How the convolutions are differentiated.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend, Backend, TensorMetadata};

use super::frozen::{Conv, Convs, activations};
use super::{After, Convolve, Kernels, Layer, Pass};

/// The first three extents of `[images, height, width, channels]`.
fn extent(x: &impl TensorMetadata) -> [usize; 3] {
    let shape = x.shape();
    [shape[0], shape[1], shape[2]]
}

/// The convolution without what its differentiation would need: nobody asks for that of weights.
fn inner<B: Backend, C: CheckpointStrategy>(conv: Conv<Autodiff<B, C>>) -> Conv<B> {
    let Conv { weight, transposed, bias, layer } = conv;
    let [weight, transposed, bias] = [weight, transposed, bias].map(|t| t.into_primitive());
    Conv { weight, transposed, bias, layer }
}

#[derive(Debug)]
struct OfFrozen;

impl<B: Kernels> Backward<B, 1> for OfFrozen {
    type State = (Conv<B>, [usize; 3]);

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<B>(&ops.node);
        let (conv, extent) = ops.state;
        if let [Some(x)] = ops.parents {
            let of_x = conv.input_gradient(gradient, extent, After::default());
            gradients.register::<B>(x.id, of_x);
        }
    }
}

#[derive(Debug)]
struct OfResidual;

impl<B: Kernels> Backward<B, 1> for OfResidual {
    /// The convolutions of the body with their inputs, and those of the shortcut.
    type State = (Vec<(Conv<B>, FloatTensor<B>)>, Convs<B>);

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<B>(&ops.node);
        let (body, shortcut) = ops.state;
        let ([Some(node)], Some((_, x))) = (ops.parents, body.first()) else {
            return;
        };
        let mut plus = Some(shortcut.0.into_iter().fold(gradient.clone(), |gradient, conv| {
            conv.input_gradient(gradient, extent(x), After::default())
        }));
        let mut gradient = gradient;
        for (i, (conv, x)) in body.into_iter().enumerate().rev() {
            let extent = extent(&x);
            let plus = if i == 0 { plus.take() } else { None };
            let after = After { plus, rectify: false, where_positive: Some(x) };
            gradient = conv.input_gradient(gradient, extent, after);
        }
        gradients.register::<B>(node.id, gradient);
    }
}

#[derive(Debug)]
struct OfBoth;

impl<B: Kernels> Backward<B, 2> for OfBoth {
    type State = (FloatTensor<B>, FloatTensor<B>, Layer);

    fn backward(self, ops: Ops<Self::State, 2>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<B>(&ops.node);
        let (x, weight, layer) = ops.state;
        let [x_node, weight_node] = ops.parents;
        if let Some(node) = x_node {
            let transposed = B::packed(weight, layer, Pass::InputGradient);
            let (extent, after) = (extent(&x), After::default());
            let of_x = B::input_gradient(gradient.clone(), transposed, layer, extent, after);
            gradients.register::<B>(node.id, of_x);
        }
        if let Some(node) = weight_node {
            gradients.register::<B>(node.id, B::weight_gradient(x, gradient, layer));
        }
    }
}

impl<B: Kernels, C: CheckpointStrategy> Convolve for Autodiff<B, C> {
    fn pack(weight: FloatTensor<Self>, layer: Layer, pass: Pass) -> FloatTensor<Self> {
        // A layout is chosen for weights that stay as they are: there is no gradient.
        Self::from_inner(B::packed(weight.into_primitive(), layer, pass))
    }

    fn frozen(x: FloatTensor<Self>, conv: Conv<Self>, rectify: bool) -> FloatTensor<Self> {
        let (x, node) = x.into_parts();
        let (conv, extent) = (inner(conv), extent(&x));
        let output = B::frozen(x, conv.clone(), rectify);
        match OfFrozen.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(ops) => ops.finish((conv, extent), output),
            OpsKind::UnTracked(ops) => ops.finish(output),
        }
    }

    fn residual(
        x: FloatTensor<Self>,
        body: Convs<Self>,
        shortcut: Convs<Self>,
    ) -> FloatTensor<Self> {
        let (x, node) = x.into_parts();
        let [body, shortcut] =
            [body, shortcut].map(|convs| Convs(convs.0.into_iter().map(inner).collect::<Vec<_>>()));
        let (inputs, output) = activations(x, &body, shortcut.clone());
        match OfResidual.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(ops) => {
                ops.finish((body.0.into_iter().zip(inputs).collect(), shortcut), output)
            }
            OpsKind::UnTracked(ops) => ops.finish(output),
        }
    }

    fn convolve_trained(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        layer: Layer,
    ) -> FloatTensor<Self> {
        let (x, x_node) = x.into_parts();
        let (weight, weight_node) = weight.into_parts();
        let output = B::convolve_trained(x.clone(), weight.clone(), layer);
        match OfBoth.prepare::<C>([x_node, weight_node]).compute_bound().stateful() {
            OpsKind::Tracked(ops) => ops.finish((x, weight, layer), output),
            OpsKind::UnTracked(ops) => ops.finish(output),
        }
    }
}
