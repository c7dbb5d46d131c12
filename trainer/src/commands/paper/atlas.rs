//! `robust-reps atlas`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use image::RgbImage;
use image::imageops::{self, FilterType};
use indicatif::ProgressBar;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use robust_core::engine::Model;
use robust_core::engine::solve::pgd::noise;
use robust_core::engine::tasks::change::magnify;
use robust_core::image::Pixels;
use robust_core::model::atlas::Atlas;
use robust_core::settings::PgdSettings;
use robust_core::settings::change::synthesis_settings;

use crate::backend::wait;
use crate::commands::arguments::Computer;
use crate::files;
use crate::progress::finished;
use crate::ranges;
use crate::train::turn;

/// Tiles in a row of the sheet.
const COLUMNS: usize = 32;

/// Features that are computed together.
const BATCH: usize = 16;

/// Qualities of the sheet's JPEG to try, the best first.
const QUALITIES: [u8; 5] = [80, 76, 72, 66, 60];

/// Most bytes of a sheet that a page should wait for: noise, as a standard network's tiles are, needs many.
const LARGEST: usize = 1_500_000;

/// Which model, and how.
#[derive(clap::Args)]
pub struct Args {
    /// Model file; NAME.atlas.json and the sheet that it names, NAME.atlas-….jpg, are written beside it
    model: PathBuf,
    /// Steps for each feature [default: the preset's]
    #[arg(long, value_parser = ranges::steps)]
    steps: Option<usize>,
    /// Side of a tile in pixels
    #[arg(long, default_value_t = 48, value_parser = ranges::tile)]
    tile: usize,
    /// Seed of the noise that the images start from
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    computer: Computer,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let model = files::read_model(&args.model, &args.computer.backend.device()?)?;
    let (images, activations) = maximise(args, &model)?;
    let classes = model.card().architecture.classes;
    let weights = (0..classes).map(|class| rounded(model.class_weights(class).into_data().iter()));
    let mut atlas = Atlas {
        sheet: String::new(),
        tile: args.tile,
        columns: COLUMNS.min(images.len()),
        activations: rounded(activations.into_iter()),
        weights: weights.collect(),
    };
    let drawn = drawn(&atlas, &images)?;
    // Named after its content: the sheet of the index that is there stays until another index is.
    let sheet = args.model.with_extension(format!("atlas-{}.jpg", &files::sha256(&drawn)[..8]));
    atlas.sheet = name(&sheet);
    let index = args.model.with_extension("atlas.json");
    let _turn = turn(&index);
    files::write(&sheet, &drawn)?;
    let earlier = earlier_sheet(&index);
    files::write(&index, serde_json::to_string(&atlas)?.as_bytes())?;
    if let Some(earlier) = earlier.filter(|earlier| *earlier != sheet) {
        // Harmless if it stays.
        drop(fs::remove_file(earlier));
    }
    println!("{} and {}: {} features", index.display(), sheet.display(), images.len());
    Ok(ExitCode::SUCCESS)
}

/// The sheet that an index names, if an earlier run made both.
fn earlier_sheet(index: &Path) -> Option<PathBuf> {
    let atlas: Atlas = serde_json::from_slice(&fs::read(index).ok()?).ok()?;
    let ours = name(&index.with_extension("")) + "-";
    let sheet = Path::new(&atlas.sheet).file_name()?.to_str()?;
    (sheet.starts_with(&ours) && sheet.ends_with(".jpg")).then(|| index.with_file_name(sheet))
}

/// Every feature maximised from noise of its own, and what it reached.
fn maximise(args: &Args, model: &Model) -> Result<(Vec<Pixels>, Vec<f32>)> {
    let (k, size) = (model.card().architecture.representation_len(), model.card().input_size);
    let preset = synthesis_settings(size);
    let settings = PgdSettings { steps: args.steps.unwrap_or(preset.steps), ..preset };
    let bar = ProgressBar::new(k as u64);
    let (mut images, mut activations) = (Vec::new(), Vec::new());
    let features: Vec<usize> = (0..k).collect();
    for chunk in features.chunks(BATCH) {
        let starts: Vec<Pixels> = chunk.iter().map(|&i| noise(size, args.seed, i as u64)).collect();
        let mut pgd = magnify(model, &starts, chunk, settings)?;
        images.extend(finished(&mut pgd)?.images);
        activations.extend(wait(pgd.losses())?);
        bar.inc(chunk.len() as u64);
    }
    bar.finish_and_clear();
    Ok((images, activations))
}

/// Three digits are enough to sort by.
fn rounded(values: impl Iterator<Item = f32>) -> Vec<f32> {
    values.map(|value| (value * 1000.0).round() / 1000.0).collect()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn drawn(atlas: &Atlas, images: &[Pixels]) -> Result<Vec<u8>> {
    let rows = images.len().div_ceil(atlas.columns);
    let mut sheet = RgbImage::new((atlas.columns * atlas.tile) as u32, (rows * atlas.tile) as u32);
    for (feature, image) in images.iter().enumerate() {
        let (column, row) = atlas.place(feature);
        let side = image.size() as u32;
        let tile = RgbImage::from_raw(side, side, image.to_rgb8());
        let tile = tile.context("an image of another size")?;
        let tile =
            imageops::resize(&tile, atlas.tile as u32, atlas.tile as u32, FilterType::CatmullRom);
        imageops::replace(
            &mut sheet,
            &tile,
            (column * atlas.tile) as i64,
            (row * atlas.tile) as i64,
        );
    }
    let mut jpeg = Vec::new();
    for quality in QUALITIES {
        jpeg.clear();
        let mut encoder = Encoder::new(&mut jpeg, quality);
        encoder.set_sampling_factor(SamplingFactor::F_1_1);
        let (width, height) = (sheet.width() as u16, sheet.height() as u16);
        encoder.encode(sheet.as_raw(), width, height, ColorType::Rgb)?;
        if jpeg.len() <= LARGEST {
            break;
        }
    }
    Ok(jpeg)
}
