//! Inversions as a part of `eval`: how like their photos they are, and whether another network recognises them.

use std::path::PathBuf;

use anyhow::{Result, bail};
use robust_core::engine::Model;
use robust_core::engine::tasks::invert::{Quality, invert, relative_distances};
use robust_core::image::measure::matched;
use robust_core::model::card::Accuracy;
use robust_core::settings::{InvertSettings, Solver, Start};
use serde::Serialize;

use crate::accuracy::balanced_draw;
use crate::backend::wait;
use crate::data::Dataset;
use crate::judge::{Judge, Recognised};
use crate::progress::finished;
use crate::ranges;

/// Side in pixels of the images at which a step has length 1, unless asked otherwise.
const UNIT_SIDE: f32 = 64.0;

/// What to invert, how, and who looks at it.
#[derive(clap::Args)]
pub struct Inversions {
    /// Images to invert
    #[arg(long, default_value_t = 64, value_parser = ranges::count_or_zero)]
    invert: usize,
    /// Steps of an inversion
    #[arg(long, default_value_t = 200, value_parser = ranges::steps)]
    invert_steps: usize,
    /// Length of such a step [default: 1 for a network for 64 pixels, and in proportion to the side for
    /// others: all distances between images are]
    #[arg(long, value_parser = ranges::length)]
    invert_step_size: Option<f32>,
    /// How gradients become such steps
    #[arg(long, value_enum, default_value_t = Solver::Plain)]
    invert_solver: Solver,
    /// An independent standard network (another architecture or seed, trained on the same images); reports the
    /// share of inversions it assigns to their photo's class
    #[arg(long)]
    judge: Option<PathBuf>,
}

/// What inversions kept of their photos.
#[derive(Serialize)]
pub struct Report {
    images: usize,
    solver: Solver,
    steps: usize,
    step_size: f32,
    #[serde(flatten)]
    mean: Quality,
    matched: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    recognised: Option<Recognised>,
}

impl Inversions {
    /// The judge of a model, if there is one.
    ///
    /// # Errors
    ///
    /// Where it can judge nothing, or nothing of this model.
    pub fn judge(&self, model: &Model) -> Result<Option<Judge>> {
        if self.judge.is_some() && self.invert == 0 {
            bail!("--judge looks at inversions, and --invert 0 makes none");
        }
        let read = |path: &PathBuf| Judge::read(path, model.card(), model.device());
        self.judge.as_ref().map(read).transpose()
    }

    /// Inverts a class-balanced draw from noise and judges the results.
    pub fn measure(
        &self,
        model: &Model,
        set: &Dataset,
        seed: u64,
        judge: Option<&Judge>,
    ) -> Result<Option<Report>> {
        if self.invert == 0 {
            return Ok(None);
        }
        let in_proportion = model.card().input_size as f32 / UNIT_SIDE;
        let settings = InvertSettings {
            steps: self.invert_steps,
            step_size: self.invert_step_size.unwrap_or(in_proportion),
            seed,
            solver: self.invert_solver,
            ..InvertSettings::AUTHORS
        };
        settings.check()?;
        let drawn = balanced_draw(set, self.invert, seed);
        let originals = set.pixels(&drawn)?;
        let (mut results, mut distances) = (Vec::new(), Vec::new());
        // Each from noise of its own, whatever the size of the batches.
        for chunk in originals.chunks(16) {
            let seed = seed.wrapping_add(results.len() as u64);
            let settings = InvertSettings { seed, ..settings };
            let report = finished(&mut invert(model, chunk, &Start::Noise, &settings)?)?;
            distances.extend(wait(relative_distances(model, &report.images, chunk))?);
            results.extend(report.images);
            eprintln!("{} of {} inverted", results.len(), originals.len());
        }
        let qualities: Vec<Quality> = results
            .iter()
            .zip(&originals)
            .zip(distances)
            .map(|((result, original), distance)| Quality::of(result, original, distance))
            .collect();
        let labels: Vec<usize> = drawn.iter().map(|&i| set.labels()[i]).collect();
        let recognised =
            judge.map(|judge| judge.recognised(&results, &originals, &labels)).transpose()?;
        Ok(Some(Report {
            images: originals.len(),
            solver: settings.solver,
            steps: settings.steps,
            step_size: settings.step_size,
            mean: Quality::mean(&qualities),
            matched: matched(&results, &originals),
            recognised,
        }))
    }
}

impl Report {
    /// What was inverted, and how.
    fn describe(&self) -> String {
        let Self { images, solver, steps, step_size, .. } = self;
        let how = match solver {
            Solver::Plain => String::new(),
            other => format!(" by {}", other.name()),
        };
        format!("{images} inversions of {steps} steps of {step_size}{how}")
    }

    /// What a model's card says of it.
    pub fn accuracies(&self) -> Vec<Accuracy> {
        let of = self.describe();
        let accuracy = |what: String, value| Accuracy { on: what, value };
        let mut all = vec![
            accuracy(format!("{of}: matched with their photo"), self.matched),
            accuracy(format!("{of}: coarse correlation"), self.mean.coarse_correlation),
        ];
        if let Some(Recognised { judge, inversions, photos }) = &self.recognised {
            let by = format!("recognised by \"{judge}\"");
            all.push(accuracy(format!("{of}: {by}"), *inversions));
            all.push(accuracy(format!("their photos: {by}"), *photos));
        }
        all
    }

    /// Shows it to a person.
    pub fn print(&self) {
        println!(
            "\n{}: distance {:.3}, coarse correlation {:.2}, psnr {:.1} dB, ssim {:.2}, matched {:.0} %",
            self.describe(),
            self.mean.relative_distance,
            self.mean.coarse_correlation,
            self.mean.psnr,
            self.mean.ssim,
            100.0 * self.matched
        );
        if let Some(Recognised { judge, inversions, photos }) = &self.recognised {
            println!(
                "recognised by {judge}: {:.0} %, the photos themselves {:.0} %",
                100.0 * inversions,
                100.0 * photos
            );
        }
    }
}
