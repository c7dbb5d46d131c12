//! Photos that change in one part and stay in the others (Santurkar et al. 2019). What changes as a
//! whole, towards a class, is [`synthesise`](super::change::synthesise)'s.

use burn::tensor::{Tensor, TensorData};

use super::change::labels;
use super::explain::one;
use crate::engine::error::as_large;
use crate::engine::solve::objective::{Activate, CrossEntropy, Keep, Objective};
use crate::engine::solve::pgd::Pgd;
use crate::engine::{Model, TaskError};
use crate::image::Pixels;
use crate::settings::PgdSettings;
use crate::settings::paint::Making;

/// A drawing on its way to `class` that was changed meanwhile: goes on from `now`, within the radius
/// around `centre`. Both have to contain what was drawn meanwhile.
///
/// # Errors
///
/// The errors of [`Model::batch`].
pub fn go_on<'a>(
    model: &'a Model,
    now: &Pixels,
    centre: &Pixels,
    class: usize,
    settings: PgdSettings,
) -> Result<Pgd<'a, CrossEntropy>, TaskError> {
    let objective = CrossEntropy::targeted(labels(&[class], model.device()));
    let batch = |image| model.batch(std::slice::from_ref(image));
    Ok(Pgd::new(model, objective, settings, batch(now)?, batch(centre)?))
}

/// A photo whose `hole` (row by row, true where it was rubbed out) grows again, of `class`. The
/// hole starts grey; the rest may follow a little.
///
/// # Errors
///
/// [`TaskError::Region`] where the hole is not as large as the photo.
pub fn inpaint<'a>(
    model: &'a Model,
    photo: &Pixels,
    hole: &[bool],
    class: usize,
    settings: PgdSettings,
) -> Result<Pgd<'a, Keep<CrossEntropy>>, TaskError> {
    let objective = CrossEntropy::targeted(labels(&[class], model.device()));
    keeping(model, &greyed(photo, hole)?, hole, objective, Making::Inpaint, settings)
}

/// A photo painted with a coordinate of the representation where `region` is true.
///
/// # Errors
///
/// [`TaskError::Region`] where the region is not as large as the photo.
pub fn paint_feature<'a>(
    model: &'a Model,
    photo: &Pixels,
    region: &[bool],
    feature: usize,
    settings: PgdSettings,
) -> Result<Pgd<'a, Keep<Activate>>, TaskError> {
    let objective = Activate::new(&[feature], model.device());
    keeping(model, photo, region, objective, Making::Feature, settings)
}

/// `photo` with its hole at grey 0.5.
///
/// # Errors
///
/// [`TaskError::Region`] where the hole is not as large as the photo.
pub fn greyed(photo: &Pixels, hole: &[bool]) -> Result<Pixels, TaskError> {
    let size = photo.size();
    as_large(hole, size * size)?;
    Ok(Pixels::from_fn(size, |channel, x, y| {
        let place = y * size + x;
        if hole[place] { 0.5 } else { photo.values()[channel * size * size + place] }
    }))
}

