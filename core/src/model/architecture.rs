//! The ResNet family of He et al. 2016, as names and shapes.
//!
//! One description serves everyone: the reader checks a file against it, the importer infers it,
//! the network is built from it.

use serde::{Deserialize, Serialize};

/// What a residual block is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Block {
    /// Two 3x3 convolutions.
    Basic,
    /// 1x1, 3x3 and 1x1 convolutions; the last is four times as wide.
    Bottleneck,
}

impl Block {
    /// Channels out of a block, as a multiple of its stage's width.
    pub fn expansion(self) -> usize {
        match self {
            Block::Basic => 1,
            Block::Bottleneck => 4,
        }
    }

    /// Convolutions of a block, its shortcut aside.
    pub fn convolutions(self) -> usize {
        match self {
            Block::Basic => 2,
            Block::Bottleneck => 3,
        }
    }
}

/// The layers before the first residual block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Stem {
    /// 7x7 stride 2, then 3x3 max pooling stride 2: for 224-pixel images.
    Imagenet,
    /// 3x3 stride 1, no pooling: for 32-pixel images.
    Cifar,
    /// 3x3 stride 2, no pooling: for 64-pixel images.
    Small,
}

impl Stem {
    /// Side of the first convolution's kernel.
    pub fn kernel(self) -> usize {
        match self {
            Stem::Imagenet => 7,
            Stem::Cifar | Stem::Small => 3,
        }
    }

    /// Stride of the first convolution.
    pub fn stride(self) -> usize {
        match self {
            Stem::Cifar => 1,
            Stem::Imagenet | Stem::Small => 2,
        }
    }

    /// Whether a 3x3 max pooling of stride 2 follows.
    pub fn pools(self) -> bool {
        self == Stem::Imagenet
    }

    /// The input size the stem is meant for, in pixels.
    pub fn usual_input_size(self) -> usize {
        match self {
            Stem::Imagenet => 224,
            Stem::Small => 64,
            Stem::Cifar => 32,
        }
    }
}

/// Where normalisation and ReLU stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// After each convolution (He et al. 2016, "Deep residual learning").
    #[default]
    After,
    /// Before each convolution, and once more at the end (He et al. 2016, "Identity mappings"): the
    /// PreActResNets and WideResNets of CIFAR-10. A shortcut's convolution takes what the block's first
    /// ReLU gave.
    Before {
        /// Channels out of the first convolution.
        stem: usize,
    },
    /// Before each convolution, but not once more at the end; and a shortcut's convolution takes the block's
    /// input as it is: RobustBench's PreActResNets of 2020.
    Bare {
        /// Channels out of the first convolution.
        stem: usize,
    },
}

/// A residual network: everything that fixes its tensors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResNetConfig {
    /// Kind of residual block.
    pub block: Block,
    /// Residual blocks in each stage.
    pub blocks: Vec<usize>,
    /// Width of each stage (the representation is `widths.last() * expansion` long).
    pub widths: Vec<usize>,
    /// Channels inside a bottleneck, as a multiple of its stage's width: 1 but in wide networks
    /// (Zagoruyko and Komodakis 2016; 2 in torchvision's Wide ResNet-50-2).
    #[serde(default = "one")]
    pub widening: usize,
    /// Where normalisation and ReLU stand.
    #[serde(default)]
    pub order: Order,
    /// Layers before the first block.
    pub stem: Stem,
    /// Number of logits.
    pub classes: usize,
}

fn one() -> usize {
    1
}

/// One convolution and the batch normalisation right after it, by their names in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvSpec {
    /// Name of the convolution, such as `layer1.0.conv2`.
    pub name: String,
    /// Name of the normalisation after it, such as `layer1.0.bn2`, if there is one.
    pub norm: Option<String>,
    /// Channels in and out.
    pub channels: [usize; 2],
    /// Side of the square kernel; padding is half of it.
    pub kernel: usize,
    /// Stride in both directions.
    pub stride: usize,
}

impl ConvSpec {
    /// Name of one of the [`NORM_PARTS`] of its normalisation.
    pub fn norm_part(&self, part: &str) -> String {
        format!("{}.{part}", self.norm.as_deref().unwrap_or_default())
    }
}

/// One residual block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockSpec {
    /// Name of the normalisation before all convolutions, if there is one.
    pub first_norm: Option<String>,
    /// The convolutions in order.
    pub body: Vec<ConvSpec>,
    /// The 1x1 convolution beside them, where the shapes differ.
    pub shortcut: Option<ConvSpec>,
}

