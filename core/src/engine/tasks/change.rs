//! Changing photos towards a class or another photo's representation, and looking at many photos.

use burn::tensor::activation::softmax;
use burn::tensor::{Device, ExecutionError, Int, Tensor, TensorData};

use super::explain::one;
use crate::engine::Model;
use crate::engine::network::LastRelu;
use crate::engine::solve::objective::{Activate, AddFeature, CrossEntropy, Invert, Objective};
use crate::engine::solve::pgd::Pgd;
use crate::image::Pixels;
use crate::settings::PgdSettings;
use crate::settings::change::{Goal, attack_settings};

/// Steps of a search for another class.
const WHY_NOT_STEPS: usize = 20;

/// Images that are looked at together.
const BATCH: usize = 32;

/// Changes each image towards a class of its own: the targeted form of equation (3). `None` where
/// the numbers of images and classes differ, or sizes do.
pub fn synthesise<'a>(
    model: &'a Model,
    images: &[Pixels],
    classes: &[usize],
    settings: PgdSettings,
) -> Option<Pgd<'a, CrossEntropy>> {
    let batch = (images.len() == classes.len()).then(|| model.batch(images))??;
    let objective = CrossEntropy::targeted(labels(classes, model.device()));
    Some(Pgd::from_centre(model, objective, settings, batch))
}

/// Magnifies one feature in each image of a batch. `None` where the numbers of images and features
/// differ, or sizes do.
pub fn magnify<'a>(
    model: &'a Model,
    images: &[Pixels],
    features: &[usize],
    settings: PgdSettings,
) -> Option<Pgd<'a, Activate>> {
    let batch = (images.len() == features.len()).then(|| model.batch(images))??;
    Some(Pgd::from_centre(model, Activate::new(features, model.device()), settings, batch))
}

/// Adds one feature to an image.
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
/// Where the device failed.
pub async fn reached(pgd: &Pgd<'_, AddFeature>) -> Result<f32, ExecutionError> {
    let losses = pgd.loss().into_data_async().await?;
    Ok(1.0 + losses.iter::<f32>().sum::<f32>())
}

/// Looks for a near-copy of each of `originals` that has the representation of its counterpart in
/// `others`: equations (1) and (2). `None` where their numbers or sizes differ.
pub fn collide<'a>(
    model: &'a Model,
    originals: &[Pixels],
    others: &[Pixels],
    settings: PgdSettings,
) -> Option<Pgd<'a, Invert>> {
    let same = originals.len() == others.len() && originals.first()?.size() == others[0].size();
    let batch = same.then(|| model.batch(originals))??;
    let objective = Invert::new(model.representation(model.batch(others)?));
    Some(Pgd::from_centre(model, objective, settings, batch))
}

/// The nearest thing to `image` that the model takes for `class`: a targeted attack of radius
/// `epsilon`.
pub fn why_not<'a>(
    model: &'a Model,
    image: &Pixels,
    class: usize,
    epsilon: f32,
) -> Option<Pgd<'a, CrossEntropy>> {
    let settings = attack_settings(epsilon, WHY_NOT_STEPS);
    synthesise(model, std::slice::from_ref(image), &[class], settings)
}

/// A run of one image towards any goal that is one run. `other` is the photo to collide with.
/// [`Goal::Add`] is a run for each of its coordinates; this is the first one's. `None` where
/// the goal lacks something: a coordinate, or the other photo.
pub fn towards<'a>(
    model: &'a Model,
    start: &Pixels,
    other: Option<&Pixels>,
    goal: &Goal,
    settings: PgdSettings,
) -> Option<Pgd<'a, Box<dyn Objective>>> {
    let one = std::slice::from_ref(start);
    Some(match goal {
        Goal::Feature(feature) => magnify(model, one, &[*feature], settings)?.boxed(),
        Goal::Class(class) => synthesise(model, one, &[*class], settings)?.boxed(),
        Goal::Add(features) => add(model, start, *features.first()?, settings).boxed(),
        Goal::Collide { .. } => {
            collide(model, one, std::slice::from_ref(other?), settings)?.boxed()
        }
    })
}

/// Probability of every class, image by image.
///
/// # Errors
///
/// Where the device failed.
pub async fn confidences(
    model: &Model,
    images: &[Pixels],
) -> Result<Vec<Vec<f32>>, ExecutionError> {
    let probabilities = |x| softmax(model.forward(x, LastRelu::True).logits, 1);
    rows(model, images, probabilities).await
}

/// `R(x)`, image by image.
///
/// # Errors
///
/// Where the device failed.
pub async fn activations(
    model: &Model,
    images: &[Pixels],
) -> Result<Vec<Vec<f32>>, ExecutionError> {
    rows(model, images, |x| model.representation(x)).await
}

async fn rows(
    model: &Model,
    images: &[Pixels],
    of: impl Fn(Tensor<4>) -> Tensor<2>,
) -> Result<Vec<Vec<f32>>, ExecutionError> {
    let mut all = Vec::with_capacity(images.len());
    for chunk in images.chunks(BATCH) {
        let Some(batch) = model.batch(chunk) else { continue };
        let rows = of(batch);
        let [_, length] = rows.dims();
        let values: Vec<f32> = rows.into_data_async().await?.iter().collect();
        all.extend(values.chunks_exact(length).map(<[f32]>::to_vec));
    }
    Ok(all)
}

pub(super) fn labels(classes: &[usize], device: &Device) -> Tensor<1, Int> {
    let classes: Vec<i32> = classes.iter().map(|&class| class as i32).collect();
    let count = classes.len();
    Tensor::from_data(TensorData::new(classes, [count]), device)
}
