//! Infers an architecture from the names and shapes of a checkpoint's tensors, and names those that
//! are not computed here: most would import and give other numbers.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::architecture::{Block, Order, ResNetConfig, Stem};
use anyhow::{Context, Error, Result, anyhow, bail};

use super::Question;
use super::stored::Tensors;

/// The shape of every tensor, by torchvision's name.
pub type Shapes = BTreeMap<String, Vec<usize>>;

/// Refuses networks that differ from torchvision's in what they compute.
///
/// # Errors
///
/// The kind of network, and the tensor that tells it.
pub fn refuse(shapes: &Shapes) -> Result<()> {
    let found =
        shapes.iter().find_map(|(name, shape)| Some((name, other_kind(name, shape, shapes)?)));
    match found {
        Some((name, kind)) => bail!("this is {kind}, which cannot be imported (tensor \"{name}\")"),
        None => Ok(()),
    }
}

/// Where a network normalises. Only one that does so before its convolutions has none after the first.
fn order(shapes: &Shapes) -> Order {
    let stem = shapes.get("conv1.weight").and_then(|shape| shape.first());
    let Some(&stem) = stem.filter(|_| !shapes.contains_key("bn1.weight")) else {
        return Order::After;
    };
    if shapes.contains_key(&format!("{}.weight", ResNetConfig::LAST_NORM)) {
        return Order::Before { stem };
    }
    // Before a convolution, a normalisation is as long as that has inputs.
    let first = |(name, shape): (&String, &Vec<usize>)| {
        let block = name.strip_suffix(".bn1.weight")?;
        match (&shapes.get(&format!("{block}.conv1.weight"))?[..], &shape[..]) {
            ([output, input, ..], [channels]) => Some(channels == input && input != output),
            _ => None,
        }
    };
    match shapes.iter().filter_map(first).any(|before| before) {
        true => Order::Bare { stem },
        false => Order::After,
    }
}

/// What a tensor says of a network that is not torchvision's ResNet.
fn other_kind(name: &str, shape: &[usize], shapes: &Shapes) -> Option<&'static str> {
    let module = |wanted: &[&str]| name.split('.').any(|part| wanted.contains(&part));
    let extent = |name: &str, axis: usize| shapes.get(name)?.get(axis).copied();
    if module(&["filt", "blur", "aa"]) {
        return Some("an anti-aliased network (its strides blur)");
    }
    if module(&["se", "se_module", "eca", "cbam"]) {
        return Some("a network with channel attention (SE, ECA or CBAM)");
    }
    if module(&["convs", "bns"]) {
        return Some("a Res2Net (its blocks split their channels)");
    }
    if name.starts_with("conv1.0.") || name == "conv2.weight" {
        return Some(
            "a network whose stem has several convolutions (a \"-d\", \"-s\" or \"-t\" ResNet, or CLIP's)",
        );
    }
    if name.contains(".downsample.1.") && shape.len() == 4 {
        return Some("a \"-d\" ResNet (it pools in its shortcuts)");
    }
    let weight = name.strip_suffix(".weight")?;
    // The first convolution and its normalisation stand in no block.
    let (block, layer) = weight.rsplit_once('.').unwrap_or(("", weight));
    let beside =
        |name: &str| if block.is_empty() { name.into() } else { format!("{block}.{name}") };
    if layer == "conv2" {
        let input = extent(&beside("conv1.weight"), 0)?;
        if shape.get(1).is_some_and(|&grouped| grouped < input) {
            return Some("a ResNeXt (its 3x3 convolutions work in groups)");
        }
    }
    if order(shapes) == Order::After {
        // A normalisation after a convolution is as long as that has outputs.
        if layer == "bn1" && shape.first() != Some(&extent(&beside("conv1.weight"), 0)?) {
            return Some(
                "a PreActResNet of an unknown kind (it normalises after its first convolution, too)",
            );
        }
        let norm = weight.replace(".downsample.0", ".downsample.1.weight");
        if weight.ends_with(".downsample.0") && !shapes.contains_key(&norm) {
            return Some("a network without normalisation in its shortcuts");
        }
    }
    if shapes.contains_key(&format!("{weight}.bias")) && shape.len() == 4 {
        return Some("a network whose convolutions have biases");
    }
    let (number, norm) = (layer.strip_prefix("bn"), format!("{weight}.running_mean"));
    if number.is_some() && !shapes.contains_key(&norm) {
        return Some("a network without running statistics (group normalisation, say)");
    }
    None
}

/// Families that are built otherwise and named otherwise: part of a tensor's name, and what it tells.
const OTHER_NAMES: [(&str, &str); 3] = [
    (
        "batchnorm_0.",
        "one of DeepMind's networks (RobustBench's Gowal, Rebuffi, Rade, Pang2022 and Wang2023, say): SiLU \
         in place of ReLU, and padding on one side where a stage begins",
    ),
    (
        "stages.0.blocks.0.conv1.weight",
        "timm's ResNetV2: it normalises before its convolutions, and pads and pools in ways of its own",
    ),
    (".paths.0.", "an SKNet: it weighs kernels of several sizes"),
];

