//! From a file's bytes to what a network sees.

use std::io::Cursor;

use image::imageops::{self, FilterType};
use image::metadata::Orientation;
use image::{
    ColorType, DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, Rgb,
    RgbImage,
};

use crate::image::Pixels;
use crate::settings::Crop;

/// Largest side that is decoded, in pixels.
const MAX_SIDE: u32 = 30_000;

/// Most memory that one photo may take while it is decoded, in bytes: what the largest cameras of
/// phones take, 200 megapixels of RGB. The page has 4 GB for this and the network, phones less.
const MAX_MEMORY: u64 = 600_000_000;

/// Most memory for what else a PNG carries, such as colour profiles, whose compressed bytes may stand
/// for a thousand times as many. None of it is used.
const MAX_EXTRAS: u64 = 8 << 20;

/// Why a file cannot be used as a photo.
#[derive(Debug, thiserror::Error)]
pub enum PhotoError {
    /// An empty file.
    #[error("the file is empty: copy it again")]
    Empty,
    /// Not one of the formats.
    #[error(
        "this is not an image that can be read here: save it as JPEG, PNG, WebP, GIF or BMP first"
    )]
    NotAnImage,
    /// A format that phones and browsers know and this does not, by its name.
    #[error("this is {0} image, which cannot be read here: save it as JPEG or PNG first")]
    Foreign(&'static str),
    /// The beginning is right and the rest is not.
    #[error(
        "the image is damaged or incomplete ({0}): copy it again, or open it elsewhere and save it anew"
    )]
    Damaged(String),
    /// Would not fit into memory.
    #[error(
        "the image is too large: at most {MAX_SIDE} pixels a side, and 200 megapixels, or 50 if it is \
         progressive, transparent, has 16 bits or lies on its side. Make it smaller first"
    )]
    TooLarge,
    /// An image encoder failed.
    #[error("the image could not be written: {0}")]
    Encode(String),
}

impl From<ImageError> for PhotoError {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Unsupported(_) => PhotoError::NotAnImage,
            ImageError::Limits(_) => PhotoError::TooLarge,
            other => PhotoError::Damaged(other.to_string()),
        }
    }
}

/// A decoded photo: upright, opaque, RGB.
#[derive(Clone, Debug)]
pub struct Photo(RgbImage);

impl Photo {
    /// Decodes JPEG, PNG, WebP, GIF (first frame) or BMP, turns it as its EXIF orientation says,
    /// and lays what is transparent over `background`.
    ///
    /// # Errors
    ///
    /// [`PhotoError`] where the bytes are no image, one of another format, a damaged one, or one too large.
    pub fn decode(bytes: &[u8], background: [u8; 3]) -> Result<Self, PhotoError> {
        Self::decode_within(bytes, background, MAX_SIDE)
    }

    /// [`Photo::decode`] of an image of at most `max_side` pixels a side.
    ///
    /// # Errors
    ///
    /// The errors of [`Photo::decode`].
    pub fn decode_within(
        bytes: &[u8],
        background: [u8; 3],
        max_side: u32,
    ) -> Result<Self, PhotoError> {
        if bytes.is_empty() {
            return Err(PhotoError::Empty);
        }
        let mut limits = Limits::default();
        limits.max_image_width = Some(max_side);
        limits.max_image_height = Some(max_side);
        limits.max_alloc = Some(MAX_EXTRAS);
        let mut reader = ImageReader::new(Cursor::new(bytes))
            .with_guessed_format()
            .map_err(|error| PhotoError::Damaged(error.to_string()))?;
        reader.limits(limits.clone());
        if let Some(name) = foreign(bytes) {
            return Err(PhotoError::Foreign(name));
        }
        let format = reader.format().ok_or(PhotoError::NotAnImage)?;
        if format == ImageFormat::Jpeg && is_cut_jpeg(bytes) {
            return Err(PhotoError::Damaged("its end is missing".into()));
        }
        let mut decoder = reader.into_decoder()?;
        limits.max_alloc = Some(MAX_MEMORY);
        decoder.set_limits(limits)?;
        // A damaged EXIF block is no reason to refuse a picture.
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let progressive = format == ImageFormat::Jpeg && is_progressive(bytes);
        if memory(&decoder, progressive, orientation) > MAX_MEMORY {
            return Err(PhotoError::TooLarge);
        }
        let mut image =
            DynamicImage::from(flatten(DynamicImage::from_decoder(decoder)?, background));
        image.apply_orientation(orientation);
        Ok(Self(image.into_rgb8()))
    }

