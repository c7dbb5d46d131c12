//! What is subtracted from an image, and what it is divided by.

use anyhow::{Context, Result, bail, ensure};

use super::array;
use super::stored::Tensors;

/// Mean and standard deviation of each channel, for images in [0, 1].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normaliser {
    /// Mean.
    pub mean: [f32; 3],
    /// Standard deviation.
    pub std: [f32; 3],
}

/// The two buffers of a normaliser, by the last parts of their names.
const PARTS: [(&str, &str); 4] =
    [("new_mean", "new_std"), ("mean", "std"), ("mu", "sigma"), ("_mean", "_std")];

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Whether a tensor belongs to a normaliser.
pub fn is_part(name: &str) -> bool {
    PARTS.iter().any(|(mean, std)| [*mean, *std].contains(&last(name)))
}

/// The normaliser of a checkpoint, whichever module holds it. Copies of it may lie about.
///
/// # Errors
///
/// Where there are several that differ, or one that is not for three channels in [0, 1].
pub fn find(stored: &Tensors) -> Result<Option<Normaliser>> {
    let mut found: Option<Normaliser> = None;
    for name in stored.keys() {
        let Some((mean, std)) = PARTS.iter().find(|(mean, _)| *mean == last(name)) else {
            continue;
        };
        let std = format!("{}{std}", &name[..name.len() - mean.len()]);
        let normaliser = Normaliser { mean: channels(stored, name)?, std: channels(stored, &std)? };
        if normaliser.mean.iter().any(|mean| !(0.0..=1.0).contains(mean)) {
            bail!(
                "the normaliser \"{name}\" has the mean {:?}, which is none of images in [0, 1]: those have to be given",
                normaliser.mean
            );
        }
        match found {
            Some(other) if other != normaliser => {
                bail!("the checkpoint holds normalisers that differ: the right one has to be given")
            }
            _ => found = Some(normaliser),
        }
    }
    Ok(found)
}

fn channels(stored: &Tensors, name: &str) -> Result<[f32; 3]> {
    let tensor =
        stored.get(name).with_context(|| format!("half of a normaliser is missing: \"{name}\""))?;
    // By its shape, before any are read: strides of 0 make billions of one number.
    let wrong = || {
        let shape = &tensor.shape;
        format!("the normaliser \"{name}\" has the shape {shape:?}; it needs three values")
    };
    ensure!(tensor.shape.iter().all(|extent| [1, 3].contains(extent)), wrong());
    ensure!(tensor.shape.iter().filter(|extent| **extent == 3).count() == 1, wrong());
    array(name, tensor)?.values.try_into().ok().with_context(wrong)
}

#[cfg(test)]
mod tests {
    use super::super::stored::Stored;
    use super::*;

    fn stored(tensors: &[(&str, [f32; 3])]) -> Tensors {
        let tensor = |values: [f32; 3]| Stored {
            shape: vec![1, 3, 1, 1],
            values: Box::new(move || Ok(values.to_vec())),
        };
        tensors.iter().map(|(name, values)| ((*name).to_owned(), tensor(*values))).collect()
    }

    #[test]
    fn every_known_name_is_found() {
        let (mean, std) = ([0.4, 0.5, 0.6], [0.1, 0.2, 0.3]);
        for (first, second) in [
            ("module.normalizer.new_mean", "module.normalizer.new_std"),
            ("normalizer.mean", "normalizer.std"),
            ("normalize.mean", "normalize.std"),
            ("mu", "sigma"),
            ("0.mean", "0.std"),
        ] {
            assert!(is_part(first) && is_part(second));
            let found = find(&stored(&[(first, mean), (second, std)])).unwrap();
            assert_eq!(found, Some(Normaliser { mean, std }), "{first}");
        }
        assert_eq!(find(&stored(&[("bn1.running_mean", mean)])).unwrap(), None);
    }

    #[test]
    fn what_cannot_be_used_is_said() {
        let error = |tensors: &[_]| find(&stored(tensors)).unwrap_err().to_string();
        let half = error(&[("a.mean", [0.5; 3])]);
        assert!(half.contains("a.std"), "{half}");
        let bytes = error(&[("mean", [123.7; 3]), ("std", [58.4; 3])]);
        assert!(bytes.contains("[0, 1]"), "{bytes}");
        let (a, b) = ([0.5; 3], [0.4; 3]);
        let mut large = stored(&[("mean", [0.5; 3]), ("std", [0.4; 3])]);
        let shape = vec![3, 1 << 30, 1 << 30];
        let read = || panic!("all of them were read");
        large.insert("std".into(), Stored { shape, values: Box::new(read) });
        let large = find(&large).unwrap_err().to_string();
        assert!(large.contains("three values"), "{large}");
        let two = error(&[("a.mean", a), ("a.std", a), ("b.mean", b), ("b.std", a)]);
        assert!(two.contains("differ"), "{two}");
    }
}
