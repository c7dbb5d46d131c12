//! Numbers that look as if a bit of them had changed, in files that cannot tell by a checksum.

use std::collections::BTreeMap;

use crate::model::weights::Array;

/// How many times as large as nine tenths of its tensor a number must be to be unusual: changed bits
/// of an exponent make it larger by powers of two up to 128.
const FAR: f32 = 1000.0;

/// What to say of the numbers of a file that has no checksum.
pub fn note(tensors: &BTreeMap<String, Array>) -> String {
    let counts = tensors.iter().map(|(name, array)| (name, unusual(&array.values)));
    let counts: Vec<(&String, usize)> = counts.filter(|(_, count)| *count > 0).collect();
    let unseen = "The file has no checksum, so that a number that has changed cannot be told";
    match counts.first() {
        None => format!("{unseen}; none is unusually large."),
        Some((name, _)) => format!(
            "{unseen}; numbers more than {FAR} times as large as nine tenths of their tensor: {}, the \
             first in \"{name}\". Compare the file with where it came from.",
            counts.iter().map(|(_, count)| count).sum::<usize>()
        ),
    }
}

/// How many are not finite, or far larger than the others.
fn unusual(values: &[f32]) -> usize {
    let mut sizes: Vec<f32> = values.iter().map(|value| value.abs()).collect();
    let Some(last) = sizes.len().checked_sub(1) else { return 0 };
    let (_, &mut most, above) = sizes.select_nth_unstable_by(last * 9 / 10, f32::total_cmp);
    let far = |size: &&f32| !size.is_finite() || (most > 0.0 && **size > FAR * most);
    above.iter().filter(far).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_exponent_is_unusual_and_what_is_learnt_is_not() {
        let learnt: Vec<f32> = (0..640).map(|i| (i as f32 * 0.7).sin().powi(5) * 0.03).collect();
        assert_eq!(unusual(&learnt), 0);
        for large in [40.0, 3e38, f32::INFINITY, f32::NAN] {
            let mut values = learnt.clone();
            (values[7], values[300]) = (large, -large);
            assert_eq!(unusual(&values), 2, "{large}");
        }
        // Classes' biases are few.
        assert_eq!(unusual(&[0.1, -0.2, 0.3, 0.1, 0.2, -0.1, 0.2, 0.1, 0.3, 1e9]), 1);
        assert_eq!((unusual(&[]), unusual(&[1.0]), unusual(&[0.0; 64])), (0, 0, 0));
    }
}
