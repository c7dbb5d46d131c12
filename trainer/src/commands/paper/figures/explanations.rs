//! Figures 2, 9 and 21: what networks mistake, and why they say what they say.

use anyhow::{Context, Result};
use robust_core::engine::tasks::change::{collide, confidences, magnify};
use robust_core::engine::tasks::explain::{explain, largest, saliency};
use robust_core::image::Pixels;
use robust_core::settings::change::{attack_settings, explain_settings};
use serde_json::{Value, json};

use super::Drawn;
use super::subject::{Subject, reached};
use crate::backend::wait;
use crate::progress::finished_image;
use crate::sheet::Sheet;

/// Radius of the collisions, l2.
const EPSILON: f32 = 1.0;

/// Photos among which wrong predictions are looked for.
const SEARCHED: usize = 300;

pub fn collisions(subject: &Subject) -> Result<Drawn> {
    let photos = subject.photos(12);
    let others = Subject::others(&photos, 1);
    let mut sheet = Sheet::new("");
    sheet.row("photo", &photos);
    sheet.row("other photo", &others);
    let mut numbers = serde_json::Map::new();
    numbers.insert("epsilon".into(), json!(EPSILON));
    for (model, name) in [(&subject.standard, "standard"), (&subject.robust, "robust")] {
        let settings = attack_settings(EPSILON, 100);
        let pgd = collide(model, &photos, &others, settings)?;
        let before = wait(pgd.losses())?;
        let (images, after) = reached(pgd)?;
        let caption = |i: usize| format!("{:.0} to\n{:.0} %", 100.0 * before[i], 100.0 * after[i]);
        let captions: Vec<String> = (0..images.len()).map(caption).collect();
        sheet.captioned(
            &format!("{name}:\ndistance to\nthe other"),
            images.into_iter().zip(captions),
        );
        numbers.insert(name.into(), json!({ "before": before, "after": after }));
    }
    Ok(Drawn { sheet, numbers: Value::Object(numbers) })
}

/// Right and wrong predictions, each with its heaviest feature magnified.
pub fn accentuated(subject: &Subject) -> Result<Drawn> {
    let model = &subject.robust;
    let (photos, labels) = subject.labelled(SEARCHED);
    let rows = wait(confidences(model, &photos))?;
    let classes = &model.card().classes;
    let predicted = |row: &[f32]| classes[largest(row)].as_str();
    let mut sheet = Sheet::new("");
    let mut numbers = Vec::new();
    for right in [true, false] {
        let of_kind = (0..photos.len()).filter(|&i| (predicted(&rows[i]) == labels[i]) == right);
        let chosen: Vec<usize> = of_kind.take(subject.columns).collect();
        let mut tiles = Vec::new();
        for &i in &chosen {
            let explanation = wait(explain(model, &photos[i], None, 1));
            let explanation = explanation?;
            let part = explanation.features.first().context("no feature speaks for it")?;
            let settings = explain_settings(subject.size());
            let mut pgd = magnify(model, &photos[i..=i], &[part.feature], settings)?;
            let image = finished_image(&mut pgd)?;
            tiles.push((image, format!("{}\n{:+.1}", part.feature, part.contribution)));
            numbers.push(json!({
                "class": labels[i],
                "predicted": predicted(&rows[i]),
                "feature": part.feature,
                "contribution": part.contribution,
            }));
        }
        let word = if right { "right" } else { "wrong" };
        let called = chosen.iter().map(|&i| (photos[i].clone(), predicted(&rows[i]).to_owned()));
        sheet.captioned(&format!("{word}:\npredicted"), called);
        sheet.captioned("heaviest\nmagnified", tiles);
    }
    Ok(Drawn { sheet, numbers: Value::Array(numbers) })
}

pub fn saliencies(subject: &Subject) -> Result<Drawn> {
    let photos = subject.photos(14);
    let mut sheet = Sheet::new("");
    sheet.row("photo", &photos);
    let mut numbers = serde_json::Map::new();
    for (model, name) in [(&subject.robust, "robust"), (&subject.standard, "standard")] {
        let mut images: Vec<Pixels> = Vec::new();
        let mut likeness = Vec::new();
        for photo in &photos {
            let explanation = wait(explain(model, photo, None, 1));
            let class = explanation?.class;
            let gradient = wait(saliency(model, photo, class))?;
            likeness.push(smoothness(&gradient));
            images.push(gradient);
        }
        sheet.row(name, &images);
        numbers.insert(name.into(), json!({ "correlation_of_neighbours": likeness }));
    }
    Ok(Drawn { sheet, numbers: Value::Object(numbers) })
}

/// Correlation of horizontal neighbours: near 0 for noise, higher for shapes.
fn smoothness(image: &Pixels) -> f32 {
    let values = image.values();
    let (mut products, mut squares) = (0.0, 1e-12);
    for (i, value) in values.iter().enumerate() {
        let here = value - 0.5;
        squares += here * here;
        if (i + 1) % image.size() != 0 {
            products += here * (values[i + 1] - 0.5);
        }
    }
    products / squares
}
