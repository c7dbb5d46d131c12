//! The families of residual networks: what distinguishes each from the others, and the networks that
//! go by a name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Block, Downsampling, ResNetConfig, Stem};

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

/// What others ask of an [`Order`].
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// Channels out of the first convolution, where they are not the first stage's.
    pub stem_width: Option<usize>,
    /// Whether a normalisation stands before every convolution of a block, and not after it.
    pub normalises_first: bool,
    /// Whether one more, named [`ResNetConfig::LAST_NORM`], and a ReLU stand at the end.
    pub normalises_last: bool,
    /// Whether a shortcut's convolution takes the block's input, and not what the first ReLU gave.
    pub raw_shortcuts: bool,
    /// Whether it can be trained, and deepened: a block can be put in without changing what follows.
    pub trains: bool,
    /// What torchvision's networks do not do, and these do, after "a network that"; none where they are
    /// torchvision's.
    pub unlike_torchvision: Option<&'static str>,
    /// What all of them begin with that are published, where that is known.
    pub usual_stem: Option<Stem>,
    /// Why it has neither bottlenecks nor a pooling after its first convolution, if it has not.
    pub basic_only: Option<&'static str>,
    /// What names and shapes do not tell, for whoever imports such a network.
    pub assumed: fn(&ResNetConfig) -> String,
}

impl Order {
    /// One of each, with as many channels out of the first convolution where that is free.
    pub const fn all(stem: usize) -> [Self; 3] {
        [Self::After, Self::Before { stem }, Self::Bare { stem }]
    }

    /// What distinguishes it.
    pub const fn family(self) -> Family {
        match self {
            Self::After => Family {
                stem_width: None,
                normalises_first: false,
                normalises_last: false,
                raw_shortcuts: true,
                trains: true,
                unlike_torchvision: None,
                usual_stem: None,
                basic_only: None,
                assumed: assumed_after,
            },
            Self::Before { stem } => Family {
                stem_width: Some(stem),
                normalises_first: true,
                normalises_last: true,
                raw_shortcuts: false,
                trains: false,
                unlike_torchvision: Some("normalises before its convolutions"),
                // All that are published with these names keep CIFAR-10's 32 pixels.
                usual_stem: Some(Stem::Cifar),
                basic_only: Some(
                    "only basic blocks behind a 3x3 convolution normalise before their convolutions",
                ),
                assumed: |_| assumed_before("after the first ReLU"),
            },
            Self::Bare { stem } => Family {
                normalises_last: false,
                raw_shortcuts: true,
                assumed: |_| {
                    assumed_before(
                        "from a block's input as it is, as where nothing normalises after the last block",
                    )
                },
                ..Self::Before { stem }.family()
            },
        }
    }

    /// That of tensors of these names (torchvision's) and shapes. Only a network that normalises before
    /// its convolutions has no normalisation after the first.
    pub fn of(shapes: &BTreeMap<String, Vec<usize>>) -> Self {
        let stem = shapes.get("conv1.weight").and_then(|shape| shape.first());
        let Some(&stem) = stem.filter(|_| !shapes.contains_key("bn1.weight")) else {
            return Self::After;
        };
        if shapes.contains_key(&format!("{}.weight", ResNetConfig::LAST_NORM)) {
            return Self::Before { stem };
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
            true => Self::Bare { stem },
            false => Self::After,
        }
    }

    /// Why no network of this family has such blocks behind such a stem, if none has.
    pub fn fault(self, block: Block, stem: Stem) -> Option<&'static str> {
        let Family { stem_width, basic_only, .. } = self.family();
        let other = block == Block::Bottleneck || stem.pools();
        let out_of_range = stem_width.is_some_and(|width| !(1..=4096).contains(&width));
        basic_only.filter(|_| other || out_of_range)
    }
}

fn assumed_after(network: &ResNetConfig) -> String {
    let also = match network.block {
        Block::Basic => "",
        Block::Bottleneck => "where a bottleneck's stride is, ",
    };
    let (blurs, way) = match network.downsampling {
        Downsampling::Strided => (
            ", and whether pooling and strides blur",
            "torchvision's way is assumed, which is \"strided\" downsampling and not \"blurred\"",
        ),
        Downsampling::Blurred => (
            ", and how a blur is made",
            "torchvision's way is assumed, with the blurs of timm's resnetblur",
        ),
    };
    format!(
        "Names and shapes do not tell {also}whether a convolution is dilated{blurs}: {way}. If in \
         doubt, compare its logits with PyTorch's."
    )
}

