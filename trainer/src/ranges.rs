//! Numbers on the command line, each held to the range in which it means something.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use robust_core::settings::{LENGTHS, STEPS};

/// Largest count accepted: images per batch, restarts, photos in a draw.
const MOST: usize = 1_000_000;

/// A year, in minutes.
const LONGEST: f64 = 366.0 * 24.0 * 60.0;

fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| "this is not such a number".to_owned())
}

fn within<T>(text: &str, range: &RangeInclusive<T>) -> Result<T, String>
where
    T: FromStr + PartialOrd + Display,
{
    let number = number(text)?;
    if range.contains(&number) {
        return Ok(number);
    }
    Err(format!("it must be from {} to {}", range.start(), range.end()))
}

/// A radius or the length of a step.
pub fn length(text: &str) -> Result<f32, String> {
    within(text, &LENGTHS)
}

/// A radius, which may be written in steps of an image's bytes: `8/255`.
pub fn radius(text: &str) -> Result<f32, String> {
    let Some((over, under)) = text.split_once('/') else { return length(text) };
    let share = number::<f32>(over)? / number::<f32>(under)?;
    length(&share.to_string())
}

/// A radius, or none.
pub fn length_or_zero(text: &str) -> Result<f32, String> {
    if number::<f32>(text)? == 0.0 { Ok(0.0) } else { length(text) }
}

/// A number of steps.
pub fn steps(text: &str) -> Result<usize, String> {
    within(text, &STEPS)
}

/// A number of steps, or none.
pub fn steps_or_zero(text: &str) -> Result<usize, String> {
    within(text, &(0..=*STEPS.end()))
}

/// How many, at least one.
pub fn count(text: &str) -> Result<usize, String> {
    within(text, &(1..=MOST))
}

/// How many, or none.
pub fn count_or_zero(text: &str) -> Result<usize, String> {
    within(text, &(0..=MOST))
}

/// A side in pixels, or a number of columns or stages.
pub fn side(text: &str) -> Result<usize, String> {
    within(text, &(1..=1024))
}

/// A side in pixels of the images that a network sees.
pub fn image_side(text: &str) -> Result<usize, String> {
    within(text, &(8..=1024))
}

/// A side in pixels of the small pictures on a sheet, of which there are thousands.
pub fn tile(text: &str) -> Result<usize, String> {
    within(text, &(1..=256))
}

/// A share of something.
pub fn share(text: &str) -> Result<f32, String> {
    within(text, &(0.0..=1.0))
}

/// A share of the past, of which something must be left for what is new.
pub fn share_below_one(text: &str) -> Result<f32, String> {
    match share(text)? {
        1.0 => Err("it must be below 1".into()),
        share => Ok(share),
    }
}

/// A factor that is small, or 0.
pub fn factor(text: &str) -> Result<f32, String> {
    within(text, &(0.0..=1000.0))
}

/// Gigabytes, in bytes.
pub fn gigabytes(text: &str) -> Result<u64, String> {
    within(text, &(0.0..=1e6)).map(|gigabytes: f64| (gigabytes * 1e9) as u64)
}

/// A time in minutes.
pub fn minutes(text: &str) -> Result<Duration, String> {
    within(text, &(0.0..=LONGEST)).map(|minutes| Duration::from_secs_f64(60.0 * minutes))
}

/// A time in seconds.
pub fn seconds(text: &str) -> Result<Duration, String> {
    within(text, &(0.0..=60.0 * LONGEST)).map(Duration::from_secs_f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_of_the_range_is_refused() {
        for odd in ["", "x", "NaN", "inf", "-1", "1e-40", "1e30"] {
            assert!(length(odd).is_err() && share(odd).is_err() == (odd != "1e-40"), "{odd}");
            assert!(steps(odd).is_err() && count(odd).is_err(), "{odd}");
        }
        for odd in ["NaN", "inf", "-1", "1e30"] {
            assert!(minutes(odd).is_err() && seconds(odd).is_err() && gigabytes(odd).is_err());
        }
        assert!(steps("4294967296").is_err() && steps("0").is_err() && steps("100").is_ok());
        for odd in ["8/", "/255", "8/0", "0/255", "-8/255", "8/255/2", "x/255"] {
            assert!(radius(odd).is_err(), "{odd}");
        }
        assert_eq!((radius("8/255"), radius("0.5")), (Ok(8.0 / 255.0), Ok(0.5)));
        assert_eq!((length_or_zero("0"), length("0.5")), (Ok(0.0), Ok(0.5)));
        assert_eq!((share_below_one("0.9"), share_below_one("1").is_err()), (Ok(0.9), true));
        assert_eq!(minutes("1.5"), Ok(Duration::from_secs(90)));
    }
}
