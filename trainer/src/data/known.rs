//! Data sets that networks are published for: their classes and usual normalisers.

use clap::ValueEnum;

use super::{ClassMap, cifar};

/// A data set known by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Known {
    /// ImageNet's 1000 classes
    Imagenet,
    /// The paper's nine super-classes of ImageNet
    RestrictedImagenet,
    /// CIFAR-10
    Cifar10,
}

impl Known {
    /// Its classes in the order of their labels.
    pub fn classes(self) -> Vec<String> {
        match self {
            Self::Imagenet => include_str!("imagenet.txt").lines().map(str::to_owned).collect(),
            Self::RestrictedImagenet => ClassMap::RestrictedImagenet.names().collect(),
            Self::Cifar10 => cifar::CLASSES.map(str::to_owned).into(),
        }
    }

    /// Mean and standard deviation of its channels: torchvision's for ImageNet, those of the
    /// authors' `robustness` package for the others.
    pub fn normaliser(self) -> ([f32; 3], [f32; 3]) {
        match self {
            Self::Imagenet => ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
            Self::RestrictedImagenet => ([0.4717, 0.4499, 0.3837], [0.2600, 0.2516, 0.2575]),
            Self::Cifar10 => ([0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_a_name_of_its_own() {
        for (known, count) in
            [(Known::Imagenet, 1000), (Known::RestrictedImagenet, 9), (Known::Cifar10, 10)]
        {
            let mut names = known.classes();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), count, "{known:?}");
        }
        assert_eq!(Known::Imagenet.classes()[207], "golden retriever");
    }
}
