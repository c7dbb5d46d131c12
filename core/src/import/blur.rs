//! The filters of blurs, which early versions of timm keep beside a network's tensors. They are all
//! alike, and a network that is computed here has none of its own.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use crate::model::weights::Array;

/// (1 2 1)/4 along rows and columns.
const FILTER: [f32; 9] = [1.0, 2.0, 1.0, 2.0, 4.0, 2.0, 1.0, 2.0, 1.0];

/// Whether a tensor is the filter of one of timm's blurs, by torchvision's name for what is around it:
/// `layer2.0.aa.filt` or `maxpool.1.filt`.
pub fn is_filter(name: &str) -> bool {
    name.ends_with(".aa.filt") || name == "maxpool.1.filt"
}

/// Removes such filters; whether there were any.
///
/// # Errors
///
/// Where one blurs in another way than is computed here.
pub fn take_out(tensors: &mut BTreeMap<String, Array>) -> Result<bool> {
    let filters: Vec<(String, Array)> = tensors.extract_if(.., |name, _| is_filter(name)).collect();
    for (name, Array { shape, values }) in &filters {
        let known = |values: &[f32; 9]| *values == FILTER.map(|share| share / 16.0);
        if !shape.ends_with(&[1, 3, 3]) || !values.as_chunks().0.iter().all(known) {
            bail!(
                "the blur of \"{name}\" has shape {shape:?} or other numbers than (1 2 1)/4 along rows and columns: \
                 its network cannot be imported"
            );
        }
    }
    Ok(!filters.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filters(shape: &[usize], values: &[f32]) -> BTreeMap<String, Array> {
        let filter = || Array { shape: shape.into(), values: values.into() };
        let names = ["layer2.0.aa.filt", "maxpool.1.filt", "layer2.0.conv1.weight"];
        names.into_iter().map(|name| (name.to_owned(), filter())).collect()
    }

    #[test]
    fn known_filters_are_taken_out_and_others_refused() {
        let twice = FILTER.map(|share| share / 16.0).repeat(2);
        let mut tensors = filters(&[2, 1, 3, 3], &twice);
        assert!(take_out(&mut tensors).unwrap());
        assert_eq!(tensors.len(), 1);
        assert!(!take_out(&mut tensors).unwrap());
        let mut even = filters(&[2, 1, 3, 3], &[1.0 / 9.0; 18]);
        let error = take_out(&mut even).unwrap_err().to_string();
        assert!(error.contains("aa.filt") && error.contains("cannot be imported"), "{error}");
        assert!(take_out(&mut filters(&[1, 1, 5, 5], &[0.04; 25])).is_err());
    }
}
