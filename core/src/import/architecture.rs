//! Infers an architecture from the names and shapes of a checkpoint's tensors.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::architecture::{Block, Downsampling, Order, ResNetConfig, Stem};
use anyhow::{Context, Result, bail};

use super::Question;

/// The shape of every tensor, by torchvision's name.
pub type Shapes = BTreeMap<String, Vec<usize>>;

/// The architecture of tensors of these `shapes` (under torchvision's names). `stem` decides where a
/// 3x3 first convolution leaves open whether its stride is 1 (`cifar`) or 2 (`small`).
///
/// # Errors
///
/// Where the tensors are no residual network's, or the stem is open or contradicted.
pub fn architecture(shapes: &Shapes, stem: Option<Stem>) -> Result<ResNetConfig> {
    let shape = |name: &str| {
        shapes.get(name).map(Vec::as_slice).with_context(|| format!("no tensor \"{name}\""))
    };
    let block = match shapes.contains_key("layer1.0.conv3.weight") {
        true => Block::Bottleneck,
        false => Block::Basic,
    };
    let (mut blocks, mut widths, mut widenings) = (Vec::new(), Vec::new(), BTreeSet::new());
    for stage in 1.. {
        let first = |index: usize| format!("layer{stage}.{index}.conv1.weight");
        let count = (0..).take_while(|&index| shapes.contains_key(&first(index))).count();
        if count == 0 {
            break;
        }
        blocks.push(count);
        let inner = first_extent(shape(&first(0))?)?;
        let width = match block {
            Block::Basic => inner,
            Block::Bottleneck => {
                let last = format!("layer{stage}.0.conv{}.weight", block.convolutions());
                first_extent(shape(&last)?)? / block.expansion()
            }
        };
        if width == 0 || !inner.is_multiple_of(width) {
            bail!(
                "blocks that are {inner} channels wide inside and {width} a branch outside are not known"
            );
        }
        widths.push(width);
        widenings.insert(inner / width);
    }
    let widening = match Vec::from_iter(widenings)[..] {
        [widening] => widening,
        _ => bail!("the stages' blocks are of several kinds"),
    };
    let first = shape("conv1.weight")?;
    let order = Order::of(shapes);
    let stem = stem.or(order.family().usual_stem);
    Ok(ResNetConfig {
        block,
        blocks,
        widths,
        widening,
        order,
        downsampling: Downsampling::default(),
        stem: infer_stem(first, stem)?,
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
        ([_, 3, 3, 3], None) => bail!(Question::Stem),
        (_, Some(stem)) => bail!(
            "the first convolution has shape {shape:?}, which is not the {}x{} one of the stem {stem:?}",
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
    use super::super::families::refuse;
    use super::*;
    use crate::model::architecture::PRESETS;

    fn shapes(config: &ResNetConfig) -> Shapes {
        config.tensors().into_iter().collect()
    }

    #[test]
    fn every_preset_of_every_family_is_recognised() {
        for preset in PRESETS {
            for order in Order::all(64) {
                let usual = order.family().usual_stem;
                let stems =
                    usual.map_or(vec![Stem::Imagenet, Stem::Cifar, Stem::Small], |s| vec![s]);
                for stem in stems {
                    let config = ResNetConfig { order, ..preset.network(stem, 9) };
                    if order.fault(config.block, stem).is_some() {
                        continue;
                    }
                    let shapes = shapes(&config);
                    assert!(refuse(&shapes).is_ok(), "{config:?}");
                    let said = usual.is_none().then_some(stem);
                    assert_eq!(architecture(&shapes, said).unwrap(), config);
                }
            }
        }
    }

    #[test]
    fn an_open_or_contradicted_stem_is_said() {
        let message = |stem, flag| {
            let config = ResNetConfig::preset("resnet10", stem, 9).unwrap();
            architecture(&shapes(&config), flag).unwrap_err().to_string()
        };
        assert_eq!(message(Stem::Small, None), Question::Stem.to_string());
        assert!(message(Stem::Small, Some(Stem::Imagenet)).contains("7x7"));
        assert!(message(Stem::Imagenet, Some(Stem::Cifar)).contains("3x3"));
    }
}
