//! Figures 3, 4, 8, 10 to 12, 19 and 20: features of the representation.

use anyhow::{Context, Result};
use robust_core::engine::Model;
use robust_core::engine::solve::Run;
use robust_core::engine::tasks::change::{activations, add, reached};
use robust_core::engine::tasks::explain::largest;
use robust_core::image::Pixels;
use robust_core::settings::change::{quick_add_settings, synthesis_settings};
use serde_json::{Value, json};

use super::Drawn;
use super::subject::Subject;
use crate::backend::wait;
use crate::progress::finished_until;
use crate::sheet::Sheet;

/// Photos that are searched for the most and least activating ones.
const SEARCHED: usize = 1000;

/// Steps between two looks at whether an addition has reached 1.
const LOOK_EVERY: usize = 10;

/// Stages of a feature that is added step by step.
const STAGES: usize = 5;

/// One row per feature, one column per start.
fn grid(
    subject: &Subject,
    model: &Model,
    sheet: &mut Sheet,
    starts: &[Pixels],
    features: &[usize],
) -> Result<Value> {
    let settings = synthesis_settings(subject.size());
    let mut rows = Vec::new();
    for &feature in features {
        let same = vec![feature; starts.len()];
        let (images, values) = subject.maximised(model, starts, &same, settings)?;
        let tiles = images.into_iter().zip(values.iter().map(|value| format!("{value:.2}")));
        sheet.captioned(&format!("feature {feature}"), tiles);
        rows.push(json!({ "feature": feature, "activations": values }));
    }
    Ok(Value::Array(rows))
}

pub fn patterns(subject: &Subject) -> Result<Drawn> {
    let starts = noises_and_photos(subject, 7);
    // Those that speak most for some classes: chosen, as the paper's are.
    let features = heaviest(&subject.robust, 4);
    let mut sheet = Sheet::new("");
    sheet.row("start", &starts);
    let numbers = grid(subject, &subject.robust, &mut sheet, &starts, &features)?;
    Ok(Drawn { sheet, numbers })
}

/// A row of starts, half of them noise.
fn noises_and_photos(subject: &Subject, turn: u64) -> Vec<Pixels> {
    let mut starts = subject.noises(subject.columns / 2);
    starts.extend(subject.photos(turn).into_iter().take(subject.columns - starts.len()));
    starts
}

/// The feature with the largest weight of each of the first classes.
pub fn heaviest(model: &Model, count: usize) -> Vec<usize> {
    let classes = model.card().architecture.classes;
    let heaviest = |class: usize| {
        let weights: Vec<f32> = model.class_weights(class).into_data().iter().collect();
        largest(&weights)
    };
    (0..classes.min(count)).map(heaviest).collect()
}

pub fn activating(subject: &Subject) -> Result<Drawn> {
    let model = &subject.robust;
    let (photos, _) = subject.labelled(SEARCHED);
    let rows = wait(activations(model, &photos))?;
    let mut sheet = Sheet::new("");
    let mut numbers = Vec::new();
    for feature in subject.features(model, 2, 4) {
        let grey = vec![Pixels::flat(subject.size(), [0.5; 3])];
        let settings = synthesis_settings(subject.size());
        let (images, values) = subject.maximised(model, &grey, &[feature], settings)?;
        let mut order: Vec<usize> = (0..photos.len()).collect();
        order.sort_by(|&a, &b| rows[b][feature].total_cmp(&rows[a][feature]));
        let maximised = images.into_iter().zip([format!("{:.2}", values[0])]);
        sheet.captioned(&format!("feature {feature}\nmaximised"), maximised);
        let tile = |&i: &usize| (photos[i].clone(), format!("{:.2}", rows[i][feature]));
        let count = subject.columns.min(photos.len());
        sheet.captioned("most", order.iter().take(count).map(tile));
        sheet.captioned("least", order.iter().rev().take(count).map(tile));
        numbers.push(json!({
            "feature": feature,
            "maximised": values[0],
            "most": rows[order[0]][feature],
            "least": rows[order[order.len() - 1]][feature],
            "photos": photos.len(),
        }));
    }
    Ok(Drawn { sheet, numbers: Value::Array(numbers) })
}

