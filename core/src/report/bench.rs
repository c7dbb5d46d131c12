//! What a measurement of speed says.

use serde::{Deserialize, Serialize};

/// Steps before the clock starts: kernels compile and memory is taken during the first ones.
pub const WARM_UP: usize = 2;

/// Speed at one batch size.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Speed {
    /// Images in a batch.
    pub batch: usize,
    /// Steps that were timed.
    pub steps: usize,
    /// Steps a second; each changes every image of the batch once.
    pub steps_per_second: f64,
    /// Images times steps a second.
    pub images_per_second: f64,
    /// Mean relative distance after the first [`WARM_UP`] steps: equal wherever the same is
    /// computed, so that a peer's speed can be compared at all.
    pub distance: f32,
    /// Bytes that the backend has reserved on a graphics device, parameters and all.
    pub device_bytes: Option<u64>,
}
