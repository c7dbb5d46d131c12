//! What all families are put together from.

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
