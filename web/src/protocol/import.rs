//! What the page and the importer say to each other.

use robust_core::model::architecture::{Downsampling, Stem};
use robust_core::model::card::{Card, Role};
use serde::{Deserialize, Serialize};

/// What a visitor says of a file that is to become a model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ImportRequest {
    /// The file's name.
    pub file: String,
    /// What the network is to be called.
    pub name: String,
    /// SHA-256 that the file must have, in hexadecimal.
    pub sha256: Option<String>,
    /// Names of the classes, or one of a data set; empty where nothing is said.
    pub classes: Vec<String>,
    /// Name of the data set whose normaliser it has, or [`NO_NORMALISER`].
    pub normaliser: Option<String>,
    /// Mean of each channel as it was typed, which comes before `normaliser`; empty where nothing is said.
    pub mean: String,
    /// Standard deviation of each channel, likewise.
    pub std: String,
    /// Layers before the first block.
    pub stem: Option<Stem>,
    /// How it makes its maps smaller.
    pub downsampling: Option<Downsampling>,
    /// Side of the images it was trained on, in pixels.
    pub input_size: Option<usize>,
    /// Whether it was trained against an adversary.
    pub role: Option<Role>,
    /// What the names of the wanted network's tensors begin with.
    pub network: Option<String>,
}

/// Says that images in [0, 1] go in as they are.
pub const NO_NORMALISER: &str = "none";

impl ImportRequest {
    /// Mean and standard deviation of each channel, where they were typed.
    ///
    /// # Errors
    ///
    /// Names the field that does not hold three usable numbers.
    pub fn typed(&self) -> Result<Option<[[f32; 3]; 2]>, String> {
        if self.mean.trim().is_empty() && self.std.trim().is_empty() {
            return Ok(None);
        }
        let mean = three("the mean", &self.mean, |_| true)?;
        let std = three("the standard deviation", &self.std, |number| number > 0.0)?;
        Ok(Some([mean, std]))
    }
}

/// Three numbers with commas between, all of them `usable`.
fn three(what: &str, typed: &str, usable: impl Fn(f32) -> bool) -> Result<[f32; 3], String> {
    let numbers: Option<Vec<f32>> = typed.split(',').map(|one| one.trim().parse().ok()).collect();
    numbers
        .and_then(|numbers| <[f32; 3]>::try_from(numbers).ok())
        .filter(|three| three.iter().all(|&number| number.is_finite() && usable(number)))
        .ok_or_else(|| {
            let typed = typed.trim();
            let typed = if typed.is_empty() { "empty".into() } else { format!("\"{typed}\"") };
            format!(
                "{what} is {typed}: it takes three numbers with commas between, for red, green and \
                 blue, as 0.49, 0.48, 0.45; a standard deviation is above 0"
            )
        })
}

/// A file that has become a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Imported {
    /// What is known of it.
    pub card: Card,
    /// What was assumed, for people.
    pub notes: Vec<String>,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
}

/// Why a file has not become a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refused {
    /// Why, for people.
    pub message: String,
    /// What the visitor can say to change that.
    pub open: Option<Open>,
}

/// What a file leaves open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Open {
    /// Layers before the first block.
    Stem,
    /// What images are normalised by.
    Normaliser,
    /// Which of its networks is meant: what their tensors' names begin with.
    Network(Vec<String>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_numbers_are_taken_or_named() {
        let typed = |mean: &str, std: &str| {
            ImportRequest { mean: mean.into(), std: std.into(), ..Default::default() }.typed()
        };
        assert_eq!(typed("", " "), Ok(None));
        let numbers = typed("0.5,0.25, 0", " 0.5, 1,2 ");
        assert_eq!(numbers, Ok(Some([[0.5, 0.25, 0.0], [0.5, 1.0, 2.0]])));
        for (mean, std, named) in [
            ("0.5, 0.5", "1,1,1", "the mean is \"0.5, 0.5\""),
            ("0.5 0.5 0.5", "1,1,1", "the mean"),
            ("NaN,0,0", "1,1,1", "the mean"),
            ("", "1,1,1", "the mean is empty"),
            ("0,0,0", "", "the standard deviation is empty"),
            ("0,0,0", "0,1,1", "the standard deviation is \"0,1,1\""),
            ("0,0,0", "1,1,1,1", "the standard deviation"),
        ] {
            let error = typed(mean, std).unwrap_err();
            assert!(error.starts_with(named), "{error}");
        }
    }
}