/// Names of the tensors of a batch normalisation.
pub const NORM_PARTS: [&str; 4] = ["weight", "bias", "running_mean", "running_var"];

impl ResNetConfig {
    /// Name of the normalisation at the end of a network whose [`Order`] is `Before`.
    pub const LAST_NORM: &str = "bn";

    /// Names of the presets that can be trained, the shallowest first.
    pub const PRESETS: [&str; 8] = [
        "resnet10",
        "resnet18",
        "resnet34",
        "resnet50",
        "resnet101",
        "resnet152",
        "wide_resnet50_2",
        "wide_resnet50_4",
    ];

    /// Networks that normalise before their convolutions, and can be imported: RobustBench's names.
    pub const PREACTIVATED: [&str; 2] = ["preact_resnet18", "wide_resnet28_10"];

    /// One of the [`PRESETS`](Self::PRESETS) or [`PREACTIVATED`](Self::PREACTIVATED): basic blocks up
    /// to 34 layers, bottlenecks beyond.
    pub fn preset(name: &str, stem: Stem, classes: usize) -> Option<Self> {
        let (block, blocks, widening) = match name {
            "resnet10" => (Block::Basic, [1, 1, 1, 1], 1),
            "resnet18" => (Block::Basic, [2, 2, 2, 2], 1),
            "resnet34" => (Block::Basic, [3, 4, 6, 3], 1),
            "resnet50" => (Block::Bottleneck, [3, 4, 6, 3], 1),
            "resnet101" => (Block::Bottleneck, [3, 4, 23, 3], 1),
            "resnet152" => (Block::Bottleneck, [3, 8, 36, 3], 1),
            "wide_resnet50_2" => (Block::Bottleneck, [3, 4, 6, 3], 2),
            "wide_resnet50_4" => (Block::Bottleneck, [3, 4, 6, 3], 4),
            "preact_resnet18" => (Block::Basic, [2, 2, 2, 2], 1),
            "wide_resnet28_10" => {
                let (blocks, widths) = (vec![4, 4, 4], vec![160, 320, 640]);
                let (block, order) = (Block::Basic, Order::Before { stem: 16 });
                return Some(Self { block, blocks, widths, widening: 1, order, stem, classes });
            }
            _ => return None,
        };
        let order = match name {
            "preact_resnet18" => Order::Before { stem: 64 },
            _ => Order::After,
        };
        let widths = vec![64, 128, 256, 512];
        Some(Self { block, blocks: blocks.into(), widths, widening, order, stem, classes })
    }

