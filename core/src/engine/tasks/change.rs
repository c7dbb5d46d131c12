//! Changing photos towards a class or another photo's representation, and looking at many photos.

use burn::tensor::activation::softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};

use super::explain::one;
use crate::engine::error::{finite, one_each};
use crate::engine::network::LastRelu;
use crate::engine::solve::objective::{Activate, AddFeature, CrossEntropy, Invert, Objective};
use crate::engine::solve::pgd::Pgd;
use crate::engine::{Model, TaskError};
use crate::image::Pixels;
use crate::settings::PgdSettings;
use crate::settings::change::{Goal, attack_settings};

/// Steps of a search for another class.
const WHY_NOT_STEPS: usize = 20;

/// Images that are looked at together.
const BATCH: usize = 32;

/// Changes each image towards a class of its own: the targeted form of equation (3).
///
/// # Errors
///
/// [`TaskError`] where the numbers of images and classes differ, or sizes do.
pub fn synthesise<'a>(
    model: &'a Model,
    images: &[Pixels],
    classes: &[usize],
    settings: PgdSettings,
) -> Result<Pgd<'a, CrossEntropy>, TaskError> {
    one_each(images, "classes", classes.len())?;
    let objective = CrossEntropy::targeted(labels(classes, model.device()));
    let batch = model.batch(images)?;
    Ok(Pgd::from_centre(model, objective, settings, batch))
}

/// Magnifies one feature in each image of a batch.
///
/// # Errors
///
/// [`TaskError`] where the numbers of images and features differ, or sizes do.
pub fn magnify<'a>(
    model: &'a Model,
    images: &[Pixels],
    features: &[usize],
    settings: PgdSettings,
) -> Result<Pgd<'a, Activate>, TaskError> {
    one_each(images, "features", features.len())?;
    let batch = model.batch(images)?;
    Ok(Pgd::from_centre(model, Activate::new(features, model.device()), settings, batch))
}

/// Adds one feature to an image; several, one after another, are [`Additions`](super::Additions).
pub fn add<'a>(
    model: &'a Model,
    image: &Pixels,
    feature: usize,
    settings: PgdSettings,
) -> Pgd<'a, AddFeature> {
    let objective = AddFeature::new(&[feature], model.device());
    Pgd::from_centre(model, objective, settings, one(model, image))
}

/// How much of its feature an addition has reached: its coordinate, at most 1.
///
/// # Errors
///
/// [`TaskError::Device`], and [`TaskError::NotFinite`].
pub async fn reached(pgd: &Pgd<'_, AddFeature>) -> Result<f32, TaskError> {
    Ok(1.0 + pgd.losses().await?.iter().sum::<f32>())
}

/// Looks for a near-copy of each of `originals` that has the representation of its counterpart in
/// `others`: equations (1) and (2).
///
/// # Errors
///
/// [`TaskError`] where their numbers or sizes differ.
pub fn collide<'a>(
    model: &'a Model,
    originals: &[Pixels],
    others: &[Pixels],
    settings: PgdSettings,
) -> Result<Pgd<'a, Invert>, TaskError> {
    one_each(originals, "other photos", others.len())?;
    let batch = model.batch(originals)?;
    let objective = Invert::new(model.representation(model.batch(others)?));
    Ok(Pgd::from_centre(model, objective, settings, batch))
}

/// The nearest thing to `image` that the model takes for `class`: a targeted attack of radius
/// `epsilon`.
///
/// # Errors
///
/// The errors of [`synthesise`].
pub fn why_not<'a>(
    model: &'a Model,
    image: &Pixels,
    class: usize,
    epsilon: f32,
) -> Result<Pgd<'a, CrossEntropy>, TaskError> {
    let settings = attack_settings(epsilon, WHY_NOT_STEPS);
    synthesise(model, std::slice::from_ref(image), &[class], settings)
}

/// A run of one image towards any goal that is one run. `other` is the photo to collide with.
/// [`Goal::Add`] is a run for each of its coordinates; this is the first one's.
///
/// # Errors
///
/// [`TaskError`] where the goal lacks something: a coordinate, or the other photo.
pub fn towards<'a>(
    model: &'a Model,
    start: &Pixels,
    other: Option<&Pixels>,
    goal: &Goal,
    settings: PgdSettings,
) -> Result<Pgd<'a, Box<dyn Objective>>, TaskError> {
    let one = std::slice::from_ref(start);
    Ok(match goal {
        Goal::Feature(feature) => magnify(model, one, &[*feature], settings)?.boxed(),
        Goal::Class(class) => synthesise(model, one, &[*class], settings)?.boxed(),
        Goal::Add(features) => {
            add(model, start, *features.first().ok_or(TaskError::NoCoordinate)?, settings).boxed()
        }
        Goal::Collide { .. } => {
            let other = other.ok_or(TaskError::NoOther)?;
            collide(model, one, std::slice::from_ref(other), settings)?.boxed()
        }
    })
}

/// Probability of every class, image by image.
///
/// # Errors
///
/// [`TaskError::Device`], and [`TaskError::NotFinite`].
pub async fn confidences(model: &Model, images: &[Pixels]) -> Result<Vec<Vec<f32>>, TaskError> {
    let probabilities = |x| softmax(model.forward(x, LastRelu::True).logits, 1);
    rows(model, images, probabilities).await
}

/// `R(x)`, image by image.
///
/// # Errors
///
/// [`TaskError::Device`], and [`TaskError::NotFinite`].
pub async fn activations(model: &Model, images: &[Pixels]) -> Result<Vec<Vec<f32>>, TaskError> {
    rows(model, images, |x| model.representation(x)).await
}

async fn rows(
    model: &Model,
    images: &[Pixels],
    of: impl Fn(Tensor<4>) -> Tensor<2>,
) -> Result<Vec<Vec<f32>>, TaskError> {
    let mut all = Vec::with_capacity(images.len());
    for chunk in images.chunks(BATCH) {
        let rows = of(model.batch(chunk)?);
        let [_, length] = rows.dims();
        let values = finite(rows.into_data_async().await?.iter().collect())?;
        all.extend(values.chunks_exact(length).map(<[f32]>::to_vec));
    }
    Ok(all)
}

pub(super) fn labels(classes: &[usize], device: &Device) -> Tensor<1, Int> {
    let classes: Vec<i32> = classes.iter().map(|&class| class as i32).collect();
    let count = classes.len();
    Tensor::from_data(TensorData::new(classes, [count]), device)
}
