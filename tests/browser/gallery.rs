//! The gallery's thumbnails, and what a first visit weighs.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{FilterType, crop_imm, resize};
use robust_tests::{Visit, dist};

use crate::numbers::packed;
use crate::photo;

/// Side of a thumbnail in pixels: two for each that a phone's page has for it.
const SIDE: u32 = 128;

/// Most bytes of all thumbnails together.
const MOST: u64 = 200_000;

/// Most bytes that a visitor waits for before the first picture, as hosts send them: with gzip.
const FIRST: u64 = 15_000_000;

fn photos() -> Result<Vec<PathBuf>> {
    let mut photos = Vec::new();
    for entry in fs::read_dir(photo(""))? {
        let path = entry?.path();
        if path.extension().is_some_and(|kind| kind == "jpg") {
            photos.push(path);
        }
    }
    Ok(photos)
}

fn thumbnail_of(photo: &Path) -> Result<PathBuf> {
    let name = photo.file_name().context("a photo without a name")?;
    Ok(photo.with_file_name("small").join(name))
}

/// The photo's middle, small.
fn small(photo: &Path) -> Result<RgbImage> {
    let whole = image::open(photo)?.into_rgb8();
    let (width, height) = whole.dimensions();
    let side = width.min(height);
    let square = crop_imm(&whole, (width - side) / 2, (height - side) / 2, side, side).to_image();
    Ok(resize(&square, SIDE, SIDE, FilterType::CatmullRom))
}

#[test]
fn every_sample_has_a_thumbnail_of_itself() -> Result<()> {
    let mut bytes = 0;
    for photo in photos()? {
        let thumbnail = thumbnail_of(&photo)?;
        let advice = "make it: cargo test -p robust-tests make_thumbnails -- --ignored";
        bytes +=
            fs::metadata(&thumbnail).with_context(|| format!("{thumbnail:?}: {advice}"))?.len();
        let (shown, meant) = (image::open(&thumbnail)?.into_rgb8(), small(&photo)?);
        let (_, mean) = crate::difference(&shown, &meant);
        assert!(mean < 8.0, "{thumbnail:?} differs from its photo by {mean}: {advice}");
    }
    assert!((1..=MOST).contains(&bytes), "{bytes} bytes");
    Ok(())
}

#[test]
#[ignore = "writes the thumbnails of the gallery"]
fn make_thumbnails() -> Result<()> {
    for photo in photos()? {
        let thumbnail = thumbnail_of(&photo)?;
        fs::create_dir_all(thumbnail.parent().context("a file in no folder")?)?;
        JpegEncoder::new_with_quality(File::create(&thumbnail)?, 80)
            .encode_image(&small(&photo)?)?;
    }
    Ok(())
}

/// Engine, page, network and photo come first; the second network, atlases and other photos wait.
#[tokio::test]
async fn the_first_picture_needs_no_more_than_it_shows() -> Result<()> {
    let visit = Visit::prepare().await?;
    visit.go("?engine=cpu").await?;
    let shown = "/^(Step [1-9]|Done)/.test(document.querySelector('#robust .phase')?.textContent)";
    // Read at the moment of the first picture, in the page: looks from here come too late.
    let watch = format!(
        "window.came = new Promise(came => {{ const look = () => {{ if ({shown}) \
           came(performance.getEntriesByType('resource').map(file => file.name)); }}; \
         new MutationObserver(look).observe(document, \
           {{ subtree: true, childList: true, characterData: true }}); }}); return true;"
    );
    visit.script(&watch).await?;
    visit.wait_until("the first picture", shown, 120).await?;
    let came: Vec<String> = serde_json::from_value(visit.script("return window.came;").await?)?;
    // What the engine reads for itself, the page's list of what has come does not name.
    let mut bytes = packed(&photo("bird_kingfisher.jpg"))?;
    for address in &came {
        let path = address.strip_prefix(visit.origin()).context("a file from elsewhere")?;
        bytes += packed(&dist()?.join(path.trim_start_matches('/')))?;
    }
    println!("before the first picture: {:.1} MB in {} files", bytes as f64 / 1e6, came.len());
    let network = came.iter().any(|address| address.ends_with("robust.safetensors"));
    assert!(network && bytes <= FIRST, "{bytes} bytes: {came:#?}");
    let whole = |address: &&String| address.contains("/gallery/") && !address.contains("/small/");
    let whole: Vec<_> = came.iter().filter(whole).collect();
    assert!(whole.is_empty(), "photos that the page has read, and not the engine: {whole:?}");
    // What engines read for themselves, until all files come that are kept for later.
    let asked = visit.site().asked().into_iter().take_while(|path| path != "offline.js");
    let photos: Vec<String> =
        asked.filter(|path| path.starts_with("gallery/") && !path.contains("/small/")).collect();
    assert!(photos.iter().all(|path| path.ends_with("kingfisher.jpg")), "{photos:?}");
    assert!(!photos.is_empty(), "no engine has read the photo");
    visit.close().await
}
