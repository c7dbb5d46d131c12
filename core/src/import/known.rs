//! Data sets that networks are published for: their classes and usual normalisers.

use super::Normaliser;

/// A data set known by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Known {
    /// ImageNet's 1000 classes
    Imagenet,
    /// The paper's nine super-classes of ImageNet
    RestrictedImagenet,
    /// CIFAR-10
    Cifar10,
}

/// Name and ImageNet indices, both ends included (the paper's table of super-classes).
pub const RESTRICTED_IMAGENET: [(&str, usize, usize); 9] = [
    ("dog", 151, 268),
    ("cat", 281, 285),
    ("frog", 30, 32),
    ("turtle", 33, 37),
    ("bird", 80, 100),
    ("primate", 365, 382),
    ("fish", 389, 397),
    ("crab", 118, 121),
    ("insect", 300, 319),
];

/// CIFAR-10's classes in the order of their labels.
pub const CIFAR10: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

impl Known {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Imagenet, Self::RestrictedImagenet, Self::Cifar10];

    /// What it is called on a command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Imagenet => "imagenet",
            Self::RestrictedImagenet => "restricted-imagenet",
            Self::Cifar10 => "cifar10",
        }
    }

    /// The one of that name, upper or lower case.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name().eq_ignore_ascii_case(name.trim()))
    }

    /// Its classes in the order of their labels.
    pub fn classes(self) -> Vec<String> {
        match self {
            Self::Imagenet => include_str!("imagenet.txt").lines().map(str::to_owned).collect(),
            Self::RestrictedImagenet => {
                RESTRICTED_IMAGENET.iter().map(|(name, ..)| (*name).to_owned()).collect()
            }
            Self::Cifar10 => CIFAR10.map(str::to_owned).into(),
        }
    }

    /// Mean and standard deviation of its channels: torchvision's for ImageNet, those of the
    /// authors' `robustness` package for the others.
    pub fn normaliser(self) -> Normaliser {
        let (mean, std) = match self {
            Self::Imagenet => ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
            Self::RestrictedImagenet => ([0.4717, 0.4499, 0.3837], [0.2600, 0.2516, 0.2575]),
            Self::Cifar10 => ([0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010]),
        };
        Normaliser { mean, std }
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
            assert_eq!(Known::named(known.name()), Some(known));
        }
        assert_eq!(Known::Imagenet.classes()[207], "golden retriever");
        assert_eq!(Known::named("dog"), None);
    }
}
