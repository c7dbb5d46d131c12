//! Every setting of a training run: flags, help and what a checkpoint remembers, in one struct.

use anyhow::{Result, bail};
use clap::ValueEnum;
use clap::builder::PossibleValue;
use robust_core::model::architecture::{Downsampling, Preset, ResNetConfig, Stem};
use robust_core::settings::PgdSettings;
use serde::{Deserialize, Serialize};

use super::precision::Precision;
use super::schedule::Schedule;
use crate::autoattack::Norm;
use crate::data::{Augment, ClassMap, Order};
use crate::ranges;

/// How a network is trained, equation (3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, clap::Args)]
pub struct TrainConfig {
    /// Name of the network, a preset that can be trained
    #[arg(long, default_value = "resnet10", help = format!("Network: {}", trainable()))]
    pub network: String,
    /// Channels of each stage, if not the preset's; fewer stages than usual are allowed
    #[arg(long, value_delimiter = ',')]
    pub widths: Vec<usize>,
    /// Layers before the first block
    #[arg(long, default_value = "small")]
    pub stem: Stem,
    /// How the network makes its maps smaller: by strides, or with a blur, which costs more and
    /// keeps fine patterns from becoming coarse ones [default: that of --init, else strided]
    #[arg(long)]
    #[serde(skip)] // A checkpoint's card has it.
    pub downsampling: Option<Downsampling>,
    /// Side in pixels of the images that the network is made for; smaller ones are enlarged
    #[arg(long, default_value_t = 64)]
    pub size: usize,
    /// Sides in pixels to train at, one after another for equal shares of the steps; epsilon
    /// shrinks in proportion [default: the size]
    #[arg(long, value_delimiter = ',')]
    pub sizes: Vec<usize>,
    /// Join ImageNet's 1000 class folders to fewer classes
    #[arg(long)]
    #[serde(skip)]
    pub classes: Option<ClassMap>,
    /// Passes over the images
    #[arg(long, default_value_t = 18, value_parser = ranges::count)]
    pub epochs: usize,
    /// Images per step
    #[arg(long, default_value_t = 128, value_parser = ranges::count)]
    pub batch: usize,
    /// Largest learning rate
    #[arg(long, default_value_t = 0.12)]
    pub lr: f64,
    /// How the learning rate changes: one-cycle, cosine or steps
    #[arg(long, default_value = "one-cycle")]
    pub schedule: Schedule,
    /// Epochs after which the learning rate is divided by 10 (schedule steps)
    #[arg(long, value_delimiter = ',')]
    pub milestones: Vec<usize>,
    /// Momentum of stochastic gradient descent
    #[arg(long, default_value_t = 0.9)]
    pub momentum: f64,
    /// Weight decay
    #[arg(long, default_value_t = 5e-4, value_parser = ranges::factor)]
    pub weight_decay: f32,
    /// Share of the label that is spread evenly over all classes
    #[arg(long, default_value_t = 0.05, value_parser = ranges::share_below_one)]
    pub label_smoothing: f32,
    /// Share of the past in the moving average of the weights; 0 turns it off
    #[arg(long, default_value_t = 0.997, value_parser = ranges::share_below_one)]
    pub average: f32,
    /// Norm that the adversary is held to
    #[arg(long, default_value = "l2")]
    pub constraint: Norm,
    /// Radius of the adversary's ball, at the full size
    #[arg(long, default_value_t = 1.0, value_parser = ranges::length)]
    pub eps: f32,
    /// Radius at the first step, from which it grows evenly to --eps at the last one; step sizes follow
    #[arg(long, value_parser = ranges::length)]
    #[serde(default)]
    pub eps_from: Option<f32>,
    /// The adversary's steps; 0 trains a standard network
    #[arg(long, default_value_t = 1, value_parser = ranges::steps_or_zero)]
    pub attack_steps: usize,
    /// The adversary's steps in the last fifth of the run, if they differ there
    #[arg(long, value_parser = ranges::steps)]
    #[serde(default)]
    pub late_attack_steps: Option<usize>,
    /// Length of an adversary's step at --eps [default: 1.25 eps for one step, else 2.5 eps / steps]
    #[arg(long, value_parser = ranges::length)]
    pub attack_step_size: Option<f32>,
    /// 0: every image once per epoch; 1: all classes equally often; values between mix the two
    #[arg(long, default_value_t = 0.5, value_parser = ranges::share)]
    pub balance: f32,
    #[command(flatten)]
    pub augment: Augment,
    /// Copies of the network that share each batch: one per graphics card, or each on its part of the
    /// processor's cores. Every copy normalises by its own part of the batch
    #[arg(long, default_value_t = 1)]
    #[serde(default = "one")]
    pub replicas: usize,
    /// What products are computed in; with bf16, weights and sums stay f32
    #[arg(long, default_value = "auto")]
    #[serde(default)]
    pub precision: Precision,
    /// Seed of weights, order, augmentation and attack
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
}

