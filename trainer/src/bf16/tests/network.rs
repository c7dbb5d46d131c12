//! Whole networks beside Burn's in f32.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use robust_core::engine::Model;

use robust_core::engine::solve::objective::CrossEntropy;
use robust_core::engine::solve::pgd::Pgd;
use robust_core::model::architecture::{Block, ResNetConfig, Stem};
use robust_core::model::card::{Card, Provenance, Role};
use robust_core::model::weights::Weights;
use robust_core::settings::{Constraint, PgdSettings};

use super::draw;
use crate::bf16::{Engine, Pictures, Rates, Unit};

/// How far a gradient may be from f32's, as a share of its length. A number is rounded to bf16 some
/// three times a convolution, by 2^-9 / √3 of its size on average, forward and back, and the errors
/// of up to twelve layers add up as their squares do: √(3 · 2 · 12) · 2^-9 / √3 is 0.01.
const ROUNDING: f64 = 0.02;

/// The same for convolutions' weights. Normalising takes mean and trend out of their gradient, and
/// what is left is small beside the activations here, which are some 4 deviations off zero: their
/// rounding weighs √(1 + 4²) times as much, and most where a map has few places.
const OF_WEIGHTS: f64 = 0.3;

/// The same where rounding may cross a ReLU's edge or choose another value of a pooling's window:
/// of a share `p` of numbers that changes by all it is, √p is seen. Here that is some 3 %.
const POOLED: f64 = 0.3;

/// A network whose normalisations scale by about `scale`.
fn weights(architecture: ResNetConfig, size: usize, scale: f32) -> Weights {
    let device = Device::flex();
    device.seed(7);
    let classes = (0..architecture.classes).map(|i| format!("class {i}")).collect();
    let network = architecture.init(&device).materialize();
    let card = Card {
        name: "a test".into(),
        role: Role::Robust,
        architecture,
        classes,
        mean: [0.4, 0.5, 0.6],
        std: [0.2, 0.25, 0.3],
        input_size: size,
        training: None,
        accuracies: Vec::new(),
        provenance: Provenance::default(),
    };
    let weights = network.weights(card.clone()).unwrap();
    // Normalisations that have learnt something, so that scale and shift are seen to be used. Two
    // channels of three are shifted far above their ReLU's edge, the third far below it: a number that
    // rounding carries over an edge would change a gradient by all it is.
    let tensors = weights.tensors().enumerate().map(|(seed, (name, array))| {
        let mut array = array.clone();
        let moved = draw(array.values.len(), seed as u32);
        if name.contains("bn") || name.contains("downsample.1") {
            let shifts = name.ends_with("bias");
            for (channel, (value, moved)) in array.values.iter_mut().zip(moved).enumerate() {
                let side = if channel % 3 == 0 { -4.0 } else { 4.0 };
                *value += 0.2 * moved + if shifts { side } else { 0.0 };
                *value *= if name.ends_with("weight") { scale } else { 1.0 };
            }
        }
        (name.to_owned(), array)
    });
    Weights::new(card, tensors.collect()).unwrap()
}

fn engine(weights: &Weights) -> Engine {
    let tensors: BTreeMap<&str, &[f32]> =
        weights.tensors().map(|(name, array)| (name, array.values.as_slice())).collect();
    let card = weights.card();
    Engine::new(&card.architecture, |name| tensors[name], [card.mean, card.std], Unit::best())
}

/// Length of the difference, as a share of the second one's.
fn apart(a: &[f32], b: &[f32]) -> f64 {
    let length = |values: &mut dyn Iterator<Item = f32>| {
        values.map(|v| f64::from(v) * f64::from(v)).sum::<f64>().sqrt()
    };
    length(&mut a.iter().zip(b).map(|(a, b)| a - b)) / length(&mut b.iter().copied()).max(1e-12)
}

fn networks() -> Vec<(ResNetConfig, usize, usize)> {
    let network = |block, blocks: &[usize], widths: &[usize], stem| ResNetConfig {
        block,
        blocks: blocks.into(),
        widths: widths.into(),
        stem,
        widening: 1,
        classes: 5,
    };
    vec![
        (network(Block::Basic, &[1, 2], &[20, 40], Stem::Small), 12, 40),
        (network(Block::Basic, &[2, 1], &[8, 16], Stem::Cifar), 11, 33),
        (network(Block::Bottleneck, &[1, 2], &[8, 12], Stem::Imagenet), 33, 24),
    ]
}

/// Bytes of images, and labels.
fn batch(size: usize, count: usize) -> (Vec<u8>, Vec<usize>) {
    let bytes =
        draw(count * size * size * 3, 5).iter().map(|v| (127.5 + 127.0 * v) as u8).collect();
    (bytes, (0..count).map(|i| i * 7 % 5).collect())
}

