//! Infers an architecture from the names and shapes of a checkpoint's tensors.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use robust_core::model::architecture::{Block, ResNetConfig, Stem};
use robust_core::model::weights::Array;

/// The architecture that `tensors` (under torchvision's names) belong to. `stem` decides where a
/// 3x3 first convolution leaves open whether its stride is 1 (`cifar`) or 2 (`small`).
///
/// # Errors
///
/// Where the tensors are no residual network's, or the stem is open or contradicted.
pub fn architecture(tensors: &BTreeMap<String, Array>, stem: Option<Stem>) -> Result<ResNetConfig> {
    let shape = |name: &str| {
        let array = tensors.get(name);
        array.map(|array| array.shape.as_slice()).with_context(|| format!("no tensor \"{name}\""))
    };
    let block = match tensors.contains_key("layer1.0.conv3.weight") {
        true => Block::Bottleneck,
        false => Block::Basic,
    };
    let (mut blocks, mut widths) = (Vec::new(), Vec::new());
    for stage in 1.. {
        let first = |index: usize| format!("layer{stage}.{index}.conv1.weight");
        let count = (0..).take_while(|&index| tensors.contains_key(&first(index))).count();
        if count == 0 {
            break;
        }
        blocks.push(count);
        widths.push(first_extent(shape(&first(0))?)?);
    }
    if blocks.is_empty() {
        bail!(
            "no tensor \"layer1.0.conv1.weight\": this is not a residual network as He et al. 2016 build it"
        );
    }
    Ok(ResNetConfig {
        block,
        blocks,
        widths,
        stem: infer_stem(shape("conv1.weight")?, stem)?,
        classes: first_extent(shape("fc.weight")?)?,
    })
}

fn first_extent(shape: &[usize]) -> Result<usize> {
    shape.first().copied().context("a layer's weight has no extents")
}

fn infer_stem(shape: &[usize], wished: Option<Stem>) -> Result<Stem> {
    match (shape, wished) {
        ([_, 3, 7, 7], None | Some(Stem::Imagenet)) => Ok(Stem::Imagenet),
        ([_, 3, 3, 3], Some(stem @ (Stem::Cifar | Stem::Small))) => Ok(stem),
        ([_, 3, 3, 3], None) => bail!(
            "the first convolution is 3x3, which leaves its stride open: \
             add --stem cifar (stride 1) or --stem small (stride 2)"
        ),
        (_, Some(stem)) => bail!(
            "the first convolution has shape {shape:?}, which is not the {}x{} one of --stem {stem:?}",
            stem.kernel(),
            stem.kernel()
        ),
        _ => {
            bail!("the first convolution has shape {shape:?}; only 7x7 and 3x3 over RGB are known")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensors(config: &ResNetConfig) -> BTreeMap<String, Array> {
        let empty = |shape| Array { shape, values: Vec::new() };
        config.tensors().into_iter().map(|(name, shape)| (name, empty(shape))).collect()
    }

    #[test]
    fn every_preset_is_recognised() {
        for name in ["resnet10", "resnet18", "resnet34", "resnet50"] {
            for stem in [Stem::Imagenet, Stem::Cifar, Stem::Small] {
                let config = ResNetConfig::preset(name, stem, 9).unwrap();
                assert_eq!(architecture(&tensors(&config), Some(stem)).unwrap(), config);
            }
        }
    }

    #[test]
    fn an_open_or_contradicted_stem_says_which_flag_to_add() {
        let message = |stem, flag| {
            let config = ResNetConfig::preset("resnet10", stem, 9).unwrap();
            architecture(&tensors(&config), flag).unwrap_err().to_string()
        };
        assert!(message(Stem::Small, None).contains("--stem small"));
        assert!(message(Stem::Small, Some(Stem::Imagenet)).contains("7x7"));
        assert!(message(Stem::Imagenet, Some(Stem::Cifar)).contains("3x3"));
    }
}
