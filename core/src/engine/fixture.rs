//! What tests of several modules share.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use burn::tensor::Device;

use crate::engine::Model;
use crate::model::architecture::{ResNetConfig, Stem};
use crate::model::card::{Card, Provenance, Role};
use crate::model::weights::{Array, Weights};

/// The card of a network for images of 8 pixels, of which nothing else matters.
pub fn card(architecture: ResNetConfig) -> Card {
    Card {
        name: "test".into(),
        role: Role::Robust,
        classes: (0..architecture.classes).map(|class| class.to_string()).collect(),
        architecture,
        mean: [0.5; 3],
        std: [0.25; 3],
        input_size: 8,
        training: None,
        accuracies: Vec::new(),
        provenance: Provenance::default(),
    }
}

/// A network of two stages of basic blocks.
pub fn network(blocks: [usize; 2], widths: [usize; 2], classes: usize) -> ResNetConfig {
    let usual = ResNetConfig::preset("resnet10", Stem::Cifar, classes).unwrap();
    ResNetConfig { blocks: blocks.into(), widths: widths.into(), ..usual }
}

/// A small network.
pub fn model() -> Model {
    Model::new(&weights(), &Device::flex())
}

/// Its weights, all different and none extreme.
pub fn weights() -> Weights {
    let architecture = network([1, 1], [4, 6], 3);
    let array = |(name, shape): (String, Vec<usize>)| {
        let fan_in: usize = shape.iter().skip(1).product();
        let value = |i: usize| match shape.len() {
            1 if name.ends_with("weight") || name.ends_with("var") => 1.0 + 0.1 * (i as f32).sin(),
            1 => 0.1 * (i as f32).cos(),
            _ => (i as f32 * 12.9898).sin() * (2.0 / fan_in as f32).sqrt(),
        };
        let values = (0..shape.iter().product()).map(value).collect();
        (name.clone(), Array { shape, values })
    };
    let tensors: BTreeMap<_, _> = architecture.tensors().into_iter().map(array).collect();
    Weights::new(card(architecture), tensors).unwrap()
}