/// The images as Burn takes them.
fn planes(bytes: &[u8], size: usize, count: usize) -> Tensor<4> {
    let values: Vec<f32> =
        bytes.chunks_exact(3 * size * size).flat_map(crate::data::planes).collect();
    Tensor::from_data(TensorData::new(values, [count, 3, size, size]), &Device::flex())
}

fn labels_of(labels: &[usize]) -> Tensor<1, Int> {
    let labels: Vec<i32> = labels.iter().map(|label| *label as i32).collect();
    Tensor::from_ints(labels.as_slice(), &Device::flex())
}

#[test]
fn images_have_the_gradient_that_they_have_in_f32() {
    for (architecture, size, count) in networks() {
        // By running statistics, which are not these images': small, or rounding would cross edges.
        // Not before a pooling, where rounding then makes many values the largest.
        let pools = architecture.stem.pools();
        let (scale, bound) = if pools { (1.0, POOLED) } else { (0.1, ROUNDING) };
        let weights = weights(architecture, size, scale);
        let (bytes, labels) = batch(size, count);
        let model = Model::new(&weights, &Device::flex());
        let objective = CrossEntropy::untargeted(labels_of(&labels));
        let x = planes(&bytes, size, count);
        let (_, gradient) = Pgd::loss_and_gradient(&model, &objective, x);
        let exact: Vec<f32> = gradient.permute([0, 2, 3, 1]).into_data().iter::<f32>().collect();

        let mut engine = engine(&weights);
        let values: Vec<f32> = bytes.iter().map(|&v| f32::from(v) / 255.0).collect();
        let read = engine.image_gradient(&values, &labels, size);
        let images = crate::bf16::product::Images { count };
        let found: Vec<f32> = values
            .chunks_exact(3 * size * size)
            .enumerate()
            .flat_map(|(i, x)| engine.normaliser.gradient(&read, i, x, size, images))
            .collect();
        let off = apart(&found, &exact);
        assert!(off < bound, "{off}: {:?}", weights.card().architecture);
    }
}

#[test]
fn a_step_changes_all_tensors_as_one_in_f32() {
    use crate::train::tests::f32_step;
    for (architecture, size, count) in networks() {
        let weights = weights(architecture, size, 1.0);
        let (bytes, labels) = batch(size, count);
        let exact = f32_step(&weights, &bytes, &labels, size);
        let mut engine = engine(&weights);
        let rates = Rates { lr: 1.0, momentum: 0.9, weight_decay: 0.01, average: 0.0 };
        let pictures = Pictures { bytes: &bytes, labels: &labels, size };
        let verdict = engine.step(pictures, None, 0.1, rates, 1);
        assert!(verdict.loss.is_finite() && verdict.correct <= count);
        let [found, average] = engine.tensors();
        assert_eq!(found, average);
        for (name, before) in weights.tensors() {
            let change = |after: &[f32]| -> Vec<f32> {
                after.iter().zip(&before.values).map(|(a, b)| a - b).collect()
            };
            let off = apart(&change(&found[name]), &change(&exact[name]));
            let convolution = name.contains("conv") || name.ends_with("downsample.0.weight");
            let bound = if convolution { OF_WEIGHTS } else { ROUNDING };
            assert!(off < bound, "{name}: {off} in {:?}", weights.card().architecture);
        }
    }
}

/// One attacked step with so many threads: the bits that it ends with.
fn attacked(threads: usize, unit: Unit) -> Vec<u8> {
    let (architecture, size, count) = networks().remove(2);
    let weights = weights(architecture, size, 1.0);
    let (bytes, labels) = batch(size, count);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let mut engine = engine(&weights);
        engine.multiplier.unit = unit;
        let rates = Rates { lr: 0.1, momentum: 0.9, weight_decay: 0.01, average: 0.5 };
        for seed in 0..2 {
            let constraint = Constraint::L2 { epsilon: 0.5 };
            let attack = Some(PgdSettings::plain(constraint, 0.4, 2));
            let _ = engine.step(
                Pictures { bytes: &bytes, labels: &labels, size },
                attack,
                0.1,
                rates,
                seed,
            );
        }
        engine.save()
    })
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let one = attacked(1, Unit::best());
    assert!(one == attacked(3, Unit::best()));
    let weights = weights(networks().remove(2).0, 33, 1.0);
    let mut engine = engine(&weights);
    assert!(engine.restore(&one) && engine.save() == one);
    assert!(!engine.restore(&one[4..]));
}
