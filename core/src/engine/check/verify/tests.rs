//! A reference recomputed, and what a wrong number in it leads to.

use burn::tensor::Device;
use pollster::block_on;
use safetensors::tensor::{Dtype, TensorView};

use super::*;
use crate::engine::fixture;
use crate::model::weights::{Array, Weights};

const KEY: &str = "activation_1_grad";

/// The test network, whose first `units` units all lie at `level` where an image has its normaliser's
/// mean.
fn at_a_kink(units: usize, level: f32) -> Model {
    let weights = fixture::weights();
    let level = |(name, array): (&str, &Array)| {
        let mut array = array.clone();
        match name {
            "bn1.bias" => array.values[..units].fill(level),
            "bn1.running_mean" => array.values[..units].fill(0.0),
            _ => {}
        }
        (name.to_owned(), array)
    };
    let tensors = weights.tensors().map(level).collect();
    Model::new(&Weights::new(weights.card().clone(), tensors).unwrap(), &Device::flex())
}

/// A reference of one grey image with this gradient, or with none.
fn reference(gradient: Option<&[f32]>) -> Vec<u8> {
    let grey = bytes(&[0.5; 3 * 8 * 8]);
    let gradient = gradient.map(bytes);
    let label = 0i64.to_le_bytes();
    let image = |data| TensorView::new(Dtype::F32, vec![1, 3, 8, 8], data).unwrap();
    let mut views = vec![
        ("x", image(&grey)),
        ("x_target", image(&grey)),
        ("label", TensorView::new(Dtype::I64, vec![1], &label).unwrap()),
    ];
    views.extend(gradient.as_deref().map(|data| (KEY, image(data))));
    safetensors::serialize(views, None).unwrap()
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

#[test]
fn a_gradient_may_be_off_as_far_as_rounding_moves_it() {
    may_be_off(&at_a_kink(4, 0.0));
    // One unit beside 0 suffices: a reference of the authors' code has one at this value.
    may_be_off(&at_a_kink(1, -2.9e-7));
}

fn may_be_off(model: &Model) {
    let file = reference(None);
    let inputs = Inputs::read(model, &Reference::from_bytes(&file).unwrap()).unwrap();
    // On another machine, where the image was rounded otherwise.
    let key = Key::parse(KEY).unwrap();
    let nudged = inputs.nudged(model, 99).unwrap();
    let elsewhere = block_on(nudged.recompute(model, &key)).unwrap();
    let judge = |gradient: &[f32]| {
        let file = reference(Some(gradient));
        let reference = Reference::from_bytes(&file).unwrap();
        let verification = block_on(verify(model, &reference, async |_| {})).unwrap();
        verification.keys[0].clone()
    };
    let report = judge(&elsewhere);
    assert!(report.max_rel > MAX_RELATIVE && report.sensitivity.is_some(), "{report:?}");
    assert!(report.ok, "{report:?}");
    let wrong: Vec<f32> = elsewhere.iter().map(|value| 10.0 * value + 1.0).collect();
    assert!(!judge(&wrong).ok && judge(&wrong).is_wrong());
    let rough: Vec<f32> = elsewhere.iter().map(|value| 1.005 * value).collect();
    assert!(!judge(&rough).is_wrong(), "that is only less exact");
    let nothing = vec![f32::NAN; elsewhere.len()];
    assert!(judge(&nothing).is_wrong());
}
