//! Statistics of normalisations, measured anew: a mean of networks is another network, whose channels
//! have other means and variances than the mean of theirs.

use anyhow::{Context, Result, ensure};
use burn::module::Module;
use burn::tensor::Device;
use robust_core::engine::Model;
use robust_core::engine::network::{LastRelu, ResNet};
use robust_core::model::weights::Weights;

use crate::accuracy::{BATCH, batch};
use crate::data::Dataset;

/// Images that leave less than a thousandth of the statistics from before, which lose a tenth with each batch.
pub const ENOUGH: usize = 66 * BATCH;

/// The same weights with the running statistics of these images, each at the network's size. They are shown again
/// until [`ENOUGH`] were.
///
/// # Errors
///
/// Where no batch can be made of the images, an image cannot be read, or the network cannot be trained.
pub fn remeasured(
    weights: &Weights,
    set: &Dataset,
    images: &[usize],
    device: &Device,
) -> Result<Weights> {
    // A variance takes more than one image.
    ensure!(images.len() > 1, "statistics take at least two images");
    let card = weights.card();
    let network = ResNet::trainable(weights, card, device).context("its statistics")?;
    let network = network.materialize();
    // It normalises by the batch, without automatic differentiation. The clone shares its running statistics with the
    // network: they learn too.
    let model = Model::of_network(card.clone(), network.clone(), device);
    let (mut shown, mut chunks) = (0, images.chunks(BATCH).cycle());
    while shown < ENOUGH {
        let Some(chunk) = chunks.next() else { break };
        if chunk.len() > 1 {
            let (x, _) = batch(device, set, chunk)?;
            let _ = model.forward(x, LastRelu::True);
        }
        shown += BATCH;
    }
    set.check_readable()?;
    Ok(network.weights(card.clone())?)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::train::tests::settings;
    use crate::train::trial;

    #[test]
    fn what_was_measured_does_not_depend_on_what_was_known() {
        let config = settings("--size 12 --widths 4,8 --batch 8 --attack-steps 0");
        let set = Arc::new(Dataset::painted(40, 12));
        let device = Device::flex();
        let learner = trial::fresh(&config, &set, std::slice::from_ref(&device)).unwrap();
        let weights = learner.average(learner.card().clone()).unwrap();
        let strange = weights.tensors().map(|(name, array)| {
            let mut array = array.clone();
            if name.ends_with("running_mean") || name.ends_with("running_var") {
                array.values.iter_mut().for_each(|value| *value += 3.0);
            }
            (name.to_owned(), array)
        });
        let strange = Weights::new(weights.card().clone(), strange.collect()).unwrap();
        let images: Vec<usize> = (0..40).collect();
        let measured = |weights| remeasured(weights, &set, &images, &device).unwrap();
        let (one, other) = (measured(&weights), measured(&strange));
        let mut moved = 0;
        for (((name, a), (_, b)), (_, before)) in
            one.tensors().zip(other.tensors()).zip(weights.tensors())
        {
            let far = a.values.iter().zip(&b.values).map(|(a, b)| (a - b).abs());
            assert!(far.fold(0.0, f32::max) < 0.02, "{name}");
            let statistics = name.contains("running");
            assert!(statistics || a.values == before.values, "{name} has changed");
            moved += usize::from(statistics && a.values != before.values);
        }
        assert!(moved > 4, "{moved} tensors of statistics were measured");
    }

    #[test]
    fn one_image_has_no_variance() {
        let config = settings("--size 12 --widths 4,8 --batch 8 --attack-steps 0");
        let set = Arc::new(Dataset::painted(9, 12));
        let learner = trial::fresh(&config, &set, &[Device::flex()]).unwrap();
        let weights = learner.average(learner.card().clone()).unwrap();
        assert!(remeasured(&weights, &set, &[3], &Device::flex()).is_err());
    }
}