/// What a file without a residual network holds, as far as names tell.
pub fn not_residual(stored: &Tensors) -> Error {
    if stored.keys().all(String::is_empty) {
        return anyhow!("it holds no tensors with names: what is read is a dictionary of them");
    }
    let other = OTHER_NAMES.iter().find_map(|(part, kind)| {
        stored.keys().find(|name| name.contains(part)).map(|name| (name, kind))
    });
    if let Some((name, kind)) = other {
        return anyhow!("this cannot be imported (tensor \"{name}\"). It is {kind}");
    }
    let some: Vec<&str> = stored.keys().take(4).map(String::as_str).collect();
    anyhow!(
        "there is no residual network as He et al. 2016 build it: no name ends in \"layer1.0.conv1.weight\" among {} tensors ({}, ...)",
        stored.len(),
        some.join(", ")
    )
}

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
    let order = order(shapes);
    // All that normalise first and are published with these names keep CIFAR-10's 32 pixels.
    let stem = stem.or((order != Order::After).then_some(Stem::Cifar));
    Ok(ResNetConfig {
        block,
        blocks,
        widths,
        widening,
        order,
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
    use super::super::stored::Stored;
    use super::*;

    fn shapes(config: &ResNetConfig) -> Shapes {
        config.tensors().into_iter().collect()
    }

    #[test]
    fn every_preset_is_recognised() {
        for name in ResNetConfig::PREACTIVATED {
            let config = ResNetConfig::preset(name, Stem::Cifar, 10).unwrap();
            let Order::Before { stem } = config.order else { panic!("{name} normalises first") };
            let bare = ResNetConfig { order: Order::Bare { stem }, ..config.clone() };
            for config in [config, bare] {
                assert!(refuse(&shapes(&config)).is_ok(), "{config:?}");
                assert_eq!(architecture(&shapes(&config), None).unwrap(), config);
            }
        }
        for name in ResNetConfig::PRESETS {
            for stem in [Stem::Imagenet, Stem::Cifar, Stem::Small] {
                let config = ResNetConfig::preset(name, stem, 9).unwrap();
                assert_eq!(architecture(&shapes(&config), Some(stem)).unwrap(), config);
            }
        }
    }

    #[test]
    fn what_would_compute_other_numbers_is_refused_by_name() {
        let refused = |name: &str, shape: &[usize], without: &str| {
            let config = ResNetConfig::preset("resnet50", Stem::Imagenet, 9).unwrap();
            let mut shapes = shapes(&config);
            assert!(refuse(&shapes).is_ok());
            shapes.insert(name.into(), shape.into());
            shapes.remove(without);
            refuse(&shapes).unwrap_err().to_string()
        };
        for (name, shape, without, kind) in [
            ("layer1.0.conv2.weight", &[128, 4, 3, 3][..], "", "ResNeXt"),
            ("layer2.0.conv2.1.filt", &[128, 1, 3, 3], "", "anti-aliased"),
            ("layer1.0.se.fc1.weight", &[16, 256, 1, 1], "", "channel attention"),
            ("conv1.0.weight", &[32, 3, 3, 3], "conv1.weight", "stem"),
            ("layer1.0.convs.0.weight", &[26, 26, 3, 3], "layer1.0.conv2.weight", "Res2Net"),
            ("layer1.0.downsample.1.weight", &[256, 64, 1, 1], "", "\"-d\""),
            ("layer2.0.bn1.weight", &[256], "", "PreActResNet"),
            ("layer3.0.conv1.bias", &[256], "", "biases"),
            ("bn1.weight", &[64], "bn1.running_mean", "running statistics"),
        ] {
            let error = refused(name, shape, without);
            assert!(error.contains(kind), "{name}: {error}");
        }
    }

    #[test]
    fn families_with_other_names_are_refused_by_name() {
        let refused = |name: &str| {
            let stored = Stored { shape: vec![1], values: Box::new(|| Ok(vec![0.0])) };
            not_residual(&Tensors::from([(name.to_owned(), stored)])).to_string()
        };
        for (name, kind) in [
            ("layer.0.block.0.batchnorm_0.weight", "DeepMind"),
            ("module.layer_0.0.batchnorm_0.running_mean", "DeepMind"),
            ("stages.0.blocks.0.conv1.weight", "ResNetV2"),
            ("layer1.0.conv1.paths.0.conv.weight", "SKNet"),
            ("features.0.weight", "no residual network"),
        ] {
            let error = refused(name);
            assert!(error.contains(kind) && error.contains(name), "{name}: {error}");
        }
        assert!(refused("").contains("no tensors with names"));
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