    /// Width and height in pixels, upright.
    pub fn dimensions(&self) -> (u32, u32) {
        self.0.dimensions()
    }

    /// The chosen square, resized to `size` pixels (bicubic, antialiased).
    pub fn square(&self, crop: Crop, size: usize) -> Pixels {
        let (left, top, side) = crop.square(self.0.width(), self.0.height());
        // A view: the square may be most of a large photo.
        let square = imageops::crop_imm(&self.0, left, top, side, side);
        let small = imageops::resize(&*square, size as u32, size as u32, FilterType::CatmullRom);
        Pixels::from_fn(size, |channel, x, y| {
            f32::from(small.get_pixel(x as u32, y as u32)[channel]) / 255.0
        })
    }
}

/// Bytes that decoding holds at once: the pixels as the file has them, and once more where they become
/// others.
fn memory(decoder: &impl ImageDecoder, progressive: bool, orientation: Orientation) -> u64 {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    let (width, height) = decoder.dimensions();
    let rgb = 3 * u64::from(width) * u64::from(height);
    let stored = decoder.total_bytes();
    let converted = if decoder.color_type() == ColorType::Rgb8 { stored } else { stored + rgb };
    let turned = match orientation {
        Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH => 2 * rgb,
        _ => rgb,
    };
    // Progressive JPEGs are kept as 16-bit coefficients until their last scan.
    let decoded = if progressive { stored + 2 * rgb } else { stored };
    decoded.max(converted).max(turned)
}

/// What an image of the family of HEIF is called, with its article, by the brands that its first box
/// lists (ISO/IEC 23008-12).
fn foreign(bytes: &[u8]) -> Option<&'static str> {
    let (length, rest) = bytes.split_first_chunk()?;
    let length = u32::from_be_bytes(*length) as usize;
    let brands = rest.strip_prefix(b"ftyp")?.get(..length.saturating_sub(8))?;
    let listed = |wanted: &[&[u8; 4]]| brands.as_chunks().0.iter().any(|b| wanted.contains(&b));
    match () {
        () if listed(&[b"avif", b"avis"]) => Some("an AVIF"),
        () if listed(&[b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"]) => Some("a HEIC"),
        () if listed(&[b"mif1", b"msf1"]) => Some("a HEIF"),
        () => None,
    }
}

/// Whether a JPEG comes in several scans, each of the whole image.
fn is_progressive(jpeg: &[u8]) -> bool {
    let mut rest = jpeg.get(2..).unwrap_or_default();
    while let [0xff, marker, after @ ..] = rest {
        match (marker, after) {
            (0xc2, _) => return true,
            // Bytes that only fill.
            (0xff, _) => rest = &rest[1..],
            // Scans begin; the frame stood before them.
            (0xda, _) => return false,
            (_, [high, low, ..]) => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                rest = after.get(length..).unwrap_or_default();
            }
            _ => return false,
        }
    }
    false
}

/// Whether the end of the last scan is missing. The decoder would paint it grey without a word.
/// (Inside a scan no such marker occurs: JPEG writes another byte after every 0xff.)
fn is_cut_jpeg(bytes: &[u8]) -> bool {
    let last = |marker: u8| bytes.windows(2).rposition(|pair| pair == [0xff, marker]);
    let (scan, end) = (last(0xda), last(0xd9));
    scan > end
}

fn flatten(image: DynamicImage, background: [u8; 3]) -> RgbImage {
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    let rgba = image.into_rgba8();
    RgbImage::from_fn(rgba.width(), rgba.height(), |x, y| {
        let [r, g, b, a] = rgba.get_pixel(x, y).0;
        let over = |top: u8, bottom: u8| {
            let sum = u32::from(top) * u32::from(a) + u32::from(bottom) * (255 - u32::from(a));
            ((sum + 127) / 255) as u8
        };
        Rgb([over(r, background[0]), over(g, background[1]), over(b, background[2])])
    })
}

/// An image as a PNG file.
///
/// # Errors
///
/// [`PhotoError::Encode`] where memory ran out.
pub fn to_png(image: &Pixels) -> Result<Vec<u8>, PhotoError> {
    use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
    let mut bytes = Vec::new();
    let side = image.size() as u32;
    PngEncoder::new(&mut bytes)
        .write_image(&image.to_rgb8(), side, side, ExtendedColorType::Rgb8)
        .map_err(|error| PhotoError::Encode(error.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