/// Default for checkpoints written before `--replicas` existed.
fn one() -> usize {
    1
}

/// Share of a run after which it is late.
const LATE: f64 = 0.8;

impl TrainConfig {
    /// Checks the ranges.
    ///
    /// # Errors
    ///
    /// Names the first setting that is out of range.
    pub fn check(&self) -> Result<()> {
        if self.batch < 2 {
            bail!("--batch must be at least 2");
        }
        if !(1..=self.batch / 2).contains(&self.replicas) {
            bail!("--replicas must leave at least two images of the batch for each");
        }
        if !(self.lr > 0.0 && self.lr.is_finite()) {
            bail!("--lr must be a number above 0");
        }
        if !(0.0..1.0).contains(&self.momentum) {
            bail!("--momentum must be in [0, 1)");
        }
        if self.widths.iter().any(|width| !(1..=4096).contains(width)) {
            bail!("--widths must be from 1 to 4096 channels");
        }
        if self.attack_steps == 0 && (self.eps_from.is_some() || self.late_attack_steps.is_some()) {
            bail!(
                "--attack-steps 0 has no adversary that --eps-from or --late-attack-steps could change"
            );
        }
        if self.sizes.iter().chain([&self.size]).any(|size| !(8..=1024).contains(size)) {
            bail!("--size and --sizes must be from 8 to 1024 pixels");
        }
        Ok(())
    }

    /// The network's shape.
    ///
    /// # Errors
    ///
    /// Where its name is unknown or there are more widths than stages.
    pub fn architecture(&self, classes: usize) -> Result<ResNetConfig> {
        let preset = ResNetConfig::preset(&self.network, self.stem, classes);
        let Some(mut network) = preset.filter(|preset| preset.family().trains) else {
            let names: Vec<&str> = Preset::trainable().collect();
            bail!("--network must be one of {}", names.join(", "));
        };
        if self.widths.len() > network.blocks.len() {
            bail!(
                "--widths names more stages than the {} of {}",
                network.blocks.len(),
                self.network
            );
        }
        if !self.widths.is_empty() {
            network.blocks.truncate(self.widths.len());
            network.widths = self.widths.clone();
        }
        network.downsampling = self.downsampling.unwrap_or_default();
        Ok(network)
    }

    /// Where the flags say nothing of it, the downsampling of the network that a run begins with.
    pub fn keep_downsampling(&mut self, first: Option<&ResNetConfig>) {
        self.downsampling = self.downsampling.or(first.map(|network| network.downsampling));
    }

    /// The adversary for images of `size` pixels after `done` of all steps, a share; none for a standard network.
    pub fn attack(&self, size: usize, done: f64) -> Option<PgdSettings> {
        if self.attack_steps == 0 {
            return None;
        }
        let share = match self.constraint {
            // The l2 norm grows with the side; the largest value does not.
            Norm::L2 => size as f32 / self.size as f32,
            Norm::Linf => 1.0,
        };
        let from = self.eps_from.unwrap_or(self.eps) / self.eps;
        let share = share * (from + (1.0 - from) * done as f32);
        let attack_steps = match self.late_attack_steps {
            Some(steps) if done >= LATE => steps,
            _ => self.attack_steps,
        };
        let usual = match attack_steps {
            1 => 1.25 * self.eps,
            steps => 2.5 * self.eps / steps as f32,
        };
        let step_size = self.attack_step_size.unwrap_or(usual) * share;
        let epsilon = self.eps * share;
        Some(PgdSettings::plain(self.constraint.within(epsilon), step_size, attack_steps))
    }

    /// The longest side, in pixels, of which an image's parts at any of the sizes show something.
    pub fn largest_side(&self) -> usize {
        let sizes = if self.sizes.is_empty() { &[self.size][..] } else { &self.sizes };
        let largest = sizes.iter().copied().max().unwrap_or(self.size);
        self.augment.useful_side(largest)
    }

    /// The side to train at after `share` of all steps.
    pub fn size_at(&self, share: f64) -> usize {
        let last = self.sizes.len().saturating_sub(1);
        let at = ((share * self.sizes.len() as f64) as usize).min(last);
        self.sizes.get(at).copied().unwrap_or(self.size)
    }

