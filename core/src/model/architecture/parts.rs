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

/// How a network makes its maps smaller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Downsampling {
    /// By the strides of convolutions and pooling, as torchvision's ResNets do.
    #[default]
    Strided,
    /// Stride 1, then a blur of stride 2 behind the ReLU or the pooling, which keeps fine patterns from
    /// becoming coarse ones (Zhang 2019, "Making convolutional networks shift-invariant again"): timm's
    /// `resnetblur` networks. The first convolution and the shortcuts keep their strides.
    Blurred,
}

impl Downsampling {
    /// The places of a line of `side` that place `to` of the blurred line is made of, and the share of
    /// each: (1 2 1)/4 around place `2 to`. Beyond its ends the line is reflected; one that has nothing
    /// to reflect stays as it is.
    pub fn blur(to: usize, side: usize) -> [(usize, f32); 3] {
        let at = 2 * to;
        let last = side.saturating_sub(1);
        let reflected = |place: usize| place.min((2 * last).saturating_sub(place));
        [(at.abs_diff(1).min(last), 0.25), (at, 0.5), (reflected(at + 1), 0.25)]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blur_reflects_where_a_line_ends() {
        let places = |to, side| Downsampling::blur(to, side).map(|(place, _)| place);
        assert_eq!((places(0, 8), places(3, 8)), ([1, 0, 1], [5, 6, 7]));
        assert_eq!((places(0, 5), places(2, 5)), ([1, 0, 1], [3, 4, 3]));
        assert_eq!((places(0, 2), places(0, 1)), ([1, 0, 1], [0, 0, 0]));
        assert_eq!(Downsampling::blur(1, 4).map(|(_, share)| share), [0.25, 0.5, 0.25]);
    }
}
