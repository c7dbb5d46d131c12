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

/// Words for the first buffer of a normaliser, in the last part of its name: `mean`, `new_mean`, `_mean`.
const MEANS: [&str; 3] = ["mean", "means", "mu"];

/// The same of the second.
const DEVIATIONS: [&str; 5] = ["std", "stds", "sigma", "sd", "sds"];

/// The same of what others keep in the second's place, and this program does not reckon with.
const VARIANCES: [&str; 2] = ["variance", "var"];

/// What stands before the first of these words in a name's last part, and after it, if there is one. A
/// layer's running statistics are no normaliser's.
fn around<'a>(name: &'a str, words: &[&str]) -> Option<(&'a str, &'a str)> {
    let start = name.rfind('.').map_or(0, |dot| dot + 1);
    let mut from = start;
    for word in name[start..].split('_') {
        if word == "running" {
            return None;
        }
        if words.contains(&word) {
            return Some((&name[..from], &name[from + word.len()..]));
        }
        from += word.len() + 1;
    }
    None
}

/// Whether a tensor belongs to a normaliser.
pub fn is_part(name: &str) -> bool {
    around(name, &MEANS).or(around(name, &DEVIATIONS)).or(around(name, &VARIANCES)).is_some()
}

/// The normaliser of the network whose tensors' names begin with `network`, whichever module holds it: the
/// one that lies nearest, since a file may hold other networks with normalisers of their own. Copies of it
/// may lie about.
///
/// # Errors
///
/// Where there are several that differ, or one that is not for three channels in [0, 1].
pub fn find(stored: &Tensors, network: &str) -> Result<Option<Normaliser>> {
    let mut around_it = network;
    loop {
        let found = find_below(stored, around_it)?;
        if found.is_some() || around_it.is_empty() {
            return Ok(found);
        }
        let outer = around_it.trim_end_matches('.').rfind('.');
        around_it = &around_it[..outer.map_or(0, |dot| dot + 1)];
    }
}

/// The only normaliser among the tensors whose names begin so.
fn find_below(stored: &Tensors, beginning: &str) -> Result<Option<Normaliser>> {
    let mut found: Option<Normaliser> = None;
    for name in stored.keys().filter(|name| name.starts_with(beginning)) {
        let Some((before, after)) = around(name, &MEANS) else { continue };
        let [std, variance] = [&DEVIATIONS[..], &VARIANCES].map(|words| {
            let names = words.iter().map(|word| format!("{before}{word}{after}"));
            names.filter(|name| stored.contains_key(name)).collect::<Vec<_>>()
        });
        let std = match (&std[..], variance.first()) {
            ([std, ..], _) => std,
            ([], Some(variance)) => {
                bail!("beside \"{name}\" stands \"{variance}\" in place of a standard deviation")
            }
            ([], None) => bail!("half of a normaliser is missing beside \"{name}\""),
        };
        let normaliser = Normaliser { mean: channels(stored, name)?, std: channels(stored, std)? };
        if normaliser.mean.iter().any(|mean| !(0.0..=1.0).contains(mean)) {
            bail!(
                "the normaliser \"{name}\" has the mean {:?}, which is none of images in [0, 1]",
                normaliser.mean
            );
        }
        match found {
            Some(other) if other != normaliser => {
                bail!("the checkpoint holds normalisers that differ, the last of them \"{name}\"")
            }
            _ => found = Some(normaliser),
        }
    }
    Ok(found)
}

fn channels(stored: &Tensors, name: &str) -> Result<[f32; 3]> {
    let tensor = stored.get(name).with_context(|| format!("no tensor \"{name}\""))?;
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
            ("normalize._mean", "normalize._std"),
            ("mu", "sigma"),
            ("mu", "std"),
            ("0.mean", "0.std"),
            ("pixel_mean", "pixel_std"),
            ("mean_tensor", "std_tensor"),
        ] {
            assert!(is_part(first) && is_part(second));
            let found = find(&stored(&[(first, mean), (second, std)]), "").unwrap();
            assert_eq!(found, Some(Normaliser { mean, std }), "{first}");
        }
        for layer in ["bn1.running_mean", "bn1.running_var", "mean.weight"] {
            assert!(!is_part(layer), "{layer}");
            assert_eq!(find(&stored(&[(layer, mean)]), "").unwrap(), None);
        }
    }

    #[test]
    fn the_nearest_is_the_networks_own() {
        let std = [0.2; 3];
        let two = stored(&[
            ("student.norm.mean", [0.4; 3]),
            ("student.norm.std", std),
            ("teacher.norm.mean", [0.5; 3]),
            ("teacher.norm.std", std),
        ]);
        let mean = |network: &str| find(&two, network).unwrap().unwrap().mean;
        assert_eq!(mean("student.net."), [0.4; 3]);
        assert_eq!(mean("teacher.net.module."), [0.5; 3]);
        let open = find(&two, "third.").unwrap_err().to_string();
        assert!(open.contains("differ"), "{open}");
    }

    #[test]
    fn what_cannot_be_used_is_said() {
        let error = |tensors: &[_]| find(&stored(tensors), "net.").unwrap_err().to_string();
        let half = error(&[("a.mean", [0.5; 3])]);
        assert!(half.contains("a.mean"), "{half}");
        let variance = error(&[("mean", [0.5; 3]), ("variance", [0.04; 3])]);
        assert!(variance.contains("\"variance\""), "{variance}");
        let bytes = error(&[("mean", [123.7; 3]), ("std", [58.4; 3])]);
        assert!(bytes.contains("[0, 1]"), "{bytes}");
        let (a, b) = ([0.5; 3], [0.4; 3]);
        let mut large = stored(&[("mean", [0.5; 3]), ("std", [0.4; 3])]);
        let shape = vec![3, 1 << 30, 1 << 30];
        let read = || panic!("all of them were read");
        large.insert("std".into(), Stored { shape, values: Box::new(read) });
        let large = find(&large, "").unwrap_err().to_string();
        assert!(large.contains("three values"), "{large}");
        let two = error(&[("a.mean", a), ("a.std", a), ("b.mean", b), ("b.std", a)]);
        assert!(two.contains("differ"), "{two}");
    }
}
