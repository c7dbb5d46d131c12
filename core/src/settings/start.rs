//! Where an image starts.

use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where an image starts. `P` stands for a photo: its pixels, its file, its path, or its number among
/// others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Start<P> {
    /// Noise around grey, `0.5 + N(0, 1) / 20`.
    #[default]
    Noise,
    /// Grey 0.5.
    Grey,
    /// A photo.
    Photo(P),
}

impl<P> Start<P> {
    /// The photo, where it starts from one.
    pub fn photo(self) -> Option<P> {
        match self {
            Start::Photo(photo) => Some(photo),
            Start::Noise | Start::Grey => None,
        }
    }

    /// The same start with what `open` makes of the photo.
    ///
    /// # Errors
    ///
    /// The error of `open`.
    pub fn try_map<Q, E>(&self, open: impl FnOnce(&P) -> Result<Q, E>) -> Result<Start<Q>, E> {
        Ok(match self {
            Start::Noise => Start::Noise,
            Start::Grey => Start::Grey,
            Start::Photo(photo) => Start::Photo(open(photo)?),
        })
    }
}

/// As on the command line: `noise`, `grey`, or else the path of a photo.
impl FromStr for Start<PathBuf> {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "noise" => Start::Noise,
            "grey" | "gray" => Start::Grey,
            path => Start::Photo(path.into()),
        })
    }
}
