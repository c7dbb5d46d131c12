//! What an engine and the reader of photos say to each other, over a port of their own. Answers come in the
//! order of their requests.

use serde::{Deserialize, Serialize};

use super::{Fault, StopFile};

/// From an engine: show me this photo.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadRequest {
    /// The photo.
    pub photo: StopFile,
    /// Side in pixels of what the network sees.
    pub size: usize,
}

/// From the reader: what the network sees, as three planes of `size * size` values in [0, 1].
pub type ReadAnswer = Result<Vec<f32>, Fault>;
