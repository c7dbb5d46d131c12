//! Photos of every format, turned and damaged.

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
    let photo = include_bytes!("../../../tests/fixtures/cat_chelsea.jpg");
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

/// A PNG of `width` by `height` zeros.
fn blank_png(width: u32, height: u32, color: png::ColorType, depth: png::BitDepth) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(color);
    encoder.set_depth(depth);
    let mut writer = encoder.write_header().unwrap();
    let row = (width as usize * color.samples() * depth as usize).div_ceil(8);
    writer.write_image_data(&vec![0; row * height as usize]).unwrap();
    writer.finish().unwrap();
    bytes
}

#[test]
fn images_as_narrow_as_a_pixel_are_photos() {
    for (width, height) in [(1, 1), (1, 10_000), (10_000, 1)] {
        let line = RgbImage::from_pixel(width, height, Rgb([255, 0, 0]));
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Bmp] {
            let photo = Photo::decode(&encode(&line.clone().into(), format), WHITE).unwrap();
            for crop in [Crop::Centre, Crop::Square { x: 1.0, y: 1.0, side: 0.1 }] {
                let pixels = photo.square(crop, 8);
                assert!(pixels.values().iter().take(64).all(|v| *v > 0.98), "{format:?}");
            }
        }
    }
}

#[test]
fn cmyk_and_16_bits_are_read() {
    let mut ink = Vec::new();
    // As Photoshop writes them, and so every program: 255 is no ink.
    let orange: Vec<u8> = [255, 128, 0, 255].repeat(64);
    jpeg_encoder::Encoder::new(&mut ink, 100)
        .encode(
            &orange.iter().map(|v| 255 - v).collect::<Vec<_>>(),
            8,
            8,
            jpeg_encoder::ColorType::Cmyk,
        )
        .unwrap();
    let deep = image::ImageBuffer::from_pixel(8, 8, Rgb([65_535u16, 32_896, 0]));
    let deep = encode(&DynamicImage::ImageRgb16(deep), ImageFormat::Png);
    for (kind, bytes) in [("CMYK", ink), ("16 bits", deep)] {
        let pixels = Photo::decode(&bytes, WHITE).unwrap().square(Crop::Centre, 1);
        let off = pixels.values().iter().zip([1.0, 128.0 / 255.0, 0.0]).map(|(v, w)| (v - w).abs());
        assert!(off.fold(0.0, f32::max) < 0.02, "{kind}: {:?}", pixels.values());
    }
}

/// A RIFF chunk, padded to an even length.
fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u32).to_le_bytes();
    [kind, &length[..], data, &[0][..data.len() % 2]].concat()
}

/// Frames of 8 by 4, each as the only chunk of its own file has it.
fn animated_webp(frames: &[&RgbImage]) -> Vec<u8> {
    // Width and height less one, in 24 bits.
    let size = [7, 0, 0, 3, 0, 0];
    let frame = |image: &&RgbImage| {
        let file = encode(&DynamicImage::from((*image).clone()), ImageFormat::WebP);
        // Where it lies, its size, 100 ms, and to be laid over the one before.
        chunk(b"ANMF", &[&[0; 6][..], &size, &[100, 0, 0, 2], &file[12..]].concat())
    };
    let parts = [
        b"WEBP".to_vec(),
        chunk(b"VP8X", &[&[2, 0, 0, 0][..], &size].concat()),
        chunk(b"ANIM", &[0; 6]),
        frames.iter().flat_map(frame).collect(),
    ];
    chunk(b"RIFF", &parts.concat())
}

#[test]
fn what_only_others_can_read_is_named() {
    let file = |brands: &[u8]| {
        let length = (8 + brands.len() as u32).to_be_bytes();
        [&length[..], b"ftyp", brands, b"\0\0\0\x08mdat"].concat()
    };
    for (brands, named) in [
        (&b"heic\0\0\0\0mif1heic"[..], "a HEIC image"),
        (b"mif1\0\0\0\0mif1heic", "a HEIC image"),
        (b"avif\0\0\0\0avifmif1miaf", "an AVIF image"),
        (b"mif1\0\0\0\0mif1avif", "an AVIF image"),
        (b"mif1\0\0\0\0mif1", "a HEIF image"),
    ] {
        let error = Photo::decode(&file(brands), WHITE).unwrap_err().to_string();
        assert!(error.contains(named) && error.contains("save it as JPEG"), "{error}");
    }
    // A film is none, and a list that is cut off names nothing.
    let film = file(b"isom\0\0\0\0isommp41");
    for bytes in [&film[..], &file(b"heic\0\0\0\0")[..10], &[0xff; 4], b"\xff\xff\xff\xffftypheic"]
    {
        let error = Photo::decode(bytes, WHITE).unwrap_err();
        assert!(matches!(error, PhotoError::NotAnImage), "{error}");
    }
}