pub fn from_noise(subject: &Subject) -> Result<Drawn> {
    random(subject, &subject.robust, &subject.noises(subject.columns))
}

pub fn from_photos(subject: &Subject) -> Result<Drawn> {
    random(subject, &subject.robust, &subject.photos(8))
}

pub fn standard(subject: &Subject) -> Result<Drawn> {
    random(subject, &subject.standard, &noises_and_photos(subject, 8))
}

fn random(subject: &Subject, model: &Model, starts: &[Pixels]) -> Result<Drawn> {
    let mut sheet = Sheet::new("");
    sheet.row("start", starts);
    let numbers = grid(subject, model, &mut sheet, starts, &subject.features(model, 4, 10))?;
    Ok(Drawn { sheet, numbers })
}

/// Until it reaches 1, or its steps are over; the images at some stages on the way.
fn stages(subject: &Subject, photo: &Pixels, feature: usize) -> Result<(Vec<Pixels>, f32, usize)> {
    let settings = quick_add_settings(subject.size());
    let mut pgd = add(&subject.robust, photo, feature, settings);
    let mut images = Vec::new();
    let mut value = wait(reached(&pgd))?;
    for stage in 1..=STAGES {
        let end = settings.steps * stage / STAGES;
        while pgd.steps_done() < end && value < 1.0 {
            let look = (pgd.steps_done() + 1).next_multiple_of(LOOK_EVERY);
            finished_until(&mut pgd, look.min(end))?;
            if look <= end {
                value = wait(reached(&pgd))?;
            }
        }
        let here = pgd.steps_done();
        images.extend(finished_until(&mut pgd, here)?.images);
    }
    Ok((images, wait(reached(&pgd))?, pgd.steps_done()))
}

/// Each photo with the feature, and how much of it.
fn add_row(
    subject: &Subject,
    sheet: &mut Sheet,
    photos: &[Pixels],
    feature: usize,
) -> Result<Value> {
    let mut tiles = Vec::new();
    let mut numbers = Vec::new();
    for photo in photos {
        let (images, reached, steps) = stages(subject, photo, feature)?;
        let image = images.into_iter().last().context("there was no stage")?;
        tiles.push((image, format!("{reached:.2}")));
        numbers.push(json!({ "reached": reached, "steps": steps }));
    }
    sheet.row("original", photos);
    sheet.captioned(&format!("feature {feature}\nadded"), tiles);
    Ok(json!({ "feature": feature, "photos": numbers }))
}

pub fn added(subject: &Subject) -> Result<Drawn> {
    let chosen = heaviest(&subject.robust, 1)[0];
    let random = subject.features(&subject.robust, 1, 8)[0];
    several(subject, &[chosen, random], 9)
}

pub fn several_added(subject: &Subject) -> Result<Drawn> {
    several(subject, &subject.features(&subject.robust, 3, 19), 10)
}

fn several(subject: &Subject, features: &[usize], turn: u64) -> Result<Drawn> {
    let photos = subject.photos(turn);
    let mut sheet = Sheet::new("");
    let row = |feature: &usize| add_row(subject, &mut sheet, &photos, *feature);
    let numbers = features.iter().map(row).collect::<Result<Vec<Value>>>()?;
    Ok(Drawn { sheet, numbers: Value::Array(numbers) })
}

pub fn progressively(subject: &Subject) -> Result<Drawn> {
    let feature = heaviest(&subject.robust, 2)[1];
    let photos = subject.photos(11);
    let mut columns = Vec::new();
    let mut numbers = Vec::new();
    for photo in &photos {
        let (images, reached, steps) = stages(subject, photo, feature)?;
        columns.push(images);
        numbers.push(json!({ "reached": reached, "steps": steps }));
    }
    let mut sheet = Sheet::new("");
    sheet.row("original", &photos);
    let steps = quick_add_settings(subject.size()).steps;
    for stage in 0..STAGES {
        let row: Vec<Pixels> = columns.iter().map(|images| images[stage].clone()).collect();
        sheet.row(&format!("{} steps", steps * (stage + 1) / STAGES), &row);
    }
    Ok(Drawn { sheet, numbers: json!({ "feature": feature, "photos": numbers }) })
}
