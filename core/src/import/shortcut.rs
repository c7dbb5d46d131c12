//! Shortcuts without parameters, as the ResNets of He et al. 2016 for CIFAR-10 have them where a stage
//! begins (their option A): every other pixel is taken, and channels of zeros are added. A 1x1
//! convolution and a normalisation that change nothing compute the same.

use std::collections::BTreeMap;

use crate::model::weights::{Array, NORM_EPSILON};

/// Adds the layers that such shortcuts amount to, and says so, where a network has any.
pub fn write_out(tensors: &mut BTreeMap<String, Array>) -> Option<String> {
    let mut added = BTreeMap::new();
    for stage in 2.. {
        let block = format!("layer{stage}.0");
        let Some(first) = tensors.get(&format!("{block}.conv1.weight")) else { break };
        let [output, input, ..] = first.shape[..] else { break };
        let bottleneck = tensors.contains_key(&format!("{block}.conv3.weight"));
        let shortcut = format!("{block}.downsample");
        let there = tensors.contains_key(&format!("{shortcut}.0.weight"));
        // As many zeros before as after; a bottleneck's convolutions do not tell its width.
        if there || bottleneck || output <= input || !(output - input).is_multiple_of(2) {
            continue;
        }
        added.extend(layers(&shortcut, input, output));
    }
    if added.is_empty() {
        return None;
    }
    tensors.extend(added);
    Some(
        "Its shortcuts have no parameters, and its names do not tell what they do where a stage begins: taking every \
         other pixel and adding zeros, as many before the channels as after them, is assumed, as in most ResNets for \
         CIFAR-10 that are published. If in doubt, compare its logits with PyTorch's."
            .into(),
    )
}

/// A convolution that puts `input` channels in the middle of `output`, and its normalisation.
fn layers(shortcut: &str, input: usize, output: usize) -> [(String, Array); 5] {
    let mut weight = vec![0.0; output * input];
    for channel in 0..input {
        weight[(channel + (output - input) / 2) * input + channel] = 1.0;
    }
    let kernel = Array { shape: vec![output, input, 1, 1], values: weight };
    let norm = |part: &str, value: f32| {
        let array = Array { shape: vec![output], values: vec![value; output] };
        (format!("{shortcut}.1.{part}"), array)
    };
    [
        (format!("{shortcut}.0.weight"), kernel),
        norm("weight", (1.0 + NORM_EPSILON as f32).sqrt()),
        norm("bias", 0.0),
        norm("running_mean", 0.0),
        norm("running_var", 1.0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn convolution(shape: [usize; 4]) -> Array {
        Array { shape: shape.into(), values: vec![0.5; shape.iter().product()] }
    }

    #[test]
    fn channels_stand_between_zeros() {
        let mut tensors = BTreeMap::from([
            ("layer1.0.conv1.weight".to_owned(), convolution([2, 2, 3, 3])),
            ("layer2.0.conv1.weight".to_owned(), convolution([4, 2, 3, 3])),
            ("layer3.0.conv1.weight".to_owned(), convolution([8, 4, 3, 3])),
            ("layer3.0.downsample.0.weight".to_owned(), convolution([8, 4, 1, 1])),
        ]);
        assert!(write_out(&mut tensors).unwrap().contains("assumed"));
        assert_eq!(tensors.len(), 9);
        let kernel = &tensors["layer2.0.downsample.0.weight"];
        assert_eq!(kernel.shape, [4, 2, 1, 1]);
        assert_eq!(kernel.values, [0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
        // What has its parameters is left alone, and nothing is added twice.
        assert_eq!(tensors["layer3.0.downsample.0.weight"].values[0], 0.5);
        assert_eq!(write_out(&mut tensors), None);
    }

    #[test]
    fn other_shortcuts_are_not_made_up() {
        for (name, shape) in [
            ("layer2.0.conv1.weight", [4, 4, 3, 3]),
            ("layer2.0.conv1.weight", [5, 2, 3, 3]),
            ("layer2.0.conv1.weight", [2, 4, 3, 3]),
        ] {
            let mut tensors = BTreeMap::from([(name.to_owned(), convolution(shape))]);
            assert_eq!(write_out(&mut tensors), None, "{shape:?}");
        }
        let mut bottleneck = BTreeMap::from([
            ("layer2.0.conv1.weight".to_owned(), convolution([4, 2, 1, 1])),
            ("layer2.0.conv3.weight".to_owned(), convolution([16, 4, 1, 1])),
        ]);
        assert_eq!(write_out(&mut bottleneck), None);
    }
}
