//! How normalisation is differentiated.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend};

use super::{Normalise, Statistics};

#[derive(Debug)]
struct OfAll;

impl<B: Statistics> Backward<B, 3> for OfAll {
    /// Input, gamma, mean, variance, epsilon.
    type State = ([FloatTensor<B>; 4], f64);

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<B>(&ops.node);
        let ([x, gamma, mean, variance], epsilon) = ops.state;
        let (of_x, of_gamma, of_beta) = B::backward(x, gamma, mean, variance, epsilon, gradient);
        for (node, gradient) in ops.parents.into_iter().zip([of_x, of_gamma, of_beta]) {
            if let Some(node) = node {
                gradients.register::<B>(node.id, gradient);
            }
        }
    }
}

impl<B: Statistics, C: CheckpointStrategy> Normalise for Autodiff<B, C> {
    fn normalise(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (x, x_node) = x.into_parts();
        let (gamma, gamma_node) = gamma.into_parts();
        let (beta, beta_node) = beta.into_parts();
        let (y, mean, variance) = B::forward(x.clone(), gamma.clone(), beta, epsilon);
        let nodes = [x_node, gamma_node, beta_node];
        let y = match OfAll.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(ops) => {
                ops.finish(([x, gamma, mean.clone(), variance.clone()], epsilon), y)
            }
            OpsKind::UnTracked(ops) => ops.finish(y),
        };
        (y, Self::from_inner(mean), Self::from_inner(variance))
    }
}
