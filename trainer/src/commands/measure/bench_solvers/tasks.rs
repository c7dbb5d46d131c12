//! What the solvers are compared on, and how well each did.

use anyhow::{Context, Result, bail};
use burn::tensor::Tensor;
use clap::ValueEnum;
use robust_core::engine::Model;
use robust_core::engine::solve::objective::{Invert, Objective};
use robust_core::engine::solve::pgd::{Pgd, noise};
use robust_core::engine::tasks::change::magnify;
use robust_core::engine::tasks::invert::{Quality, invert};
use robust_core::image::Pixels;
use robust_core::image::measure::matched;
use robust_core::settings::{InvertSettings, Solver, Start};
use serde::{Deserialize, Serialize};

use crate::backend::wait;
use crate::progress::finished_until;

/// A task of the paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// From noise to a photo's representation, equation (5)
    Inversion,
    /// From the cross-fade of two photos to the middle of their representations, equation (6)
    Interpolation,
    /// From noise to the largest value of a feature, equation (4)
    Feature,
}

impl Task {
    /// What an objective's value is called.
    pub fn score(self) -> &'static str {
        match self {
            Task::Inversion | Task::Interpolation => "relative distance",
            Task::Feature => "activation",
        }
    }
}

/// What was reached after some steps.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    pub steps: usize,
    /// Mean of the objective over the images.
    pub mean: f32,
    /// Standard deviation over the images.
    pub spread: f32,
    /// Means against the originals; inversions only.
    pub quality: Option<Quality>,
    /// Share of inversions that resemble their own original most.
    pub matched: Option<f32>,
}

/// A model and what it is shown.
pub struct Subject<'a> {
    pub model: &'a Model,
    pub photos: &'a [Pixels],
    pub seed: u64,
}

impl Subject<'_> {
    /// What `solver` reaches at each of the ascending `marks`, and the images there.
    pub fn trace(
        &self,
        task: Task,
        solver: Solver,
        step_size: f32,
        marks: &[usize],
    ) -> Result<Vec<(Outcome, Vec<Pixels>)>> {
        if !solver.has_horizon() {
            return self.run(task, solver, step_size, marks);
        }
        // Its steps shrink towards the end: every number of steps is a run of its own.
        let run = |mark: &usize| self.run(task, solver, step_size, std::slice::from_ref(mark));
        Ok(marks.iter().map(run).collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    fn run(
        &self,
        task: Task,
        solver: Solver,
        step_size: f32,
        marks: &[usize],
    ) -> Result<Vec<(Outcome, Vec<Pixels>)>> {
        let Self { model, photos, seed } = *self;
        let steps = marks.last().copied().unwrap_or_default();
        let settings = InvertSettings { steps, step_size, seed, solver, ..InvertSettings::AUTHORS };
        match task {
            Task::Inversion => {
                let pgd = invert(model, photos, &Start::Noise, &settings)?;
                follow(pgd, marks, Some(photos))
            }
            Task::Interpolation => {
                let r = model.representation(model.batch(photos)?);
                let next = Tensor::cat(
                    vec![r.clone().narrow(0, 1, photos.len() - 1), r.clone().narrow(0, 0, 1)],
                    0,
                );
                let pairs = photos.iter().zip(photos.iter().cycle().skip(1));
                let starts = pairs.map(|(a, b)| middle(a, b)).collect::<Result<Vec<Pixels>>>()?;
                let start = model.batch(&starts)?;
                let objective = Invert::new((r + next) * 0.5);
                follow(Pgd::from_centre(model, objective, settings.pgd(), start), marks, None)
            }
            Task::Feature => {
                let k = model.card().architecture.representation_len();
                let count = photos.len();
                let features: Vec<usize> = (0..count).map(|i| i * k / count).collect();
                let start = |i: u64| noise(photos[0].size(), seed, i);
                let starts: Vec<Pixels> = (0..count as u64).map(start).collect();
                let pgd = magnify(model, &starts, &features, settings.pgd())?;
                follow(pgd, marks, None)
            }
        }
    }
}

/// The cross-fade of two photos.
fn middle(a: &Pixels, b: &Pixels) -> Result<Pixels> {
    if a.size() != b.size() {
        bail!("photos of {} and of {} pixels have no middle", a.size(), b.size());
    }
    let mix = a.values().iter().zip(b.values()).map(|(a, b)| (a + b) / 2.0);
    Pixels::new(a.size(), mix.collect()).context("an image of another size")
}

fn follow<O: Objective>(
    mut pgd: Pgd<'_, O>,
    marks: &[usize],
    originals: Option<&[Pixels]>,
) -> Result<Vec<(Outcome, Vec<Pixels>)>> {
    let mut results = Vec::new();
    for &mark in marks {
        let images = finished_until(&mut pgd, mark)?.images;
        let scores = wait(pgd.losses())?;
        let (mean, spread) = spread(&scores);
        let qualities = originals.map(|originals| {
            let pairs = images.iter().zip(originals).zip(&scores);
            pairs.map(|((image, original), d)| Quality::of(image, original, *d)).collect::<Vec<_>>()
        });
        let outcome = Outcome {
            steps: mark,
            mean,
            spread,
            quality: qualities.as_deref().map(Quality::mean),
            matched: originals.map(|originals| matched(&images, originals)),
        };
        results.push((outcome, images));
    }
    Ok(results)
}

fn spread(values: &[f32]) -> (f32, f32) {
    let count = values.len().max(1) as f32;
    let mean = values.iter().sum::<f32>() / count;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / count;
    (mean, variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn photos_of_two_sizes_are_refused() {
        let [black, white] = [[0.0; 3], [1.0; 3]].map(|colour| Pixels::flat(2, colour));
        assert_eq!(middle(&black, &white).unwrap(), Pixels::flat(2, [0.5; 3]));
        let error = middle(&black, &Pixels::flat(4, [1.0; 3])).unwrap_err().to_string();
        assert!(error.contains("2 and of 4 pixels"), "{error}");
    }
}
