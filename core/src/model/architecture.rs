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
    /// Layers before the first block.
    pub stem: Stem,
    /// Number of logits.
    pub classes: usize,
}

fn one() -> usize {
    1
}

/// One convolution and the batch normalisation after it, by their names in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvSpec {
    /// Name of the convolution, such as `layer1.0.conv2`.
    pub name: String,
    /// Name of the normalisation after it, such as `layer1.0.bn2`.
    pub norm: String,
    /// Channels in and out.
    pub channels: [usize; 2],
    /// Side of the square kernel; padding is half of it.
    pub kernel: usize,
    /// Stride in both directions.
    pub stride: usize,
}

/// One residual block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockSpec {
    /// The convolutions in order.
    pub body: Vec<ConvSpec>,
    /// The 1x1 convolution beside them, where the shapes differ.
    pub shortcut: Option<ConvSpec>,
}

/// Names of the tensors of a batch normalisation.
pub const NORM_PARTS: [&str; 4] = ["weight", "bias", "running_mean", "running_var"];

impl ResNetConfig {
    /// Names of the presets, the shallowest first.
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

    /// One of the [`PRESETS`](Self::PRESETS): basic blocks up to 34 layers, bottlenecks beyond.
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
            _ => return None,
        };
        let widths = vec![64, 128, 256, 512];
        Some(Self { block, blocks: blocks.into(), widths, widening, stem, classes })
    }

    /// The preset's name, where this is one.
    pub fn preset_name(&self) -> Option<&'static str> {
        Self::PRESETS
            .into_iter()
            .find(|name| Self::preset(name, self.stem, self.classes).as_ref() == Some(self))
    }

    /// Whether this is `other`, or `other` with more blocks a stage, for whatever classes.
    pub fn deepens(&self, other: &Self) -> bool {
        let Self { blocks, classes, .. } = other.clone();
        let same = Self { blocks, classes, ..self.clone() } == *other;
        same && self.blocks.len() == other.blocks.len()
            && self.blocks.iter().zip(&other.blocks).all(|(ours, theirs)| ours >= theirs)
    }

    /// Length `k` of the representation.
    pub fn representation_len(&self) -> usize {
        self.widths.last().copied().unwrap_or(0) * self.block.expansion()
    }

    /// The first convolution.
    pub fn stem_conv(&self) -> ConvSpec {
        ConvSpec {
            name: "conv1".into(),
            norm: "bn1".into(),
            channels: [3, self.widths.first().copied().unwrap_or(0)],
            kernel: self.stem.kernel(),
            stride: self.stem.stride(),
        }
    }

    /// All residual blocks in order. Every stage but the first halves the image.
    pub fn residual_blocks(&self) -> Vec<BlockSpec> {
        let mut specs = Vec::new();
        let mut channels = self.widths.first().copied().unwrap_or(0);
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
        let body = (1..)
            .zip(layers)
            .map(|(i, (channels, kernel, stride))| ConvSpec {
                name: format!("{prefix}.conv{i}"),
                norm: format!("{prefix}.bn{i}"),
                channels,
                kernel,
                stride,
            })
            .collect();
        let shortcut = (stride != 1 || channels != out).then(|| ConvSpec {
            name: format!("{prefix}.downsample.0"),
            norm: format!("{prefix}.downsample.1"),
            channels: [channels, out],
            kernel: 1,
            stride,
        });
        BlockSpec { body, shortcut }
    }

    /// Every tensor a file must hold, with its shape.
    pub fn tensors(&self) -> Vec<(String, Vec<usize>)> {
        let mut tensors = Vec::new();
        let blocks = self.residual_blocks();
        let convs = blocks.iter().flat_map(|block| block.body.iter().chain(&block.shortcut));
        for conv in std::iter::once(&self.stem_conv()).chain(convs) {
            let [input, output] = conv.channels;
            let shape = vec![output, input, conv.kernel, conv.kernel];
            tensors.push((format!("{}.weight", conv.name), shape));
            for part in NORM_PARTS {
                tensors.push((format!("{}.{part}", conv.norm), vec![output]));
            }
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
        assert!(ResNetConfig::preset("vgg16", Stem::Imagenet, 10).is_none());
    }
}