    /// The preset's name, where this is one.
    pub fn preset_name(&self) -> Option<&'static str> {
        Self::PRESETS
            .into_iter()
            .chain(Self::PREACTIVATED)
            .find(|name| Self::preset(name, self.stem, self.classes).as_ref() == Some(self))
    }

    /// Whether this is `other`, or `other` with more blocks a stage, for whatever classes; never where
    /// normalisation comes first, since a block cannot then be put in without changing what follows.
    pub fn deepens(&self, other: &Self) -> bool {
        let Self { blocks, classes, .. } = other.clone();
        let same = Self { blocks, classes, ..self.clone() } == *other;
        same && self.order == Order::After
            && self.blocks.len() == other.blocks.len()
            && self.blocks.iter().zip(&other.blocks).all(|(ours, theirs)| ours >= theirs)
    }

    /// Length `k` of the representation.
    pub fn representation_len(&self) -> usize {
        self.widths.last().copied().unwrap_or(0) * self.block.expansion()
    }

    /// Channels out of the first convolution.
    fn stem_width(&self) -> usize {
        match self.order {
            Order::After => self.widths.first().copied().unwrap_or(0),
            Order::Before { stem } | Order::Bare { stem } => stem,
        }
    }

    /// The first convolution.
    pub fn stem_conv(&self) -> ConvSpec {
        ConvSpec {
            name: "conv1".into(),
            norm: (self.order == Order::After).then(|| "bn1".into()),
            channels: [3, self.stem_width()],
            kernel: self.stem.kernel(),
            stride: self.stem.stride(),
        }
    }

    /// All residual blocks in order. Every stage but the first halves the image.
    pub fn residual_blocks(&self) -> Vec<BlockSpec> {
        let mut specs = Vec::new();
        let mut channels = self.stem_width();
        for (stage, (&count, &width)) in self.blocks.iter().zip(&self.widths).enumerate() {
            for index in 0..count {
                let stride = if stage > 0 && index == 0 { 2 } else { 1 };
                let prefix = format!("layer{}.{index}", stage + 1);
                specs.push(self.residual_block(&prefix, channels, width, stride));
                channels = width * self.block.expansion();
            }
        }
        specs
    }

    fn residual_block(
        &self,
        prefix: &str,
        channels: usize,
        width: usize,
        stride: usize,
    ) -> BlockSpec {
        let (inner, out) = (width * self.widening, width * self.block.expansion());
        // (channels in and out, kernel, stride) of each convolution.
        let layers = match self.block {
            Block::Basic => vec![([channels, width], 3, stride), ([width, width], 3, 1)],
            Block::Bottleneck => {
                vec![([channels, inner], 1, 1), ([inner, inner], 3, stride), ([inner, out], 1, 1)]
            }
        };
        let after = self.order == Order::After;
        let count = layers.len();
        // What follows a convolution is the next one's, where normalisation comes first.
        let norm = |i: usize| match self.order {
            Order::After => Some(format!("{prefix}.bn{i}")),
            Order::Before { .. } | Order::Bare { .. } => {
                (i < count).then(|| format!("{prefix}.bn{}", i + 1))
            }
        };
        let body = (1..)
            .zip(layers)
            .map(|(i, (channels, kernel, stride))| ConvSpec {
                name: format!("{prefix}.conv{i}"),
                norm: norm(i),
                channels,
                kernel,
                stride,
            })
            .collect();
        let shortcut = (stride != 1 || channels != out).then(|| ConvSpec {
            name: format!("{prefix}.downsample.0"),
            norm: after.then(|| format!("{prefix}.downsample.1")),
            channels: [channels, out],
            kernel: 1,
            stride,
        });
        let first_norm = (!after).then(|| format!("{prefix}.bn1"));
        BlockSpec { first_norm, body, shortcut }
    }

    /// Every tensor a file must hold, with its shape.
    pub fn tensors(&self) -> Vec<(String, Vec<usize>)> {
        let mut tensors = Vec::new();
        let mut norms = Vec::new();
        let blocks = self.residual_blocks();
        let convs = blocks.iter().flat_map(|block| block.body.iter().chain(&block.shortcut));
        for conv in std::iter::once(&self.stem_conv()).chain(convs) {
            let [input, output] = conv.channels;
            let shape = vec![output, input, conv.kernel, conv.kernel];
            tensors.push((format!("{}.weight", conv.name), shape));
            norms.extend(conv.norm.clone().map(|norm| (norm, output)));
        }
        for block in &blocks {
            let channels = block.body.first().map_or(0, |conv| conv.channels[0]);
            norms.extend(block.first_norm.clone().map(|norm| (norm, channels)));
        }
        if matches!(self.order, Order::Before { .. }) {
            norms.push((Self::LAST_NORM.into(), self.representation_len()));
        }
        for (norm, channels) in norms {
            tensors.extend(NORM_PARTS.map(|part| (format!("{norm}.{part}"), vec![channels])));
        }
        tensors.push(("fc.weight".into(), vec![self.classes, self.representation_len()]));
        tensors.push(("fc.bias".into(), vec![self.classes]));
        tensors
    }

    /// Number of trainable parameters (running statistics are none).
    pub fn parameters(&self) -> usize {
        self.tensors()
            .iter()
            .filter(|(name, _)| !name.contains("running_"))
            .map(|(_, shape)| shape.iter().product::<usize>())
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_have_the_published_sizes() {
        // Parameter counts of torchvision's networks with 1000 classes.
        for (name, parameters) in [
            ("resnet18", 11_689_512),
            ("resnet34", 21_797_672),
            ("resnet50", 25_557_032),
            ("resnet101", 44_549_160),
            ("resnet152", 60_192_808),
            ("wide_resnet50_2", 68_883_240),
        ] {
            let config = ResNetConfig::preset(name, Stem::Imagenet, 1000).unwrap();
            assert_eq!(config.parameters(), parameters, "{name}");
            assert_eq!(config.preset_name(), Some(name));
        }
        // RobustBench's, for CIFAR-10; the latter's size is in Zagoruyko and Komodakis 2016.
        for (name, parameters) in
            [("preact_resnet18", 11_172_170), ("wide_resnet28_10", 36_479_194)]
        {
            let config = ResNetConfig::preset(name, Stem::Cifar, 10).unwrap();
            assert_eq!(config.parameters(), parameters, "{name}");
            assert_eq!(config.preset_name(), Some(name));
        }
        assert!(ResNetConfig::preset("vgg16", Stem::Imagenet, 10).is_none());
    }
}