#[test]
fn of_animations_the_first_frame_is_seen() {
    let (first, second) = (flag(), RgbImage::from_pixel(8, 4, Rgb([0, 255, 0])));
    let mut gif = Vec::new();
    let mut encoder = image::codecs::gif::GifEncoder::new(&mut gif);
    for frame in [&first, &second] {
        let rgba = DynamicImage::from(frame.clone()).into_rgba8();
        encoder.encode_frame(image::Frame::new(rgba)).unwrap();
    }
    drop(encoder);
    let mut apng = Vec::new();
    let mut encoder = png::Encoder::new(&mut apng, 8, 4);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_animated(2, 0).unwrap();
    let mut writer = encoder.write_header().unwrap();
    for frame in [&first, &second] {
        writer.write_image_data(frame.as_raw()).unwrap();
    }
    writer.finish().unwrap();
    let webp = animated_webp(&[&first, &second]);
    for (kind, bytes) in [("GIF", gif), ("APNG", apng), ("WebP", webp)] {
        let photo = Photo::decode(&bytes, WHITE).unwrap();
        assert_eq!(photo.dimensions(), (8, 4), "{kind}");
        let left = photo.square(Crop::Square { x: 0.0, y: 0.5, side: 0.5 }, 1);
        assert!(left.values()[0] > 0.9 && left.values()[1] < 0.1, "{kind}: {left:?}");
    }
}

/// The header alone decides: the files end behind it, and are called damaged only if it is believed.
#[test]
fn what_would_take_too_much_memory_is_refused_unseen() {
    use png::{BitDepth, ColorType};
    let header = |width: u32, height: u32, color, depth| {
        let mut bytes = blank_png(1, 1, color, depth);
        let image = [width.to_be_bytes(), height.to_be_bytes()].concat();
        bytes[16..24].copy_from_slice(&image);
        let sum = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&sum.to_be_bytes());
        Photo::decode(&bytes[..bytes.len() - 20], WHITE).unwrap_err()
    };
    for (side, color, depth) in [
        (26_500, ColorType::Grayscale, BitDepth::One),
        (15_800, ColorType::Rgb, BitDepth::Eight),
        (10_000, ColorType::Rgba, BitDepth::Eight),
        (9_000, ColorType::Rgba, BitDepth::Sixteen),
    ] {
        let error = header(side, side, color, depth);
        assert!(matches!(error, PhotoError::TooLarge), "{side} {color:?} {depth:?}: {error}");
    }
    // What a camera takes is looked at.
    let camera = header(16_320, 12_240, ColorType::Rgb, BitDepth::Eight);
    assert!(matches!(camera, PhotoError::Damaged(_)), "{camera}");
}

#[test]
fn fifty_megapixels_are_read() {
    let bytes = blank_png(8192, 6144, png::ColorType::Grayscale, png::BitDepth::One);
    assert!(bytes.len() < 100_000, "zeros take next to no room: {}", bytes.len());
    let photo = Photo::decode(&bytes, WHITE).unwrap();
    assert_eq!(photo.dimensions(), (8192, 6144));
    let corner = Crop::Square { x: 0.0, y: 0.0, side: 0.01 };
    assert_eq!(photo.square(corner, 8), Pixels::flat(8, [0.0; 3]));
}

/// A colour profile that unpacks to 100 MB of zeros is no reason to refuse a photo.
#[test]
fn what_a_png_carries_besides_stays_packed() {
    let good = encode(&DynamicImage::from(flag()), ImageFormat::Png);
    let chunk = |kind: &[u8], data: &[u8]| {
        let body = [kind, data].concat();
        let sum = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(&body);
        [&(data.len() as u32).to_be_bytes()[..], &body, &sum.to_be_bytes()].concat()
    };
    let zeros = blank_png(10_000, 10_000, png::ColorType::Grayscale, png::BitDepth::Eight);
    // The packed rows of the first data chunk, which follows signature and header.
    let length = u32::from_be_bytes(zeros[33..37].try_into().unwrap()) as usize;
    let profile = chunk(b"iCCP", &[b"x\0\0", &zeros[41..41 + length]].concat());
    let with_profile = [&good[..33], &profile, &good[33..]].concat();
    assert_eq!(Photo::decode(&with_profile, WHITE).unwrap().dimensions(), (8, 4));
}
