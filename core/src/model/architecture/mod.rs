//! The ResNet family of He et al. 2016, as names and shapes.
//!
//! One description serves everyone: the reader checks a file against it, the importer infers it,
//! the network is built from it.

mod family;
mod parts;

use serde::{Deserialize, Serialize};

pub use self::family::{Family, Order, PRESETS, Preset};
pub use self::parts::{Block, Downsampling, Stem};

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
    /// How the stem's pooling and the blocks of stride 2 halve their maps.
    #[serde(default)]
    pub downsampling: Downsampling,
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
    /// How many of them come before a blur that halves the map, in a block with one. It takes what
    /// the last of these gave after normalisation and ReLU.
    pub blur_after: Option<usize>,
    /// The 1x1 convolution beside them, where the shapes differ.
    pub shortcut: Option<ConvSpec>,
}

/// Names of the tensors of a batch normalisation.
pub const NORM_PARTS: [&str; 4] = ["weight", "bias", "running_mean", "running_var"];

impl ResNetConfig {
    /// Name of the normalisation at the end of a network, where its family has one.
    pub const LAST_NORM: &str = "bn";

    /// What distinguishes the networks of its [`Order`].
    pub fn family(&self) -> Family {
        self.order.family()
    }

    /// Whether this is `other`, or `other` with more blocks a stage, for whatever classes and with
    /// whatever downsampling, which changes no tensor; never of a family that cannot be trained.
    pub fn deepens(&self, other: &Self) -> bool {
        let Self { blocks, classes, downsampling, .. } = other.clone();
        let same = Self { blocks, classes, downsampling, ..self.clone() } == *other;
        same && self.family().trains
            && self.blocks.len() == other.blocks.len()
            && self.blocks.iter().zip(&other.blocks).all(|(ours, theirs)| ours >= theirs)
    }

    /// Whether blurs make its maps smaller, and not strides alone.
    pub fn blurs(&self) -> bool {
        self.downsampling == Downsampling::Blurred
    }

    /// Length `k` of the representation.
    pub fn representation_len(&self) -> usize {
        self.widths.last().copied().unwrap_or(0) * self.block.expansion()
    }

    /// Channels out of the first convolution.
    fn stem_width(&self) -> usize {
        self.family().stem_width.or(self.widths.first().copied()).unwrap_or(0)
    }

    /// The first convolution.
    pub fn stem_conv(&self) -> ConvSpec {
        ConvSpec {
            name: "conv1".into(),
            norm: (!self.family().normalises_first).then(|| "bn1".into()),
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
        let blurs = stride > 1 && self.blurs();
        let of_3x3 = if blurs { 1 } else { stride };
        // (channels in and out, kernel, stride) of each convolution.
        let layers = match self.block {
            Block::Basic => vec![([channels, width], 3, of_3x3), ([width, width], 3, 1)],
            Block::Bottleneck => {
                vec![([channels, inner], 1, 1), ([inner, inner], 3, of_3x3), ([inner, out], 1, 1)]
            }
        };
        let first = self.family().normalises_first;
        let count = layers.len();
        // What follows a convolution is the next one's, where normalisation comes first.
        let norm = |i: usize| match first {
            false => Some(format!("{prefix}.bn{i}")),
            true => (i < count).then(|| format!("{prefix}.bn{}", i + 1)),
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
            norm: (!first).then(|| format!("{prefix}.downsample.1")),
            channels: [channels, out],
            kernel: 1,
            stride,
        });
        let first_norm = first.then(|| format!("{prefix}.bn1"));
        let blur_after = blurs.then_some(count - 1);
        BlockSpec { first_norm, body, blur_after, shortcut }
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
        if self.family().normalises_last {
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
    fn a_blur_changes_no_tensor_and_takes_the_place_of_a_stride() {
        for (name, stem) in [("resnet18", Stem::Imagenet), ("resnet50", Stem::Small)] {
            let strided = ResNetConfig::preset(name, stem, 9).unwrap();
            let blurred = ResNetConfig { downsampling: Downsampling::Blurred, ..strided.clone() };
            assert_eq!(blurred.tensors(), strided.tensors());
            assert_eq!(blurred.preset_name(), Some(name));
            assert_eq!(blurred.torchvision_name(), None);
            assert_eq!(blurred.stem_conv(), strided.stem_conv());
            assert!(blurred.deepens(&strided) && strided.deepens(&blurred));
            let convolutions = strided.block.convolutions();
            for (blurs, strides_of) in
                blurred.residual_blocks().iter().zip(strided.residual_blocks())
            {
                let halves = strides_of.shortcut.as_ref().is_some_and(|conv| conv.stride == 2);
                assert_eq!(blurs.blur_after, halves.then_some(convolutions - 1));
                assert_eq!(blurs.shortcut, strides_of.shortcut);
                assert!(blurs.body.iter().all(|conv| conv.stride == 1));
            }
        }
    }

    #[test]
    fn descriptions_from_before_there_were_blurs_are_of_strides() {
        let old = r#"{"block":"basic","blocks":[1],"widths":[4],"stem":"cifar","classes":2}"#;
        let network: ResNetConfig = serde_json::from_str(old).unwrap();
        assert_eq!(network.downsampling, Downsampling::Strided);
        let new = old.replace('}', r#","downsampling":"blurred"}"#);
        assert!(serde_json::from_str::<ResNetConfig>(&new).unwrap().blurs());
    }
}
