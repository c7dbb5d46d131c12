//! How products of rows are differentiated.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;

use super::{Products, RowProducts};

#[derive(Debug)]
struct OfBoth;

impl<B: RowProducts> Backward<B, 2> for OfBoth {
    type State = (FloatTensor<B>, FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 2>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<B>(&ops.node);
        let (a, b) = ops.state;
        let turned = |rows| B::float_swap_dims(rows, 1, 2);
        let [a_node, b_node] = ops.parents;
        if let Some(node) = a_node {
            gradients.register::<B>(node.id, B::row_products(gradient.clone(), turned(b)));
        }
        if let Some(node) = b_node {
            gradients.register::<B>(node.id, B::row_products(turned(gradient), turned(a)));
        }
    }
}

impl<B: RowProducts, C: CheckpointStrategy> Products for Autodiff<B, C> {
    fn products(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
        let ((a, a_node), (b, b_node)) = (a.into_parts(), b.into_parts());
        let output = B::row_products(a.clone(), b.clone());
        match OfBoth.prepare::<C>([a_node, b_node]).compute_bound().stateful() {
            OpsKind::Tracked(ops) => ops.finish((a, b), output),
            OpsKind::UnTracked(ops) => ops.finish(output),
        }
    }
}
