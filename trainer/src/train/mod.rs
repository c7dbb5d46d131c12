//! Training, equation (3): data → attack → update, with all that a long run needs.

mod checkpoint;
mod claim;
mod config;
mod described;
mod learner;
mod look;
mod precision;
mod preset;
mod progress;
mod replicas;
mod run;
mod running;
mod schedule;
mod statistics;
mod trial;

pub use claim::{hold, turn};
pub use config::TrainConfig;
pub use preset::Preset;
pub use run::{Job, train};
pub use statistics::{ENOUGH, remeasured};
pub use trial::Trial;

#[cfg(test)]
pub mod tests {
    //! What other tests compare with.

    use std::collections::BTreeMap;

    use burn::module::Module;
    use burn::tensor::Device;
    use robust_core::engine::network::ResNet;
    use robust_core::model::weights::Weights;

    use super::config::TrainConfig;
    use super::learner::Learner;
    use crate::data::Batch;

    #[derive(clap::Parser)]
    struct Flags {
        #[command(flatten)]
        config: TrainConfig,
    }

    /// The settings of these flags.
    pub fn settings(flags: &str) -> TrainConfig {
        let words = std::iter::once("_").chain(flags.split_whitespace());
        <Flags as clap::Parser>::parse_from(words).config
    }

    /// All tensors after one step of length 1 without an adversary, in f32.
    pub fn f32_step(
        weights: &Weights,
        bytes: &[u8],
        labels: &[usize],
        size: usize,
    ) -> BTreeMap<String, Vec<f32>> {
        let config =
            settings("--average 0 --weight-decay 0.01 --label-smoothing 0.1 --precision f32");
        let (device, card) = (Device::flex(), weights.card().clone());
        let network = ResNet::trainable(weights, &card, &device).unwrap().materialize();
        let mut learner = Learner::new(&config, card.clone(), network, &[device]).unwrap();
        let batch = Batch { bytes: bytes.to_vec(), labels: labels.to_vec(), size };
        let _ = learner.step(batch, None, 1.0, &config, 1);
        let after = learner.average(card).unwrap();
        after.tensors().map(|(name, array)| (name.to_owned(), array.values.clone())).collect()
    }
}
