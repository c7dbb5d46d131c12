//! Settings of known runs.

use std::ffi::OsString;

use clap::ValueEnum;

/// A known run, as the flags that begin it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Preset {
    /// Nine super-classes at 64 pixels, at three sizes in turn
    #[value(name = "restricted9-64")]
    Restricted9At64,
    /// The same classes at 128 pixels
    #[value(name = "restricted9-128")]
    Restricted9At128,
    /// The paper's
    RestrictedImagenet,
    /// CIFAR-10, as the authors' package trains it
    #[value(name = "cifar10")]
    Cifar10,
}

impl Preset {
    fn flags(self) -> &'static str {
        match self {
            Preset::Restricted9At64 => "--sizes 40,48,64",
            Preset::Restricted9At128 => {
                "--network resnet18 --stem imagenet --size 128 --sizes 64,96,128 --eps 2 --crop 0.35 --shift 0 \
                 --colour 0.2"
            }
            Preset::RestrictedImagenet => {
                "--network resnet50 --stem imagenet --size 224 --classes restricted-imagenet --epochs 110 --lr 0.1 \
                 --schedule steps --milestones 30,60 --label-smoothing 0 --average 0 --eps 3.5 --attack-steps 7 \
                 --attack-step-size 0.1 --balance 0 --colour 0.1"
            }
            Preset::Cifar10 => {
                "--network resnet18 --stem cifar --size 32 --epochs 150 --lr 0.1 --schedule steps --milestones 50,100 \
                 --label-smoothing 0 --average 0 --eps 0.5 --attack-steps 7 --attack-step-size 0.1 --balance 0 \
                 --shift 0.125"
            }
        }
    }

    /// The command line with the preset's flags before all others of its command, which win.
    pub fn before(self, words: &[OsString]) -> Vec<OsString> {
        let (program, rest) = words.split_at(words.len().min(2));
        let flags = self.flags().split_whitespace().map(OsString::from);
        program.iter().cloned().chain(flags).chain(rest.iter().cloned()).collect()
    }
}
