//! Contact sheets: what a model sees, on one page beside its card.

use anyhow::Result;
use robust_core::engine::Model;
use robust_core::settings::change::synthesis_settings;
use serde_json::json;

use super::Drawn;
use super::features::heaviest;
use super::inversions::from_noise;
use super::paths::path;
use super::subject::Subject;
use crate::sheet::Sheet;

pub fn robust(subject: &Subject) -> Result<Drawn> {
    contact(subject, &subject.robust)
}

pub fn standard(subject: &Subject) -> Result<Drawn> {
    contact(subject, &subject.standard)
}

/// Inversions, features and a path, all of photos that the model never saw.
fn contact(subject: &Subject, model: &Model) -> Result<Drawn> {
    let mut sheet = Sheet::new("");
    let photos = subject.photos(30);
    let inverted = from_noise(&mut sheet, model, subject, &photos, "held out")?;
    let features = heaviest(model, subject.columns);
    let starts = subject.noises(features.len());
    let settings = synthesis_settings(subject.size());
    let (images, values) = subject.maximised(model, &starts, &features, settings)?;
    let captions = features.iter().zip(&values).map(|(i, value)| format!("{i}: {value:.2}"));
    sheet.captioned("features\nmaximised", images.into_iter().zip(captions));
    let mut distances = Vec::new();
    for pair in subject.photos(31).chunks_exact(2).take(2) {
        let (frames, distance) = path(model, pair)?;
        sheet.row("path", &frames);
        distances.push(distance);
    }
    let numbers = json!({
        "inverted": inverted,
        "features": features,
        "activations": values,
        "mean_distance_of_frames": distances,
    });
    Ok(Drawn { sheet, numbers })
}
