//! A metric in which large shapes are nearer than fine ones: where l-BFGS starts from.

use burn::tensor::{Device, Tensor, TensorData};

use crate::engine::kernels::products::products;

/// How often an image is blurred (docs/SOLVERS.md compares).
const TIMES: usize = 4;

/// Weight of what is blurred against what is not.
const WEIGHT: f32 = 3.0;

/// The symmetric positive map `I + w Bⁿ` of images, where `B` blurs by (1 2 1)/4 along rows and
/// columns.
#[derive(Clone)]
pub(super) struct Smoothing {
    /// `Bⁿ` along one side, `[1, side, side]`; symmetric.
    blur: Tensor<3>,
}

impl Smoothing {
    /// For square images of `side` pixels.
    pub fn new(side: usize, device: &Device) -> Self {
        let once = blur(side, device);
        let blur = (1..TIMES).fold(once.clone(), |power, _| products(power, once.clone()));
        Self { blur }
    }

    /// Of images as rows, `[batch, 1, 3 * side * side]`.
    pub fn apply(&self, rows: Tensor<3>) -> Tensor<3> {
        let [batch, _, values] = rows.dims();
        let [.., side] = self.blur.dims();
        let planes = batch * values / (side * side);
        let blur = self.blur.clone().expand([planes, side, side]);
        let along = |lines| products(lines, blur.clone()).swap_dims(1, 2);
        let blurred = along(along(rows.clone().reshape([planes, side, side])));
        rows + blurred.reshape([batch, 1, values]) * WEIGHT
    }
}

/// (1 2 1)/4 around every place of a line whose ends are repeated, `[1, side, side]`.
fn blur(side: usize, device: &Device) -> Tensor<3> {
    let mut values = vec![0.0; side * side];
    for at in 0..side {
        for (near, share) in [(at.saturating_sub(1), 0.25), (at, 0.5), (at + 1, 0.25)] {
            values[at * side + near.min(side - 1)] += share;
        }
    }
    Tensor::from_data(TensorData::new(values, [1, side, side]), device)
}
