//! Joining ImageNet's classes to fewer.

use clap::ValueEnum;
use robust_core::import::known::RESTRICTED_IMAGENET as RESTRICTED;

/// Which of ImageNet's classes become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ClassMap {
    /// The paper's nine super-classes of ImageNet; all other classes are left out
    RestrictedImagenet,
}

impl ClassMap {
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
