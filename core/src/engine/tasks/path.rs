//! Computing a path between photos: equation (6).

use burn::tensor::Tensor;

use crate::engine::error::one_each;
use crate::engine::solve::objective::Invert;
use crate::engine::solve::pgd::{Pgd, noise};
use crate::engine::solve::{Report, Run};
use crate::engine::{Model, TaskError};
use crate::image::Pixels;
use crate::settings::path::{PathSettings, PathStart, Place};

/// Most frames that are one batch. All batches take a step in turn, so that the whole path
/// improves together and memory does not grow with its length. A constant, for the last bit of a
/// result may depend on how it was batched.
const BATCH: usize = 7;

/// All frames of a path, on their way. A frame where a photo lies is that photo.
pub struct PathRun<'a> {
    runs: Vec<Pgd<'a, Invert>>,
    /// Most frames that are one batch.
    batch: usize,
    /// Photos and starts in order; runs fill in the rest.
    frames: Vec<Pixels>,
    /// The frames that are computed, in order.
    between: Vec<usize>,
}

impl<'a> PathRun<'a> {
    /// Prepares a path through `stops`.
    ///
    /// # Errors
    ///
    /// [`TaskError`] where there are fewer than two photos or their sizes differ.
    pub fn new(
        model: &'a Model,
        stops: &[Pixels],
        settings: &PathSettings,
    ) -> Result<Self, TaskError> {
        Self::in_batches(model, stops, settings, usize::MAX)
    }

    /// The same for a device with little memory: at most `most` photos or frames are one batch.
    ///
    /// # Errors
    ///
    /// [`TaskError`] where there are fewer than two photos or their sizes differ.
    pub fn in_batches(
        model: &'a Model,
        stops: &[Pixels],
        settings: &PathSettings,
        most: usize,
    ) -> Result<Self, TaskError> {
        let most = most.max(1);
        let batch = most.min(BATCH);
        if stops.len() < 2 {
            return Err(TaskError::Stops);
        }
        for stop in stops {
            if stop.size() != stops[0].size() {
                return Err(TaskError::Sizes(stops[0].size(), stop.size()));
            }
        }
        let of = |some: &[Pixels]| Ok(model.representation(model.batch(some)?));
        let parts = stops.chunks(most).map(of).collect::<Result<_, TaskError>>()?;
        let representations = Tensor::cat(parts, 0);
        let places = settings.places(stops.len());
        let start = |(i, place): (usize, &Place)| match (place.stop(), settings.start) {
            (Some(stop), _) => Some(stops[stop].clone()),
            (None, PathStart::Blend) => place.blend(stops),
            (None, PathStart::Noise) => Some(noise(stops[0].size(), settings.seed, i as u64)),
            (None, PathStart::Grey) => Some(Pixels::flat(stops[0].size(), [0.5; 3])),
        };
        let frames = places.iter().enumerate().map(start).collect::<Option<Vec<Pixels>>>();
        let frames = frames.ok_or(TaskError::Stops)?;
        let between: Vec<usize> =
            (0..places.len()).filter(|&i| places[i].stop().is_none()).collect();
        let run = |chunk: &[usize]| {
            let targets = chunk.iter().map(|&i| between_rows(&representations, places[i]));
            let starts: Vec<Pixels> = chunk.iter().map(|&i| frames[i].clone()).collect();
            let objective = Invert::new(Tensor::cat(targets.collect(), 0));
            Ok(Pgd::from_centre(model, objective, settings.pgd(), model.batch(&starts)?))
        };
        let runs = between.chunks(batch).map(run).collect::<Result<_, TaskError>>()?;
        Ok(Self { runs, batch, frames, between })
    }

    /// Goes on from `frames`, all of them in order, to which `done` steps have led in another run of
    /// the same path.
    ///
    /// # Errors
    ///
    /// [`TaskError`] where these are other frames in number or size than the path's.
    pub fn resume(&mut self, frames: &[Pixels], done: usize) -> Result<(), TaskError> {
        one_each(frames, "places on the path", self.frames.len())?;
        for (run, chunk) in self.runs.iter_mut().zip(self.between.chunks(self.batch)) {
            let images: Vec<Pixels> = chunk.iter().map(|&i| frames[i].clone()).collect();
            run.resume(&images, done)?;
        }
        Ok(())
    }
}

impl Run for PathRun<'_> {
    fn steps(&self) -> usize {
        self.runs.steps()
    }

    fn steps_done(&self) -> usize {
        self.runs.steps_done()
    }

    fn step(&mut self) {
        self.runs.step();
    }

    /// Images are all frames, losses those of the frames that are computed.
    async fn report(&mut self) -> Result<Report, TaskError> {
        let report = self.runs.report().await?;
        for (&i, image) in self.between.iter().zip(report.images) {
            self.frames[i] = image;
        }
        Ok(Report { images: self.frames.clone(), ..report })
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
        path.finish();
        let report = pollster::block_on(path.report()).unwrap();
        let losses = report.mean_losses();
        assert_eq!((report.images.len(), losses.len(), report.step), (11, 25, 25));
        assert_eq!(report.latest().len(), 8);
        for (frame, stop) in [(0, 0), (5, 1), (10, 2)] {
            assert_eq!(report.images[frame], stops[stop]);
        }
        assert!(losses[24] < 0.7 * losses[0], "{losses:?}");
        let mut whole = PathRun::new(&model, &stops, &settings).unwrap();
        whole.advance(10);
        let half = pollster::block_on(whole.report()).unwrap();
        let mut rest = PathRun::new(&model, &stops, &settings).unwrap();
        rest.resume(&half.images, half.step).unwrap();
        assert_eq!(rest.steps_done(), 10);
        rest.finish();
        let rest = pollster::block_on(rest.report()).unwrap();
        assert_eq!((rest.step, rest.losses.len()), (25, 15));
        assert!(rest.mean_losses()[14] < 1.1 * losses[24], "{:?}", rest.mean_losses());
        assert!(path.resume(&half.images[1..], 10).is_err(), "a frame is missing");

        let mut narrow = PathRun::in_batches(&model, &stops, &settings, 3).unwrap();
        assert_eq!(narrow.runs.len(), 3, "8 frames, 3 at a time");
        narrow.resume(&half.images, 10).unwrap();
        narrow.finish();
        let narrow = pollster::block_on(narrow.report()).unwrap();
        assert_eq!(narrow.latest().len(), 8);
        for (frame, (a, b)) in narrow.images.iter().zip(&rest.images).enumerate() {
            let pairs = a.values().iter().zip(b.values());
            let off = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(off < 1e-3, "frame {frame} is off by {off}");
        }

        let lonely = PathRun::new(&model, &stops[..1], &settings).err();
        assert!(matches!(lonely, Some(TaskError::Stops)), "{lonely:?}");
    }
}
