//! The models and photos of the figures, and what all figures compute.

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use burn::tensor::Device;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use robust_core::engine::Model;
use robust_core::engine::solve::objective::Objective;
use robust_core::engine::solve::pgd::{Pgd, noise};
use robust_core::engine::tasks::change::magnify;
use robust_core::engine::tasks::invert::{Quality, invert};
use robust_core::image::Pixels;
use robust_core::model::weights::Weights;
use robust_core::settings::{InvertSettings, PgdSettings, Start};
use serde_json::{Value, json};

use super::Args;
use crate::accuracy::balanced_draw;
use crate::backend::wait;
use crate::data::{Dataset, is_cifar10_class};
use crate::judge::Judge;
use crate::progress::finished;

/// Images that are computed together.
pub const BATCH: usize = 16;

/// Everything that figures are made of.
pub struct Subject {
    pub robust: Model,
    pub standard: Model,
    pub data: Dataset,
    pub columns: usize,
    pub seed: u64,
    /// Where the Gaussians of the robust model's classes would lie.
    pub gaussians: PathBuf,
    pub judge: Option<Judge>,
    steps: usize,
    pub elsewhere: Option<Dataset>,
}

impl Subject {
    pub fn new(
        [robust, standard]: [&Weights; 2],
        device: &Device,
        data: Dataset,
        elsewhere: Option<Dataset>,
        args: &Args,
    ) -> Result<Self> {
        if robust.card().input_size != standard.card().input_size {
            bail!("the two models take images of different sizes");
        }
        if args.columns < 2 || data.len() < 2 * args.columns {
            bail!("--columns must be at least 2, and twice as many photos must be there");
        }
        let judge = args.judge.as_deref().map(|path| Judge::read(path, robust.card(), device));
        Ok(Self {
            gaussians: args.model.with_extension("gaussians.json"),
            judge: judge.transpose()?,
            robust: Model::new(robust, device),
            standard: Model::new(standard, device),
            data,
            columns: args.columns,
            seed: args.seed,
            steps: args.steps,
            elsewhere,
        })
    }

    /// Side of all images in pixels.
    pub fn size(&self) -> usize {
        self.robust.card().input_size
    }

    fn pixels(&self, set: &Dataset, indices: &[usize]) -> Vec<Pixels> {
        let image = |&i: &usize| Pixels::from_rgb8(self.size(), set.image(i).as_raw());
        indices.iter().filter_map(image).collect()
    }

    /// A row of held-out photos, evenly of all classes; another one for each `turn`.
    pub fn photos(&self, turn: u64) -> Vec<Pixels> {
        self.pixels(&self.data, &balanced_draw(&self.data, self.columns, self.seed + turn))
    }

    /// For each photo another one of the row, of another class where the row has several.
    pub fn others(photos: &[Pixels], shift: usize) -> Vec<Pixels> {
        let mut others = photos.to_vec();
        others.rotate_left(shift % photos.len().max(1));
        others
    }

    /// The same photos, and the class of each as the models know it.
    pub fn photos_and_classes(&self, turn: u64) -> Result<(Vec<Pixels>, Vec<usize>)> {
        let drawn = balanced_draw(&self.data, self.columns, self.seed + turn);
        let class = |&i: &usize| {
            let name = &self.data.classes[self.data.labels()[i]];
            self.robust.card().class(name).map_err(|message| anyhow!(message))
        };
        Ok((self.pixels(&self.data, &drawn), drawn.iter().map(class).collect::<Result<_>>()?))
    }

    /// All held-out photos with the names of their classes, at most `count` of a class-balanced draw.
    pub fn labelled(&self, count: usize) -> (Vec<Pixels>, Vec<String>) {
        let drawn = balanced_draw(&self.data, count, self.seed);
        let name = |&i: &usize| self.data.classes[self.data.labels()[i]].clone();
        (self.pixels(&self.data, &drawn), drawn.iter().map(name).collect())
    }

    /// Photos of classes never trained on: those of CIFAR-10, or all others.
    pub fn elsewhere(&self, cifar: bool) -> Vec<Pixels> {
        let Some(set) = &self.elsewhere else { return Vec::new() };
        let wanted = |i: &usize| is_cifar10_class(&set.classes[set.labels()[*i]]) == cifar;
        let mut indices: Vec<usize> = (0..set.len()).filter(wanted).collect();
        indices.shuffle(&mut self.rng(90));
        indices.truncate(self.columns);
        self.pixels(set, &indices)
    }

