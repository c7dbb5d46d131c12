use image::{ImageFormat, RgbaImage};

use super::*;

const WHITE: [u8; 3] = [255; 3];

fn encode(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// Left half red, right half blue, 8 by 4.
fn flag() -> RgbImage {
    RgbImage::from_fn(8, 4, |x, _| if x < 4 { Rgb([255, 0, 0]) } else { Rgb([0, 0, 255]) })
}

#[test]
fn every_format_is_read() {
    let image = DynamicImage::from(flag());
    let formats = [
        ImageFormat::Png,
        ImageFormat::Bmp,
        ImageFormat::Gif,
        ImageFormat::WebP,
        ImageFormat::Jpeg,
    ];
    for format in formats {
        let photo = Photo::decode(&encode(&image, format), WHITE).unwrap();
        assert_eq!(photo.dimensions(), (8, 4), "{format:?}");
        let pixels = photo.square(Crop::Square { x: 0.0, y: 0.5, side: 0.5 }, 2);
        assert!(pixels.values()[0] > 0.9 && pixels.values()[8] < 0.15, "{format:?}");
    }
}

#[test]
fn greyscale_and_transparency_become_rgb() {
    let grey = DynamicImage::from(image::GrayImage::from_pixel(4, 4, image::Luma([128])));
    let pixels = Photo::decode(&encode(&grey, ImageFormat::Png), WHITE).unwrap();
    assert_eq!(pixels.square(Crop::Centre, 4), Pixels::flat(4, [128.0 / 255.0; 3]));
    let glass = RgbaImage::from_pixel(4, 4, image::Rgba([255, 0, 0, 0]));
    let bytes = encode(&DynamicImage::from(glass), ImageFormat::Png);
    let green = Photo::decode(&bytes, [0, 255, 0]).unwrap();
    assert_eq!(green.square(Crop::Centre, 4), Pixels::flat(4, [0.0, 1.0, 0.0]));
}

/// A JPEG whose EXIF block says "turn me by 90 degrees".
#[test]
fn exif_orientation_is_obeyed() {
    let exif: &[u8] =
        b"\xff\xe1\0\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let mut bytes = encode(&DynamicImage::from(flag()), ImageFormat::Jpeg);
    // Right behind the marker that starts the file.
    bytes.splice(2..2, exif.iter().copied());
    let photo = Photo::decode(&bytes, WHITE).unwrap();
    assert_eq!(photo.dimensions(), (4, 8));
    let top = photo.square(Crop::Square { x: 0.5, y: 0.0, side: 0.5 }, 2);
    assert!(top.values()[0] > 0.9, "the red half belongs to the top");
}

#[test]
fn resizing_averages_what_it_drops() {
    let checks = RgbImage::from_fn(64, 64, |x, y| Rgb([if (x + y) % 2 == 0 { 255 } else { 0 }; 3]));
    let photo = Photo::decode(&encode(&checks.into(), ImageFormat::Png), WHITE).unwrap();
    let small = photo.square(Crop::Centre, 8);
    assert!(small.values().iter().all(|v| (v - 0.5).abs() < 0.02), "aliased: {small:?}");
}

#[test]
fn bad_files_are_told_apart() {
    let good = encode(&DynamicImage::from(flag()), ImageFormat::Png);
    let error = |bytes: &[u8]| Photo::decode(bytes, WHITE).unwrap_err();
    assert!(matches!(error(b""), PhotoError::Empty));
    assert!(matches!(error(b"hello, I am a text file"), PhotoError::NotAnImage));
    assert!(matches!(error(&good[..good.len() / 2]), PhotoError::Damaged(_)));
    let photo = include_bytes!("../../../../static/gallery/cat_chelsea.jpg");
    for share in [3, 2] {
        assert!(matches!(error(&photo[..photo.len() / share]), PhotoError::Damaged(_)));
    }
    // A header that promises 60,000 by 60,000 pixels.
    let mut huge = encode(&DynamicImage::from(flag()), ImageFormat::Bmp);
    huge[18..22].copy_from_slice(&60_000u32.to_le_bytes());
    huge[22..26].copy_from_slice(&60_000u32.to_le_bytes());
    assert!(matches!(error(&huge), PhotoError::TooLarge | PhotoError::Damaged(_)));
}

#[test]
fn damage_anywhere_never_panics() {
    for format in [ImageFormat::Png, ImageFormat::Gif, ImageFormat::Jpeg, ImageFormat::WebP] {
        let good = encode(&DynamicImage::from(flag()), format);
        for at in 0..good.len() {
            let mut bytes = good.clone();
            bytes[at] ^= 0xff;
            let _ = Photo::decode(&bytes, WHITE);
            let _ = Photo::decode(&good[..at], WHITE);
        }
    }
}

#[test]
fn a_png_reads_back() {
    let pixels = Photo::decode(&encode(&DynamicImage::from(flag()), ImageFormat::Png), WHITE)
        .unwrap()
        .square(Crop::Centre, 4);
    let again = Photo::decode(&to_png(&pixels).unwrap(), WHITE).unwrap();
    assert_eq!(again.square(Crop::Centre, 4), pixels);
}
