//! CIFAR-10's binary version: one byte of label, then 3 planes of 32 by 32 bytes.

use anyhow::{Context, Result, bail};
use image::RgbImage;
use image::imageops::{FilterType, resize};
use robust_core::import::known::CIFAR10 as CLASSES;

use super::Side;

const SIDE: usize = 32;
const RECORD: usize = 1 + 3 * SIDE * SIDE;

/// Whether CIFAR-10 has a class of this name.
pub fn is_class(name: &str) -> bool {
    CLASSES.contains(&name)
}

/// The class of every image of a file.
pub fn labels(file: &[u8]) -> Result<Vec<&'static str>> {
    if file.is_empty() || !file.len().is_multiple_of(RECORD) {
        bail!("not a whole number of CIFAR-10 records of {RECORD} bytes");
    }
    let class = |record: &[u8]| CLASSES.get(usize::from(record[0])).copied();
    let classes = file.chunks_exact(RECORD).map(class).collect::<Option<_>>();
    classes.context("a label above 9: this is not CIFAR-10's binary version")
}

/// One image, brought to `side`.
pub fn decode(file: &[u8], index: usize, side: Side) -> Result<RgbImage> {
    let record = file.chunks_exact(RECORD).nth(index).context("past the end of the file")?;
    let plane = SIDE * SIDE;
    let interleaved = (0..plane).flat_map(|i| (0..3).map(move |c| record[1 + c * plane + i]));
    let image = RgbImage::from_raw(SIDE as u32, SIDE as u32, interleaved.collect())
        .context("an image of another size")?;
    let size = side.of(SIDE as u32);
    Ok(if size as usize == SIDE {
        image
    } else {
        resize(&image, size, size, FilterType::CatmullRom)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_a_label_and_three_planes() {
        let mut file = vec![7; 2 * RECORD];
        file[RECORD] = 3;
        file[RECORD + 1] = 200; // red, first pixel of the second image
        assert_eq!(labels(&file).unwrap(), ["horse", "cat"]);
        assert_eq!(decode(&file, 1, Side::Exactly(32)).unwrap().get_pixel(0, 0).0, [200, 7, 7]);
        assert!(labels(&file[1..]).is_err());
        assert!(labels(&[99; RECORD]).is_err());
    }
}