    /// Randomness of one purpose.
    pub fn rng(&self, purpose: u64) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(purpose);
        rng
    }

    /// Features at random.
    pub fn features(&self, model: &Model, count: usize, purpose: u64) -> Vec<usize> {
        let mut all: Vec<usize> = (0..model.card().architecture.representation_len()).collect();
        all.shuffle(&mut self.rng(purpose));
        all.truncate(count);
        all
    }

    /// Noise around grey, one image for each column.
    pub fn noises(&self, count: usize) -> Vec<Pixels> {
        (0..count as u64).map(|i| noise(self.size(), self.seed, i)).collect()
    }

    /// Inverts each photo from a start of its own, or from noise, and judges the results.
    pub fn inverted(
        &self,
        model: &Model,
        photos: &[Pixels],
        starts: Option<&[Pixels]>,
    ) -> Result<(Vec<Pixels>, Value)> {
        let settings =
            InvertSettings { steps: self.steps, seed: self.seed, ..InvertSettings::FAST };
        let (mut images, mut qualities) = (Vec::new(), Vec::new());
        for (i, photo) in photos.iter().enumerate() {
            let start = starts.and_then(|starts| starts.get(i).cloned());
            let start = start.map_or(Start::Noise, Start::Photo);
            let settings = InvertSettings { seed: settings.seed + i as u64, ..settings };
            let pgd = invert(model, std::slice::from_ref(photo), &start, &settings);
            let (result, losses) = reached(pgd?)?;
            let image = result.into_iter().next().context("the device returned no image")?;
            qualities.push(Quality::of(&image, photo, losses[0]));
            images.push(image);
        }
        let matched = robust_core::image::measure::matched(&images, photos);
        let numbers =
            json!({ "mean": Quality::mean(&qualities), "matched": matched, "each": qualities });
        Ok((images, numbers))
    }

    /// Maximises each feature from its counterpart among the starts.
    pub fn maximised(
        &self,
        model: &Model,
        starts: &[Pixels],
        features: &[usize],
        settings: PgdSettings,
    ) -> Result<(Vec<Pixels>, Vec<f32>)> {
        let (mut images, mut values) = (Vec::new(), Vec::new());
        for (starts, features) in starts.chunks(BATCH).zip(features.chunks(BATCH)) {
            let pgd = magnify(model, starts, features, settings);
            let (some, activations) = reached(pgd?)?;
            images.extend(some);
            values.extend(activations);
        }
        Ok((images, values))
    }

    /// A pattern that looks alike in six directions, from random waves.
    pub fn kaleidoscope(&self, index: u64) -> Pixels {
        let mut rng = self.rng(1000 + index);
        let waves: Vec<[f32; 4]> = (0..9).map(|_| rng.random()).collect();
        let size = self.size();
        let value = |c: usize, x: usize, y: usize| {
            let middle = (size as f32 - 1.0) / 2.0;
            let (dx, dy) = ((x as f32 - middle) / middle, (y as f32 - middle) / middle);
            let radius = dx.hypot(dy);
            // Folded into one of twelve mirrored sectors.
            let sector = std::f32::consts::PI / 3.0;
            let angle = (dy.atan2(dx).rem_euclid(sector) - sector / 2.0).abs();
            let sum: f32 = waves
                .iter()
                .skip(c * 3)
                .take(3)
                .map(|[a, b, phase, turn]| {
                    let along = radius * (4.0 + 14.0 * a) * (angle * (1.0 + 2.0 * turn)).cos();
                    (along + angle * 12.0 * b + phase * std::f32::consts::TAU).sin()
                })
                .sum();
            0.5 + sum / 6.0
        };
        Pixels::from_fn(size, value)
    }
}

/// A run's last images and losses.
pub fn reached<O: Objective>(mut pgd: Pgd<'_, O>) -> Result<(Vec<Pixels>, Vec<f32>)> {
    let images = finished(&mut pgd)?.images;
    Ok((images, wait(pgd.losses())?))
}
