//! Coordinates of a representation that are added to an image one after another.

use super::change::add;
use crate::engine::solve::objective::AddFeature;
use crate::engine::solve::pgd::Pgd;
use crate::engine::solve::{Report, Run};
use crate::engine::{Model, TaskError};
use crate::image::Pixels;
use crate::settings::PgdSettings;

/// Equation (7) for one coordinate after another, each from where the one before has led. A
/// coordinate that a report finds at 1 is done: there its gradient ends.
pub struct Additions<'a> {
    model: &'a Model,
    /// Those that are still to come, the last one first.
    ahead: Vec<usize>,
    current: Pgd<'a, AddFeature>,
    /// Whether the current coordinate has reached 1.
    reached: bool,
    /// Steps of the coordinates before.
    before: usize,
    steps: usize,
}

impl<'a> Additions<'a> {
    /// Adds `features` to an image, everywhere or in the pixels that `region` names, row by row;
    /// `settings` are each coordinate's own.
    ///
    /// # Errors
    ///
    /// [`TaskError::NoCoordinate`] where there are none, and [`TaskError::Region`].
    pub fn new(
        model: &'a Model,
        image: &Pixels,
        features: &[usize],
        region: Option<&[bool]>,
        settings: PgdSettings,
    ) -> Result<Self, TaskError> {
        let (first, ahead) = features.split_first().ok_or(TaskError::NoCoordinate)?;
        let mut current = add(model, image, *first, settings);
        if let Some(region) = region {
            current = current.within(region)?;
        }
        Ok(Self {
            model,
            ahead: ahead.iter().rev().copied().collect(),
            current,
            reached: false,
            before: 0,
            steps: settings.steps * features.len(),
        })
    }

    /// Whether nothing is left to do for the current coordinate.
    fn is_over(&self) -> bool {
        self.reached || self.current.is_done()
    }
}

impl Run for Additions<'_> {
    fn steps(&self) -> usize {
        self.steps
    }

    fn steps_done(&self) -> usize {
        self.before + self.current.steps_done()
    }

    fn is_done(&self) -> bool {
        self.ahead.is_empty() && self.is_over()
    }

    fn step(&mut self) {
        if self.is_over()
            && let Some(next) = self.ahead.pop()
        {
            self.before += self.current.steps_done();
            self.current.restart(AddFeature::new(&[next], self.model.device()));
            self.reached = false;
        }
        self.current.step();
    }

    async fn report(&mut self) -> Result<Report, TaskError> {
        let report = self.current.report().await?;
        // The loss is min(R(x) - 1, 0).
        self.reached = report.latest().first().is_some_and(|loss| *loss >= 0.0);
        Ok(Report { step: self.steps_done(), ..report })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::fixture::model;
    use crate::engine::solve::pgd::noise;
    use crate::settings::Constraint;

    #[test]
    fn additions_follow_each_other_and_end_where_they_have_reached_1() {
        let (model, image) = (model(), noise(8, 2, 2));
        let settings = PgdSettings::plain(Constraint::L2 { epsilon: 50.0 }, 0.2, 30);
        let mut both = Additions::new(&model, &image, &[1, 4], None, settings).unwrap();
        both.advance(30);
        let half = pollster::block_on(both.report()).unwrap();
        let mut second = add(&model, &half.images[0], 4, settings);
        second.finish();
        both.finish();
        let whole = pollster::block_on(both.report()).unwrap();
        let alone = pollster::block_on(second.report()).unwrap();
        assert_eq!((whole.step, whole.losses.len()), (60, 30));
        assert_eq!(whole.images, alone.images);

        let mut watched = Additions::new(&model, &image, &[1, 4], None, settings).unwrap();
        while !watched.is_done() {
            watched.step();
            pollster::block_on(watched.report()).unwrap();
        }
        assert!(watched.steps_done() < 60, "no coordinate ever reached 1");
        assert!(Additions::new(&model, &image, &[], None, settings).is_err());
    }
}
