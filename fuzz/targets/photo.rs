//! Photos of every format, and the squares that networks see of them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use robust_core::image::photo::Photo;
use robust_core::settings::Crop;

/// Sides are kept small: time is for formats, not for pixels.
const MAX_SIDE: u32 = 512;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(photo) = Photo::decode_within(bytes, [255; 3], MAX_SIDE) {
        let share = |at: usize| f32::from(bytes[at % bytes.len()]) / 128.0;
        for crop in [Crop::Centre, Crop::Square { x: share(9), y: share(17), side: share(33) }] {
            assert_eq!(photo.square(crop, 32).size(), 32);
        }
    }
});
