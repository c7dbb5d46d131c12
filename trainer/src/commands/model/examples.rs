//! `robust-reps examples`.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use robust_core::engine::tasks::invert::invert;
use robust_core::image::Pixels;
use robust_core::settings::{InvertSettings, Start};

use crate::commands::arguments::Computer;
use crate::files;
use crate::progress::follow;

/// Side of each picture on the sheet, in pixels.
const TILE: u32 = 128;

/// Quality of the JPEG file.
const QUALITY: u8 = 85;

/// Which network to show, by which photos.
#[derive(clap::Args)]
pub struct Args {
    /// Model file; NAME.examples.jpg is written beside it
    model: PathBuf,
    /// Photos to invert; the largest square in the middle of each is used
    #[arg(required = true)]
    photos: Vec<PathBuf>,
    #[command(flatten)]
    settings: InvertSettings,
    #[command(flatten)]
    computer: Computer,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    args.settings.check()?;
    let model = files::read_model(&args.model, &args.computer.backend.device()?)?;
    let size = model.card().input_size;
    let square = |path: &PathBuf| files::read_square(path, size);
    let originals = args.photos.iter().map(square).collect::<Result<Vec<Pixels>>>()?;
    let mut pgd = invert(&model, &originals, &Start::Noise, &args.settings)?;
    let due = |step: usize| step > 0 && step.is_multiple_of(10);
    let inversions = follow(&mut pgd, due, |_| {})?.images;
    let path = args.model.with_extension("examples.jpg");
    write(&path, [&originals, &inversions])?;
    println!("{}: {} photos above what the network kept of them", path.display(), originals.len());
    Ok(ExitCode::SUCCESS)
}

/// Writes both rows below each other, each picture enlarged smoothly, as the page shows it.
fn write(path: &Path, rows: [&[Pixels]; 2]) -> Result<()> {
    let columns = rows[0].len() as u32;
    let mut sheet = RgbImage::new(columns * TILE, 2 * TILE);
    for (y, row) in (0u32..).zip(rows) {
        for (x, pixels) in (0u32..).zip(row) {
            let side = pixels.size() as u32;
            let image = RgbImage::from_raw(side, side, pixels.to_rgb8())
                .context("pixels are not a square image")?;
            let tile = imageops::resize(&image, TILE, TILE, FilterType::CatmullRom);
            imageops::replace(&mut sheet, &tile, i64::from(x * TILE), i64::from(y * TILE));
        }
    }
    let mut bytes = Cursor::new(Vec::new());
    JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode_image(&sheet)?;
    files::write(path, bytes.get_ref())
}
