//! Computing a path between photos: equation (6).

use burn::tensor::{ExecutionError, Tensor};

use crate::engine::Model;
use crate::engine::solve::objective::Invert;
use crate::engine::solve::pgd::{Pgd, noise};
use crate::image::Pixels;
use crate::settings::path::{PathSettings, PathStart, Place};

/// Most frames that are one batch. All batches take a step in turn, so that the whole path
/// improves together and memory does not grow with its length. A constant, for the last bit of a
/// result may hang on how it was batched.
const BATCH: usize = 7;

/// All frames of a path, on their way. A frame where a photo lies is that photo.
pub struct PathRun<'a> {
    runs: Vec<Pgd<'a, Invert>>,
    /// Photos and starts in order; runs fill in the rest.
    frames: Vec<Pixels>,
    /// The frames that are computed, in order.
    between: Vec<usize>,
}

/// How far an interpolation is.
#[derive(Clone, Debug)]
pub struct PathReport {
    /// Steps done.
    pub step: usize,
    /// For each step since the last report, the mean relative representation distance before it.
    pub losses: Vec<f32>,
    /// All frames in order.
    pub frames: Vec<Pixels>,
}

impl<'a> PathRun<'a> {
    /// Prepares a path through `stops`. `None` where there are fewer than two photos or their
    /// sizes differ.
    pub fn new(model: &'a Model, stops: &[Pixels], settings: &PathSettings) -> Option<Self> {
        if stops.len() < 2 {
            return None;
        }
        let representations = model.representation(model.batch(stops)?);
        let places = settings.places(stops.len());
        let start = |(i, place): (usize, &Place)| match (place.stop(), settings.start) {
            (Some(stop), _) => stops.get(stop).cloned(),
            (None, PathStart::Blend) => place.blend(stops),
            (None, PathStart::Noise) => Some(noise(stops[0].size(), settings.seed, i as u64)),
            (None, PathStart::Grey) => Some(Pixels::flat(stops[0].size(), [0.5; 3])),
        };
        let frames: Vec<Pixels> = places.iter().enumerate().map(start).collect::<Option<_>>()?;
        let between: Vec<usize> =
            (0..places.len()).filter(|&i| places[i].stop().is_none()).collect();
        let run = |chunk: &[usize]| {
            let targets = chunk.iter().map(|&i| between_rows(&representations, places[i]));
            let starts: Vec<Pixels> = chunk.iter().map(|&i| frames[i].clone()).collect();
            let objective = Invert::new(Tensor::cat(targets.collect(), 0));
            Some(Pgd::from_centre(model, objective, settings.pgd(), model.batch(&starts)?))
        };
        let runs = between.chunks(BATCH).map(run).collect::<Option<_>>()?;
        Some(Self { runs, frames, between })
    }

    /// Steps done.
    pub fn steps_done(&self) -> usize {
        self.runs.first().map_or(0, Pgd::steps_done)
    }

    /// Whether all steps are done.
    pub fn is_done(&self) -> bool {
        self.runs.iter().all(Pgd::is_done)
    }

    /// One step of every frame. Queues work on the device and returns without waiting for it.
    pub fn step(&mut self) {
        self.runs.iter_mut().for_each(Pgd::step);
    }

    /// Waits for the device and reads all frames.
    ///
    /// # Errors
    ///
    /// Where the device failed (a lost graphics card, no memory).
    pub async fn report(&mut self) -> Result<PathReport, ExecutionError> {
        let step = self.steps_done();
        let mut losses: Vec<f32> = Vec::new();
        let mut computed = Vec::new();
        for run in &mut self.runs {
            let report = run.report().await?;
            computed.extend(report.images);
            losses.resize(report.losses.len(), 0.0);
            for (sum, losses) in losses.iter_mut().zip(&report.losses) {
                *sum += losses.iter().sum::<f32>();
            }
        }
        losses.iter_mut().for_each(|sum| *sum /= computed.len().max(1) as f32);
        for (&i, image) in self.between.iter().zip(computed) {
            self.frames[i] = image;
        }
        Ok(PathReport { step, losses, frames: self.frames.clone() })
    }
}

/// `(1-λ) R(a) + λ R(b)`, `[1, k]`.
fn between_rows(representations: &Tensor<2>, place: Place) -> Tensor<2> {
    let row = |i: usize| representations.clone().narrow(0, i, 1);
    row(place.from) * (1.0 - place.share) + row(place.from + 1) * place.share
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::fixture::model;
    use crate::engine::solve::pgd::noise;
    use crate::settings::path::PathSettings;

    #[test]
    fn a_path_starts_and_ends_at_its_photos_and_nears_the_line_between() {
        let model = model();
        let stops = [noise(8, 1, 1), noise(8, 2, 2), Pixels::flat(8, [0.8, 0.3, 0.1])];
        // More frames than a batch holds.
        let settings =
            PathSettings { frames: 11, steps: 25, step_size: 0.05, ..PathSettings::FAST };
        let mut path = PathRun::new(&model, &stops, &settings).unwrap();
        while !path.is_done() {
            path.step();
        }
        let report = pollster::block_on(path.report()).unwrap();
        assert_eq!((report.frames.len(), report.losses.len(), report.step), (11, 25, 25));
        for (frame, stop) in [(0, 0), (5, 1), (10, 2)] {
            assert_eq!(report.frames[frame], stops[stop]);
        }
        assert!(report.losses[24] < 0.7 * report.losses[0], "{:?}", report.losses);
        assert!(PathRun::new(&model, &stops[..1], &settings).is_none());
    }
}
