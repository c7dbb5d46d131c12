//! Reads PyTorch checkpoints, in the zip and the old format, without PyTorch.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use half::{bf16, f16};
use pytorch_reader::{DType, PytorchReader, Tensor};
use robust_core::model::weights::Array;

/// What matters of a checkpoint, under torchvision's names.
#[derive(Debug, Default)]
pub struct StateDict {
    /// The network's tensors.
    pub tensors: BTreeMap<String, Array>,
    /// The normaliser's mean, where the checkpoint holds one.
    pub mean: Option<[f32; 3]>,
    /// The normaliser's standard deviation.
    pub std: Option<[f32; 3]>,
}

/// Wrappers around a network, which say nothing about it.
const WRAPPERS: [&str; 6] =
    ["state_dict.", "model_state_dict.", "model.", "module.", "net.", "ema."];

impl StateDict {
    /// Reads a checkpoint as the `robustness` package saves it, or a plain state dict.
    ///
    /// # Errors
    ///
    /// Where the file is no checkpoint or holds no residual network.
    pub fn read(path: &Path) -> Result<Self> {
        let reader = PytorchReader::new(path).with_context(|| {
            format!("{} is not a PyTorch checkpoint that can be read", path.display())
        })?;
        let length = fs::metadata(path).map_or(0, |file| file.len());
        let networks = reader.tensors().iter().filter(|(name, _)| is_network(inner_name(name)));
        // Strides of 0 make tensors of any size out of one number.
        if networks.map(|(_, tensor)| tensor.byte_len() as u64).sum::<u64>() > length {
            bail!("{} names more numbers than it holds: it is damaged", path.display());
        }
        let mut checkpoint = Self::default();
        for (name, tensor) in reader.tensors() {
            checkpoint
                .take(name, tensor)
                .with_context(|| format!("tensor \"{name}\" of {}", path.display()))?;
        }
        if !checkpoint.tensors.contains_key("conv1.weight") {
            bail!(
                "{} holds no residual network: there is no \"conv1.weight\" among its {} tensors",
                path.display(),
                reader.len()
            );
        }
        Ok(checkpoint)
    }

    fn take(&mut self, full_name: &str, tensor: &Tensor) -> Result<()> {
        let name = inner_name(full_name);
        match name {
            "normalizer.new_mean" => self.mean = Some(channels(tensor)?),
            "normalizer.new_std" => self.std = Some(channels(tensor)?),
            _ if is_network(name) => {
                let array = Array { shape: tensor.shape().to_vec(), values: floats(tensor)? };
                if self.tensors.insert(torchvision_name(name), array).is_some() {
                    bail!("the checkpoint holds two tensors of that name");
                }
            }
            // The attacker's copy of the network, the optimiser, counters, schedules.
            _ => {}
        }
        Ok(())
    }
}

/// A tensor's name without what wraps the network.
fn inner_name(mut name: &str) -> &str {
    while let Some(inner) = WRAPPERS.iter().find_map(|wrapper| name.strip_prefix(wrapper)) {
        name = inner;
    }
    name
}

fn is_network(name: &str) -> bool {
    let first = name.split('.').next().unwrap_or_default();
    let layer = first.strip_prefix("layer").is_some_and(|n| n.parse::<usize>().is_ok());
    (layer || ["conv1", "bn1", "fc", "linear"].contains(&first))
        && !name.ends_with("num_batches_tracked")
}

/// The package's CIFAR networks call the same layers by other names.
fn torchvision_name(name: &str) -> String {
    match name.strip_prefix("linear.") {
        Some(part) => format!("fc.{part}"),
        None => name.replace(".shortcut.", ".downsample."),
    }
}

fn channels(tensor: &Tensor) -> Result<[f32; 3]> {
    let values = floats(tensor)?;
    values.try_into().ok().context("a normaliser needs three values")
}

fn floats(tensor: &Tensor) -> Result<Vec<f32>> {
    let bytes = tensor.read()?;
    // The reader gives bytes in this machine's order.
    Ok(match tensor.dtype() {
        DType::F32 => bytes.as_chunks().0.iter().map(|b| f32::from_ne_bytes(*b)).collect(),
        DType::F64 => bytes.as_chunks().0.iter().map(|b| f64::from_ne_bytes(*b) as f32).collect(),
        DType::F16 => bytes.as_chunks().0.iter().map(|b| f16::from_ne_bytes(*b).to_f32()).collect(),
        DType::BF16 => {
            bytes.as_chunks().0.iter().map(|b| bf16::from_ne_bytes(*b).to_f32()).collect()
        }
        other => bail!("its element type {other:?} is none of a network's"),
    })
}