    /// How images are drawn.
    pub fn order(&self) -> Order {
        Order { seed: self.seed, batch: self.batch, balance: self.balance }
    }

    /// The adversary in words, for the model's card; the first and the last one where it changes.
    pub fn adversary(&self) -> String {
        let of = |done| {
            let PgdSettings { constraint, step_size, steps, .. } = self.attack(self.size, done)?;
            let (name, epsilon) = (constraint.name(), constraint.epsilon().unwrap_or(0.0));
            Some(format!(
                "{name}, epsilon {epsilon}, {steps} steps of {step_size} from a random start"
            ))
        };
        match (of(0.0), of(1.0)) {
            (Some(first), Some(last)) if first != last => {
                format!("at first {first}, at last {last}")
            }
            (Some(adversary), _) => adversary,
            (None, _) => "none".into(),
        }
    }

    /// The recipe in words, for the model's card.
    pub fn recipe(&self) -> String {
        let Augment { crop, shift, no_flip, colour, erase } = self.augment;
        let crop = if crop < 1.0 {
            format!("cut to {crop} of their area or more, ")
        } else {
            String::new()
        };
        let erased =
            if erase > 0.0 { format!(", parts erased in {erase} of them") } else { String::new() };
        let sizes = if self.sizes.is_empty() { &[self.size][..] } else { &self.sizes };
        let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
        let schedule = self.schedule.to_possible_value();
        format!(
            "{} epochs, batch {}, SGD {}, weight decay {}, {} to {}, label smoothing {}, balance {}, images at {} \
             pixels, {crop}shifted by {shift}{}, colours changed by {colour}{erased}, averaged weights ({}), seed {}{}",
            self.epochs,
            self.batch,
            self.momentum,
            self.weight_decay,
            schedule.as_ref().map_or("schedule", PossibleValue::get_name),
            self.lr,
            self.label_smoothing,
            self.balance,
            sizes.join(" then "),
            if no_flip { "" } else { ", mirrored at random" },
            self.average,
            self.seed,
            if self.precision == Precision::Bf16 { ", products in bf16" } else { "" }
        )
    }
}

/// The networks that can be trained, as a list in words.
fn trainable() -> String {
    let names: Vec<&str> = Preset::trainable().collect();
    match names.split_last() {
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Flags {
        #[command(flatten)]
        config: TrainConfig,
    }

    fn config(flags: &str) -> TrainConfig {
        <Flags as clap::Parser>::parse_from(format!("_ {flags}").split_whitespace()).config
    }

    #[test]
    fn a_radius_grows_and_steps_become_more() {
        let config = config("--size 64 --eps 2 --eps-from 1 --late-attack-steps 2");
        let attack = |size, done| {
            let PgdSettings { constraint, step_size, steps, .. } =
                config.attack(size, done).unwrap();
            (constraint.epsilon().unwrap(), step_size, steps)
        };
        assert_eq!(attack(64, 0.0), (1.0, 1.25, 1));
        assert_eq!(attack(64, 0.5), (1.5, 1.875, 1));
        assert_eq!(attack(64, 1.0), (2.0, 2.5, 2));
        // Half the side, half the radius.
        assert_eq!(attack(32, 0.5), (0.75, 0.9375, 1));
        assert_eq!(
            config.adversary(),
            "at first l2, epsilon 1, 1 steps of 1.25 from a random start, at last l2, epsilon 2, 2 steps of 2.5 from a \
             random start"
        );
    }

    #[test]
    fn a_blur_is_that_of_the_first_network_unless_flags_say_otherwise() {
        let first =
            |flags| config(&["--network resnet18", flags].concat()).architecture(3).unwrap();
        let (strided, blurred) = (first(""), first(" --downsampling blurred"));
        for (flags, init, blurs) in [
            ("", None, false),
            ("", Some(&strided), false),
            ("", Some(&blurred), true),
            ("--downsampling blurred", Some(&strided), true),
            ("--downsampling strided", Some(&blurred), false),
        ] {
            let mut config = config(flags);
            config.keep_downsampling(init);
            assert_eq!(config.architecture(3).unwrap().blurs(), blurs, "{flags}, {init:?}");
        }
    }

    #[test]
    fn what_changes_an_adversary_needs_one() {
        assert!(config("--eps-from 0.5").check().is_ok());
        for flags in ["--attack-steps 0 --eps-from 1", "--attack-steps 0 --late-attack-steps 2"] {
            assert!(config(flags).check().is_err(), "{flags}");
        }
    }
}
