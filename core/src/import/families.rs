//! What tells families apart in a file: the names under which others publish those that are computed
//! here, and what gives away those that are not, of which most would import and give other numbers.

use crate::model::architecture::{Order, ResNetConfig};
use anyhow::{Error, Result, anyhow, bail};

use super::architecture::Shapes;
use super::blur;
use super::stored::Tensors;

/// How somebody names the layers of networks that are computed here.
pub struct Naming {
    /// A tensor that every such network has, and nothing else: what stands before it is the wrappers.
    pub landmark: &'static str,
    /// What the names begin with of tensors that are never computed with.
    pub unused: Option<&'static str>,
    /// The name of a tensor here, which is torchvision's.
    pub ours: fn(&str) -> String,
}

/// torchvision's names, and those that differ in a word.
pub const TORCHVISION: Naming =
    Naming { landmark: "layer1.0.conv1.weight", unused: None, ours: torchvision_name };

/// All of them, the more special ones first.
pub const NAMINGS: [Naming; 2] = [
    // RobustBench's WideResNets. TRADES' hold the first stage once more.
    Naming {
        landmark: "block1.layer.0.conv1.weight",
        unused: Some("sub_block1."),
        ours: wide_name,
    },
    TORCHVISION,
];

/// What a linear layer at the end is called.
pub const HEADS: [&str; 5] = ["fc", "linear", "last_linear", "classifier", "head"];

/// Others call the same layers by other names.
fn torchvision_name(name: &str) -> String {
    let (module, part) = name.split_once('.').unwrap_or((name, ""));
    if HEADS.contains(&module) && ["weight", "bias"].contains(&part) {
        return format!("fc.{part}");
    }
    name.replace(".shortcut.", ".downsample.")
}

/// A WideResNet's layers by the names of a PreActResNet's, which computes the same way.
fn wide_name(name: &str) -> String {
    if let Some(part) = name.strip_prefix("bn1.") {
        return format!("{}.{part}", ResNetConfig::LAST_NORM);
    }
    match name.strip_prefix("block") {
        Some(rest) => format!("layer{rest}")
            .replace(".layer.", ".")
            .replace(".convShortcut.", ".downsample.0."),
        None => torchvision_name(name),
    }
}

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

/// What a tensor says of a network that is not torchvision's ResNet.
fn other_kind(name: &str, shape: &[usize], shapes: &Shapes) -> Option<&'static str> {
    let module = |wanted: &[&str]| name.split('.').any(|part| wanted.contains(&part));
    let extent = |name: &str, axis: usize| shapes.get(name)?.get(axis).copied();
    if module(&["filt", "blur", "aa"]) {
        let other = "an anti-aliased network of another kind than timm's (antialiased-cnns also blurs in the shortcuts)";
        return (!blur::is_filter(name)).then_some(other);
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
    if !Order::of(shapes).family().normalises_first {
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

#[cfg(test)]
mod tests {
    use super::super::stored::Stored;
    use super::*;
    use crate::model::architecture::Stem;

    #[test]
    fn what_would_compute_other_numbers_is_refused_by_name() {
        let refused = |name: &str, shape: &[usize], without: &str| {
            let config = ResNetConfig::preset("resnet50", Stem::Imagenet, 9).unwrap();
            let mut shapes: Shapes = config.tensors().into_iter().collect();
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
}
