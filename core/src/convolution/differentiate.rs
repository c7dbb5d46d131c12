//! How the convolutions are differentiated.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend, TensorMetadata};

use super::{Convolve, Kernels, Layer, Pass};

/// The first three extents of `[images, height, width, channels]`.
fn extent(x: &impl TensorMetadata) -> [usize; 3] {
    let shape = x.shape();
    [shape[0], shape[1], shape[2]]
}

#[derive(Debug)]
struct OfInput;

impl<B: Kernels> Backward<B, 1> for OfInput {
    type State = (FloatTensor<B>, Layer, [usize; 3]);

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<B>(&ops.node);
        let (transposed, layer, extent) = ops.state;
        if let [Some(x)] = ops.parents {
            gradients.register::<B>(x.id, B::input_gradient(gradient, transposed, layer, extent));
        }
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
            let of_x = B::input_gradient(gradient.clone(), transposed, layer, extent(&x));
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

    fn convolve_frozen(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        transposed: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        layer: Layer,
    ) -> FloatTensor<Self> {
        let (x, node) = x.into_parts();
        let [weight, transposed, bias] = [weight, transposed, bias].map(|t| t.into_primitive());
        let extent = extent(&x);
        let output = B::output(x, weight, Some(bias), layer);
        match OfInput.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(ops) => ops.finish((transposed, layer, extent), output),
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
        let packed = B::packed(weight.clone(), layer, Pass::Output);
        let output = B::output(x.clone(), packed, None, layer);
        match OfBoth.prepare::<C>([x_node, weight_node]).compute_bound().stateful() {
            OpsKind::Tracked(ops) => ops.finish((x, weight, layer), output),
            OpsKind::UnTracked(ops) => ops.finish(output),
        }
    }
}
