//! Joining ImageNet's classes to fewer.

use clap::ValueEnum;

/// Which of ImageNet's classes become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ClassMap {
    /// The paper's nine super-classes of ImageNet; all other classes are left out
    RestrictedImagenet,
}

/// Name and ImageNet indices, both ends included (the paper's table of super-classes).
const RESTRICTED: [(&str, usize, usize); 9] = [
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

impl ClassMap {
    /// The joint classes in the order of their labels.
    pub fn names(self) -> impl Iterator<Item = String> {
        RESTRICTED.iter().map(|(name, ..)| (*name).to_owned())
    }

    /// The joint class of a folder that is named by its index among ImageNet's 1000 classes; none
    /// where that class is left out or the name is no index.
    pub fn class_of(self, folder: &str) -> Option<&'static str> {
        let index: usize = folder.parse().ok()?;
        let joint = RESTRICTED.iter().find(|(_, first, last)| (*first..=*last).contains(&index));
        joint.map(|(name, ..)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_of_a_range_belong_to_it() {
        let class = |folder| ClassMap::RestrictedImagenet.class_of(folder);
        assert_eq!((class("151"), class("268")), (Some("dog"), Some("dog")));
        assert_eq!((class("0150"), class("269"), class("n01440764")), (None, None, None));
        assert_eq!((class("0033"), class("32")), (Some("turtle"), Some("frog")));
    }
}
