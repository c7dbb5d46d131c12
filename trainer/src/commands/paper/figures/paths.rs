//! Figures 7, 17 and 18: paths between photos.

use anyhow::{Context, Result};
use robust_core::engine::Model;
use robust_core::engine::tasks::path::PathRun;
use robust_core::image::Pixels;
use robust_core::settings::path::PathSettings;
use serde_json::json;

use super::Drawn;
use super::subject::Subject;
use crate::progress::finished;
use crate::sheet::Sheet;

pub fn first(subject: &Subject) -> Result<Drawn> {
    paths(subject, &subject.robust, 20, 1)
}

pub fn robust(subject: &Subject) -> Result<Drawn> {
    paths(subject, &subject.robust, 21, subject.columns / 2)
}

pub fn standard(subject: &Subject) -> Result<Drawn> {
    paths(subject, &subject.standard, 21, subject.columns / 2)
}

/// So many paths, each between a photo and its neighbour in a row of photos.
fn paths(subject: &Subject, model: &Model, turn: u64, count: usize) -> Result<Drawn> {
    let photos = subject.photos(turn);
    let mut sheet = Sheet::new("");
    let mut distances = Vec::new();
    for pair in photos.chunks_exact(2).take(count.max(1)) {
        let (frames, distance) = path(model, pair)?;
        distances.push(distance);
        sheet.row("", &frames);
    }
    Ok(Drawn { sheet, numbers: json!({ "mean_distance_of_frames": distances }) })
}

/// The frames between two photos, and their mean distance from the path of representations.
pub fn path(model: &Model, pair: &[Pixels]) -> Result<(Vec<Pixels>, f32)> {
    let report = finished(&mut PathRun::new(model, pair, &PathSettings::NEAR)?)?;
    let distance = report.mean_losses().last().copied();
    Ok((report.images, distance.context("a path took no step")?))
}
