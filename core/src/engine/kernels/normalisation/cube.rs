//! On graphics devices Burn's own operations are fast enough.

use burn::backend::TensorMetadata;
use burn::backend::ops::{FloatTensorOps, ModuleOps};
use burn_cubecl::CubeBackend;
use burn_cubecl::tensor::CubeTensor;

use super::Statistics;

/// `[samples, channels]`: Burn looks for channels in the second axis.
fn rows(x: CubeTensor) -> CubeTensor {
    let shape = x.shape();
    let channels = shape[shape.num_dims() - 1];
    CubeBackend::float_reshape(x, [shape.num_elements() / channels, channels].into())
}

impl Statistics for CubeBackend {
    fn forward(
        x: CubeTensor,
        gamma: CubeTensor,
        beta: CubeTensor,
        epsilon: f64,
    ) -> (CubeTensor, CubeTensor, CubeTensor) {
        let shape = x.shape();
        let done = Self::batch_norm_train(rows(x), gamma, beta, epsilon);
        (Self::float_reshape(done.output, shape), done.mean, done.variance)
    }

    fn backward(
        x: CubeTensor,
        gamma: CubeTensor,
        mean: CubeTensor,
        variance: CubeTensor,
        epsilon: f64,
        gradient: CubeTensor,
    ) -> (CubeTensor, CubeTensor, CubeTensor) {
        let (shape, gradient) = (x.shape(), rows(gradient));
        let done =
            Self::batch_norm_train_backward(rows(x), gamma, mean, variance, epsilon, gradient);
        (Self::float_reshape(done.x_grad, shape), done.gamma_grad, done.beta_grad)
    }
}
