//! What images of a class look like from afar: a Gaussian for each class at low resolution, from
//! which a generated image starts (Santurkar et al. 2019, section 3.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use crate::image::Pixels;

/// One Gaussian per class, over images of a few pixels; what lies beside a model file as
/// `NAME.gaussians.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gaussians {
    /// Side of the images that the Gaussians are over, in pixels.
    pub side: usize,
    /// In the order of the logits.
    pub classes: Vec<Gaussian>,
}

/// The Gaussian of one class: a mean image, and the directions in which most of its images differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gaussian {
    /// Mean image, `[3, side, side]` in [0, 1], as bytes.
    mean: Bytes,
    /// Principal directions times their standard deviations, `[rank, 3, side, side]`, as signed
    /// bytes.
    directions: Bytes,
    /// What a byte of each direction stands for.
    scales: Vec<f32>,
}

/// Bytes as text that JSON can carry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Bytes(Vec<u8>);

impl TryFrom<String> for Bytes {
    type Error = base64::DecodeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        STANDARD.decode(text).map(Self)
    }
}

impl From<Bytes> for String {
    fn from(bytes: Bytes) -> Self {
        STANDARD.encode(bytes.0)
    }
}

impl Gaussian {
    /// Keeps a mean image and directions (each as long as the mean, in the same units) at 8 bits.
    pub fn new(mean: &[f32], directions: &[Vec<f32>]) -> Self {
        let mut scales = Vec::with_capacity(directions.len());
        let mut bytes = Vec::with_capacity(directions.len() * mean.len());
        for direction in directions {
            let reach = direction.iter().fold(0f32, |reach, value| reach.max(value.abs()));
            let scale = reach.max(f32::MIN_POSITIVE) / 127.0;
            bytes.extend(direction.iter().map(|value| (value / scale).round() as i8 as u8));
            scales.push(scale);
        }
        let mean = mean.iter().map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8).collect();
        Self { mean: Bytes(mean), directions: Bytes(bytes), scales }
    }

    /// A draw, `[3, side, side]`, not yet held to [0, 1].
    fn draw(&self, rng: &mut ChaCha8Rng) -> Vec<f32> {
        let mut values: Vec<f32> = self.mean.0.iter().map(|&v| f32::from(v) / 255.0).collect();
        let directions = self.directions.0.chunks_exact(values.len().max(1));
        for (direction, scale) in directions.zip(&self.scales) {
            let along: f32 = StandardNormal.sample(rng);
            for (value, &part) in values.iter_mut().zip(direction) {
                *value += along * scale * f32::from(part as i8);
            }
        }
        values
    }
}

/// Why a file of Gaussians cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum GaussiansError {
    /// The file is not JSON of the expected shape.
    #[error("this is not a file of class Gaussians: {0}")]
    Foreign(String),
    /// Parts whose lengths do not fit together.
    #[error("the Gaussian of class {0} is damaged: its parts are not as long as its images")]
    Damaged(usize),
    /// The file belongs to another model.
    #[error("these are Gaussians of {found} classes, and the model has {wanted}")]
    Classes {
        /// In the file.
        found: usize,
        /// Of the model.
        wanted: usize,
    },
}

impl Gaussians {
    /// Reads a file for a model of `classes` classes.
    ///
    /// # Errors
    ///
    /// [`GaussiansError`] says what is wrong with it.
    pub fn from_json(json: &[u8], classes: usize) -> Result<Self, GaussiansError> {
        let all: Self = serde_json::from_slice(json)
            .map_err(|error| GaussiansError::Foreign(error.to_string()))?;
        if all.classes.len() != classes {
            return Err(GaussiansError::Classes { found: all.classes.len(), wanted: classes });
        }
        let length = all.side.checked_mul(all.side).and_then(|area| area.checked_mul(3));
        let fits = |gaussian: &Gaussian| {
            let (mean, rank) = (gaussian.mean.0.len(), gaussian.scales.len());
            Some(mean) == length && gaussian.directions.0.len() == rank * mean && mean > 0
        };
        match all.classes.iter().position(|gaussian| !fits(gaussian)) {
            Some(class) => Err(GaussiansError::Damaged(class)),
            None => Ok(all),
        }
    }

    /// Draw number `index` of a class below the number of classes, enlarged to `size` pixels.
    pub fn draw(&self, class: usize, size: usize, seed: u64, index: u64) -> Option<Pixels> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(index);
        Pixels::new(self.side, self.classes.get(class)?.draw(&mut rng))
            .map(|small| small.enlarged(size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two classes of one-pixel images: one that varies along grey, one that never varies.
    fn gaussians() -> Gaussians {
        let varied = Gaussian::new(&[0.5, 0.5, 0.5], &[vec![0.1, 0.1, 0.1]]);
        let fixed = Gaussian::new(&[1.0, 0.0, 0.2], &[]);
        Gaussians { side: 1, classes: vec![varied, fixed] }
    }

    #[test]
    fn draws_have_the_mean_and_deviation_that_were_kept() {
        let all = gaussians();
        let draws: Vec<f32> =
            (0..2000).map(|i| all.draw(0, 1, 7, i).unwrap().values()[0]).collect();
        let mean = draws.iter().sum::<f32>() / 2000.0;
        let variance = draws.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / 2000.0;
        // Three standard errors: 0.1 / sqrt(2000), and 0.1 / sqrt(4000) for the deviation.
        assert!((mean - 0.5).abs() < 0.007 + 0.002, "{mean}");
        assert!((variance.sqrt() - 0.1).abs() < 0.005, "{variance}");
        assert_eq!(all.draw(1, 2, 7, 3), Some(Pixels::flat(2, [1.0, 0.0, 51.0 / 255.0])));
        assert_eq!(all.draw(0, 4, 1, 2), all.draw(0, 4, 1, 2));
        assert_ne!(all.draw(0, 4, 1, 2), all.draw(0, 4, 1, 3));
        assert_eq!(all.draw(2, 4, 1, 2), None);
    }

    #[test]
    fn a_file_is_checked() {
        let json = serde_json::to_string(&gaussians()).unwrap();
        let read = |json: &str, classes| Gaussians::from_json(json.as_bytes(), classes);
        assert_eq!(read(&json, 2), Ok(gaussians()));
        assert_eq!(read(&json, 3), Err(GaussiansError::Classes { found: 2, wanted: 3 }));
        let larger = json.replace("\"side\":1", "\"side\":2");
        assert_eq!(read(&larger, 2), Err(GaussiansError::Damaged(0)));
        let endless = json.replace("\"side\":1", "\"side\":18446744073709551615");
        assert_eq!(read(&endless, 2), Err(GaussiansError::Damaged(0)));
        assert!(matches!(read("[1]", 2), Err(GaussiansError::Foreign(_))));
        assert!(matches!(
            read(&json.replace("\"mean\":\"", "\"mean\":\"?"), 2),
            Err(GaussiansError::Foreign(_))
        ));
    }
}