fn keeping<'a, O: Objective>(
    model: &'a Model,
    start: &Pixels,
    free: &[bool],
    objective: O,
    making: Making,
    settings: PgdSettings,
) -> Result<Pgd<'a, Keep<O>>, TaskError> {
    let size = start.size();
    as_large(free, size * size)?;
    let x = one(model, start);
    let keep: Vec<f32> = free.iter().map(|&free| f32::from(u8::from(!free))).collect();
    let keep = Tensor::from_data(TensorData::new(keep, [1, 1, size, size]), model.device());
    let objective = Keep::new(objective, x.clone(), keep, making.weights());
    Ok(Pgd::from_centre(model, objective, settings, x))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::fixture::model;
    use crate::engine::solve::Run;
    use crate::engine::solve::pgd::noise;
    use crate::engine::tasks::change::synthesise;
    use crate::settings::Constraint;

    /// The upper half.
    fn half() -> Vec<bool> {
        (0..64).map(|i| i < 32).collect()
    }

    #[test]
    fn a_hole_grows_and_the_rest_stays_nearer_than_it_would() {
        let model = model();
        let photo = noise(8, 1, 1);
        let start = greyed(&photo, &half()).unwrap();
        assert_eq!((start.values()[0], start.values()[63]), (0.5, photo.values()[63]));
        let settings = PgdSettings::plain(Constraint::L2 { epsilon: 9.0 }, 0.05, 300);
        let mut filled = inpaint(&model, &photo, &half(), 1, settings).unwrap();
        let before: f32 = filled.loss().into_data().iter::<f32>().sum();
        filled.finish();
        let report = pollster::block_on(filled.report()).unwrap();
        assert!(report.latest()[0] < before, "{before} {:?}", report.latest());
        let one = std::slice::from_ref(&start);
        let mut free = synthesise(&model, one, &[1], settings).unwrap();
        free.finish();
        let free = pollster::block_on(free.report()).unwrap();
        let below = |image: &Pixels| -> f32 {
            let both = image.values().iter().zip(start.values()).enumerate();
            both.filter(|(i, _)| i % 64 >= 32).map(|(_, (a, b))| (a - b).powi(2)).sum()
        };
        let (kept, moved) = (below(&report.images[0]), below(&free.images[0]));
        assert!(kept < 0.5 * moved, "{kept} {moved}");
        let small = inpaint(&model, &photo, &half()[1..], 1, settings).err();
        assert!(matches!(small, Some(TaskError::Region { found: 63, wanted: 64 })), "{small:?}");
    }

    #[test]
    fn going_on_stays_around_the_centre() {
        let (model, centre, now) = (model(), noise(8, 1, 1), noise(8, 1, 2));
        let settings = PgdSettings::plain(Constraint::L2 { epsilon: 0.3 }, 0.1, 9);
        let mut run = go_on(&model, &now, &centre, 2, settings).unwrap();
        run.finish();
        let report = pollster::block_on(run.report()).unwrap();
        // The first step leads into the ball, the others to the class.
        assert!(report.latest()[0] < report.losses[1][0]);
        let values = report.images[0].values().iter().zip(centre.values());
        let away = values.map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt();
        assert!((0.29..0.301).contains(&away), "{away}");
    }

    /// Values in both halves of an image, in different channels.
    const PLACES: [usize; 5] = [5, 30, 70, 120, 191];

    /// `Keep` of `objective` around the photo that [`noise`] number 1 is, with the upper half free.
    fn kept<O: Objective>(model: &Model, objective: O, making: Making) -> Keep<O> {
        let keep: Vec<f32> = half().iter().map(|&free| f32::from(u8::from(!free))).collect();
        let keep = Tensor::from_data(TensorData::new(keep, [1, 1, 8, 8]), model.device());
        let original = model.batch(&[noise(8, 3, 1)]).unwrap();
        Keep::new(objective, original, keep, making.weights())
    }

    fn gradient<O: Objective>(model: &Model, objective: &O, x: &Pixels) -> (f32, Vec<f32>) {
        let x = model.batch(std::slice::from_ref(x)).unwrap();
        let (loss, gradient) = Pgd::loss_and_gradient(model, objective, x);
        (loss.into_data().iter::<f32>().sum(), gradient.into_data().iter().collect())
    }

    #[test]
    fn the_gradient_towards_a_class_is_that_of_finite_differences() {
        let (model, x) = (model(), noise(8, 3, 2));
        let towards = CrossEntropy::targeted(labels(&[2], model.device()));
        let objective = kept(&model, towards, Making::Inpaint);
        let (_, whole) = gradient(&model, &objective, &x);
        let reach = whole.iter().fold(0f32, |reach, value| reach.max(value.abs()));
        for at in PLACES {
            let moved = |by: f32| {
                let mut values = x.values().to_vec();
                values[at] += by;
                gradient(&model, &objective, &Pixels::new(8, values).unwrap()).0
            };
            let difference = (moved(2e-3) - moved(-2e-3)) / 4e-3;
            assert!((difference - whole[at]).abs() < 1e-3 * reach, "{at}: {difference}");
        }
    }

    /// A feature's own gradient passes a fake ReLU, which no finite difference shows; what is added
    /// to it is `-90 · 2 (x - x0) keep / 192`.
    #[test]
    fn what_keeps_pixels_adds_its_derivative_to_a_features() {
        let (model, x, x0) = (model(), noise(8, 3, 2), noise(8, 3, 1));
        let activate = Activate::new(&[4], model.device());
        let (value, alone) = gradient(&model, &activate, &x);
        let (sum, whole) = gradient(&model, &kept(&model, activate, Making::Feature), &x);
        let mut squares = 0.0;
        for at in 0..192 {
            let moved = if at % 64 < 32 { 0.0 } else { x.values()[at] - x0.values()[at] };
            squares += moved * moved / 192.0;
            let expected = 0.1 * alone[at] - 90.0 * 2.0 * moved / 192.0;
            assert!((whole[at] - expected).abs() < 1e-5, "{at}: {} {expected}", whole[at]);
        }
        assert!((sum - (0.1 * value - 90.0 * squares)).abs() < 1e-5);
        let settings = Making::Feature.settings(64);
        assert!(paint_feature(&model, &x, &half(), 4, settings).is_ok());
    }
}
