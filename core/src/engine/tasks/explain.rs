//! What coordinates of a representation mean: shown, added, and weighed for a prediction.

use crate::engine::error::{finite, next_floats};
use crate::engine::network::LastRelu;
use crate::engine::solve::objective::CrossEntropy;
use crate::engine::solve::pgd::Pgd;
use crate::engine::{Model, TaskError};
use crate::image::Pixels;
use crate::report::{Contribution, Explanation};

use burn::tensor::activation::softmax;
use burn::tensor::{Int, Tensor, TensorData, Transaction};

/// The `count` coordinates that weigh most for `class`, or for the predicted class: equation (8).
///
/// # Errors
///
/// [`TaskError::NoClass`], [`TaskError::Device`], and [`TaskError::NotFinite`].
pub async fn explain(
    model: &Model,
    image: &Pixels,
    class: Option<usize>,
    count: usize,
) -> Result<Explanation, TaskError> {
    let classes = model.card().architecture.classes;
    if let Some(asked) = class.filter(|class| *class >= classes) {
        return Err(TaskError::NoClass { asked, classes });
    }
    let output = model.forward(one(model, image), LastRelu::True);
    let reads =
        Transaction::default().register(softmax(output.logits, 1)).register(output.representation);
    let mut data = reads.execute_async().await?.into_iter();
    let (confidences, activations) = (next_floats(&mut data)?, next_floats(&mut data)?);
    let class = class.unwrap_or_else(|| largest(&confidences));
    let weights: Vec<f32> = model.class_weights(class).into_data_async().await?.iter().collect();
    let mut features: Vec<Contribution> = activations
        .iter()
        .zip(&weights)
        .enumerate()
        .map(|(feature, (&activation, &weight))| Contribution {
            feature,
            activation,
            contribution: activation * weight,
        })
        .collect();
    features.sort_by(|a, b| b.contribution.total_cmp(&a.contribution));
    features.truncate(count);
    Ok(Explanation { confidences, class, features })
}

/// The unprocessed gradient of the cross-entropy of `class` with respect to the image (figure 21),
/// brought to [0, 1]: grey is 0, the largest absolute value reaches black or white.
///
/// # Errors
///
/// [`TaskError::Device`], and [`TaskError::NotFinite`].
pub async fn saliency(model: &Model, image: &Pixels, class: usize) -> Result<Pixels, TaskError> {
    let label: Tensor<1, Int> =
        Tensor::from_data(TensorData::new(vec![class as i32], [1]), model.device());
    let objective = CrossEntropy::untargeted(label);
    let (_, gradient) = Pgd::loss_and_gradient(model, &objective, one(model, image));
    let values = finite(gradient.into_data_async().await?.iter().collect())?;
    let reach = values.iter().fold(1e-12f32, |max, value| max.max(value.abs()));
    let values = values.iter().map(|value| 0.5 + value / (2.0 * reach)).collect();
    Pixels::new(image.size(), values).ok_or(TaskError::NoResult)
}

pub(super) fn one(model: &Model, image: &Pixels) -> Tensor<4> {
    let shape = [1, 3, image.size(), image.size()];
    Tensor::from_data(TensorData::new(image.values().to_vec(), shape), model.device())
}

/// Where the largest value is; 0 where there is none.
pub fn largest(values: &[f32]) -> usize {
    let largest = values.iter().enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b));
    largest.map_or(0, |(i, _)| i)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::fixture::model;
    use crate::engine::solve::pgd::noise;

    #[test]
    fn an_explanation_adds_up_to_the_logit() {
        let model = model();
        let image = noise(8, 5, 5);
        let whole = pollster::block_on(explain(&model, &image, Some(1), 99)).unwrap();
        assert_eq!((whole.class, whole.features.len()), (1, 6));
        let sum: f32 = whole.features.iter().map(|part| part.contribution).sum();
        let batch = model.batch(std::slice::from_ref(&image)).unwrap();
        let logits = model.forward(batch, LastRelu::True).logits.into_data();
        let logit = logits.iter::<f32>().nth(1).unwrap();
        // The test's bias of class 1 is 0.1 cos 1.
        assert!((sum + 0.1 * 1f32.cos() - logit).abs() < 1e-4, "{sum} {logit}");
        let few = pollster::block_on(explain(&model, &image, None, 2)).unwrap();
        assert_eq!(few.class, few.ranking()[0]);
        assert!(few.features[0].contribution >= few.features[1].contribution);
        let classes = model.card().architecture.classes;
        let unknown = pollster::block_on(explain(&model, &image, Some(classes), 2));
        assert!(matches!(unknown, Err(TaskError::NoClass { asked, .. }) if asked == classes));
        let gradient = pollster::block_on(saliency(&model, &image, 1)).unwrap();
        let reach = gradient.values().iter().map(|v| (v - 0.5).abs()).fold(0.0, f32::max);
        assert!((reach - 0.5).abs() < 1e-6);
    }
}
