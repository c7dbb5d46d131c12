//! A model as what is attacked.

use anyhow::{Context, Result};
use burn::tensor::{Tensor, TensorData};
use robust_core::engine::Model;

use super::{Classifier, Slope};

impl Classifier for Model {
    fn logits(&self, images: &[&[f32]]) -> Result<Vec<Vec<f32>>> {
        if images.is_empty() {
            return Ok(Vec::new());
        }
        rows(self.logits(batch(self, images)?))
    }

    fn gradients(
        &self,
        images: &[&[f32]],
        weights: &dyn Fn(usize, &[f32]) -> Vec<f32>,
    ) -> Result<Vec<Slope>> {
        if images.is_empty() {
            return Ok(Vec::new());
        }
        let x = batch(self, images)?.autodiff().require_grad();
        let logits = self.logits(x.clone());
        let [_, classes] = logits.dims();
        let values = rows(logits.clone().without_autodiff())?;
        let weights: Vec<f32> =
            values.iter().enumerate().flat_map(|(i, logits)| weights(i, logits)).collect();
        let weights = TensorData::new(weights, [images.len(), classes]);
        let weights: Tensor<2> = Tensor::from_data(weights, self.device());
        let mut gradients = (logits * weights.autodiff()).sum().backward();
        let gradient = x.grad_remove(&mut gradients).context("a network without a gradient")?;
        Ok(values.into_iter().zip(rows(gradient)?).collect())
    }
}

fn batch(model: &Model, images: &[&[f32]]) -> Result<Tensor<4>> {
    let size = model.card().input_size;
    let shape = [images.len(), 3, size, size];
    Ok(Tensor::from_data(TensorData::new(images.concat(), shape), model.device()))
}

/// The numbers of each image.
fn rows<const D: usize>(tensor: Tensor<D>) -> Result<Vec<Vec<f32>>> {
    let images = tensor.dims()[0];
    let values: Vec<f32> = tensor.try_into_data()?.iter::<f32>().collect();
    Ok(values.chunks_exact(values.len() / images).map(<[f32]>::to_vec).collect())
}
