//! Contact sheets: rows of small images with captions, as one PNG.

use std::io::Cursor;

use anyhow::{Context, Result};
use font8x8::UnicodeFonts as _;
use image::imageops::{self, FilterType};
use image::{ImageFormat, Rgb, RgbImage};
use robust_core::image::Pixels;

const MARGIN: u32 = 8;
const GAP: u32 = 4;
const LETTER: u32 = 8;
const LINE: u32 = 12;
const TILE: u32 = 96;
const INK: Rgb<u8> = Rgb([30, 36, 40]);
const PAPER: Rgb<u8> = Rgb([255, 255, 255]);

/// A title and rows of images, each with a caption on its left and maybe one below each image.
pub struct Sheet {
    /// Above all rows.
    pub title: String,
    rows: Vec<SheetRow>,
}

struct SheetRow {
    caption: String,
    tiles: Vec<(Pixels, String)>,
}

impl Sheet {
    /// A sheet without rows.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), rows: Vec::new() }
    }

    /// Adds a row of images.
    pub fn row(&mut self, caption: &str, images: &[Pixels]) {
        self.captioned(caption, images.iter().map(|image| (image.clone(), String::new())));
    }

    /// Adds a row of images, each with words of its own below.
    pub fn captioned(&mut self, caption: &str, tiles: impl IntoIterator<Item = (Pixels, String)>) {
        self.rows.push(SheetRow { caption: caption.into(), tiles: tiles.into_iter().collect() });
    }

    /// Draws it. Images keep hard pixels where they are enlarged.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        let longest = self.rows.iter().map(|row| words(&row.caption)).max().unwrap_or(0);
        let left = MARGIN + if longest == 0 { 0 } else { longest * LETTER + MARGIN };
        let columns = self.rows.iter().map(|row| row.tiles.len() as u32).max().unwrap_or(0);
        let width = (left + columns * (TILE + GAP) + MARGIN)
            .max(2 * MARGIN + self.title.chars().count() as u32 * LETTER);
        let top = MARGIN + LINE + MARGIN;
        let height = top + self.rows.iter().map(SheetRow::height).sum::<u32>() + MARGIN;
        let mut image = RgbImage::from_pixel(width, height, PAPER);
        write(&mut image, MARGIN, MARGIN, &self.title);
        let mut y = top;
        for row in &self.rows {
            for (line, words) in row.caption.lines().enumerate() {
                write(&mut image, MARGIN, y + line as u32 * LINE, words);
            }
            for (column, (pixels, caption)) in row.tiles.iter().enumerate() {
                let x = left + column as u32 * (TILE + GAP);
                let side = pixels.size() as u32;
                let tile = RgbImage::from_raw(side, side, pixels.to_rgb8())
                    .context("an image of another size")?;
                let tile = imageops::resize(&tile, TILE, TILE, FilterType::Nearest);
                imageops::replace(&mut image, &tile, i64::from(x), i64::from(y));
                for (line, words) in caption.lines().enumerate() {
                    write(&mut image, x, y + TILE + 2 + line as u32 * LINE, words);
                }
            }
            y += row.height();
        }
        let mut png = Cursor::new(Vec::new());
        image.write_to(&mut png, ImageFormat::Png)?;
        Ok(png.into_inner())
    }
}

impl SheetRow {
    fn height(&self) -> u32 {
        let lines = self.tiles.iter().map(|(_, caption)| caption.lines().count()).max();
        let captions = lines.unwrap_or(0) as u32;
        TILE + GAP + if captions == 0 { 0 } else { captions * LINE + GAP }
    }
}

/// Letters of the longest line.
fn words(text: &str) -> u32 {
    text.lines().map(|line| line.chars().count()).max().unwrap_or(0) as u32
}

fn write(image: &mut RgbImage, x: u32, y: u32, text: &str) {
    for (i, letter) in text.chars().enumerate() {
        let Some(rows) =
            font8x8::BASIC_FONTS.get(letter).or_else(|| font8x8::LATIN_FONTS.get(letter))
        else {
            continue;
        };
        for (dy, bits) in rows.iter().enumerate() {
            for dx in (0..LETTER).filter(|dx| bits >> dx & 1 == 1) {
                let (x, y) = (x + i as u32 * LETTER + dx, y + dy as u32);
                if x < image.width() && y < image.height() {
                    image.put_pixel(x, y, INK);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_and_words_are_where_they_belong() {
        let mut sheet = Sheet::new("Title");
        sheet.row("red", &[Pixels::flat(4, [1.0, 0.0, 0.0])]);
        sheet.captioned("", [(Pixels::flat(4, [0.0, 0.0, 1.0]), "blue\n2nd".into())]);
        let image = image::load_from_memory(&sheet.to_png().unwrap()).unwrap().to_rgb8();
        let count = |colour: [u8; 3]| image.pixels().filter(|pixel| pixel.0 == colour).count();
        let tile = (TILE * TILE) as usize;
        assert_eq!((count([255, 0, 0]), count([0, 0, 255])), (tile, tile));
        assert!(count(INK.0) > 100);
    }
}