fn assumed_before(shortcuts: &str) -> String {
    format!(
        "Names and shapes do not tell where a network that normalises before its convolutions \
         takes its shortcuts from, and that its activation is a ReLU: the way of RobustBench's \
         is assumed, {shortcuts}. If in doubt, compare its logits with PyTorch's."
    )
}

/// A network that goes by a name, its stem and classes aside.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// The name.
    pub name: &'static str,
    /// Where normalisation and ReLU stand.
    pub order: Order,
    /// Whether torchvision has a function of that name.
    torchvision: bool,
    block: Block,
    blocks: &'static [usize],
    widths: &'static [usize],
    widening: usize,
}

const BASIC: Preset = Preset {
    name: "resnet18",
    order: Order::After,
    torchvision: true,
    block: Block::Basic,
    blocks: &[2, 2, 2, 2],
    widths: &[64, 128, 256, 512],
    widening: 1,
};

const BOTTLENECK: Preset =
    Preset { name: "resnet50", block: Block::Bottleneck, blocks: &[3, 4, 6, 3], ..BASIC };

/// Of each family the shallowest first. Those that normalise before their convolutions have
/// RobustBench's names.
pub const PRESETS: [Preset; 10] = [
    Preset { name: "resnet10", blocks: &[1, 1, 1, 1], torchvision: false, ..BASIC },
    BASIC,
    Preset { name: "resnet34", blocks: &[3, 4, 6, 3], ..BASIC },
    BOTTLENECK,
    Preset { name: "resnet101", blocks: &[3, 4, 23, 3], ..BOTTLENECK },
    Preset { name: "resnet152", blocks: &[3, 8, 36, 3], ..BOTTLENECK },
    Preset { name: "wide_resnet50_2", widening: 2, ..BOTTLENECK },
    Preset { name: "wide_resnet50_4", widening: 4, torchvision: false, ..BOTTLENECK },
    Preset {
        name: "preact_resnet18",
        order: Order::Before { stem: 64 },
        torchvision: false,
        ..BASIC
    },
    Preset {
        name: "wide_resnet28_10",
        order: Order::Before { stem: 16 },
        torchvision: false,
        blocks: &[4, 4, 4],
        widths: &[160, 320, 640],
        ..BASIC
    },
];

impl Preset {
    /// The network with these first layers and so many classes.
    pub fn network(&self, stem: Stem, classes: usize) -> ResNetConfig {
        let Self { block, blocks, widths, widening, order, .. } = *self;
        let (blocks, widths) = (blocks.to_vec(), widths.to_vec());
        let downsampling = Downsampling::default();
        ResNetConfig { block, blocks, widths, widening, order, downsampling, stem, classes }
    }

    /// Names of those that can be trained.
    pub fn trainable() -> impl Iterator<Item = &'static str> {
        PRESETS.iter().filter(|preset| preset.order.family().trains).map(|preset| preset.name)
    }
}

impl ResNetConfig {
    /// The [`Preset`] of that name.
    pub fn preset(name: &str, stem: Stem, classes: usize) -> Option<Self> {
        let preset = PRESETS.iter().find(|preset| preset.name == name);
        preset.map(|preset| preset.network(stem, classes))
    }

    /// The preset's name, where this is one; its downsampling aside.
    pub fn preset_name(&self) -> Option<&'static str> {
        self.as_preset().map(|preset| preset.name)
    }

    /// The function of torchvision that builds the network, its stem aside.
    pub fn torchvision_name(&self) -> Option<&'static str> {
        let known = self.as_preset().filter(|preset| preset.torchvision && !self.blurs());
        known.map(|preset| preset.name)
    }

    fn as_preset(&self) -> Option<&'static Preset> {
        let strided = Self { downsampling: Downsampling::Strided, ..self.clone() };
        PRESETS.iter().find(|preset| preset.network(self.stem, self.classes) == strided)
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
