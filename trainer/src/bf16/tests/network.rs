//! Whole networks beside Burn's in f32.

use std::collections::BTreeMap;

use burn::tensor::{Device, Int, Tensor, TensorData};
use robust_core::engine::Model;

use robust_core::engine::solve::objective::CrossEntropy;
use robust_core::engine::solve::pgd::Pgd;
use robust_core::model::architecture::{Downsampling, ResNetConfig, Stem};
use robust_core::model::card::{Card, Provenance, Role};
use robust_core::model::weights::{Array, Weights};
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

/// The same for normalisations of a network whose pooling a blur follows: its maps are so even that less
/// is left of a gradient once mean and trend are taken out of it. Over other sizes and batches of such
/// networks of bottlenecks, rounding weighed 1 to 2.7 times as much as with strides, 0.042 at most.
const OF_EVEN_MAPS: f64 = 0.05;

/// The same where rounding may cross a ReLU's edge or choose another value of a pooling's window:
/// of a share `p` of numbers that changes by all it is, √p is seen. Here that is some 3 %.
const POOLED: f64 = 0.3;

/// A network whose normalisations scale by about `scale`.
///
/// Drawn here, not by Burn, whose generator other tests draw from at the same time. Two channels of
/// three are shifted far above their ReLU's edge, the third far below it: a number that rounding
/// carries over an edge would change a gradient by all it is.
fn weights(architecture: ResNetConfig, size: usize, scale: f32) -> Weights {
    let tensor = |(seed, (name, shape)): (usize, (String, Vec<usize>))| {
        let mut values = draw(shape.iter().product(), seed as u32 + 1);
        for (i, value) in values.iter_mut().enumerate() {
            *value = match shape[..] {
                // He et al.'s deviation by the number of outputs, of an even draw.
                [output, _, height, width] => {
                    *value * (6.0 / (output * height * width) as f32).sqrt()
                }
                [..] if name.starts_with("fc") => 0.3 * *value,
                [..] if name.ends_with("bias") && i % 3 == 0 => 0.2 * *value - 4.0,
                [..] if name.ends_with("bias") => 0.2 * *value + 4.0,
                [..] if name.ends_with("running_mean") => 0.2 * *value,
                [..] if name.ends_with("running_var") => 1.0 + 0.2 * *value,
                [..] => (1.0 + 0.2 * *value) * scale,
            };
        }
        (name, Array { shape, values })
    };
    let tensors = architecture.tensors().into_iter().enumerate().map(tensor).collect();
    let card = Card {
        name: "a test".into(),
        role: Role::Robust,
        classes: (0..architecture.classes).map(|i| format!("class {i}")).collect(),
        architecture,
        mean: [0.4, 0.5, 0.6],
        std: [0.2, 0.25, 0.3],
        input_size: size,
        training: None,
        accuracies: Vec::new(),
        provenance: Provenance::default(),
    };
    Weights::new(card, tensors).unwrap()
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
    let network = |usual: &str, blocks: &[usize], widths: &[usize], stem| ResNetConfig {
        blocks: blocks.into(),
        widths: widths.into(),
        ..ResNetConfig::preset(usual, stem, 5).unwrap()
    };
    let blurred = |config| ResNetConfig { downsampling: Downsampling::Blurred, ..config };
    vec![
        (network("resnet18", &[1, 2], &[20, 40], Stem::Small), 12, 40),
        (network("resnet18", &[2, 1], &[8, 16], Stem::Cifar), 11, 33),
        (network("resnet50", &[1, 2], &[8, 12], Stem::Imagenet), 33, 24),
        (blurred(network("resnet18", &[1, 2], &[20, 40], Stem::Small)), 12, 40),
        (blurred(network("resnet18", &[1, 1, 2], &[8, 16, 24], Stem::Cifar)), 11, 33),
        (blurred(network("resnet50", &[1, 2], &[8, 12], Stem::Cifar)), 14, 24),
        (blurred(network("resnet50", &[1, 2], &[8, 12], Stem::Imagenet)), 33, 24),
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
            let network = &weights.card().architecture;
            let bound = match (convolution, network.stem.pools() && network.blurs()) {
                (true, _) => OF_WEIGHTS,
                (false, true) => OF_EVEN_MAPS,
                (false, false) => ROUNDING,
            };
            assert!(off < bound, "{name}: {off} in {:?}", weights.card().architecture);
        }
    }
}

/// Two attacked steps with so many threads: the bits that they end with.
fn attacked(weights: &Weights, size: usize, count: usize, threads: usize) -> Vec<u8> {
    let (bytes, labels) = batch(size, count);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let mut engine = engine(weights);
        engine.multiplier.unit = Unit::best();
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
    let pools = |(network, ..): &(ResNetConfig, usize, usize)| network.stem.pools();
    for (architecture, size, count) in networks().into_iter().filter(pools) {
        // Drawn once: other tests draw from the same generator at the same time.
        let weights = weights(architecture, size, 1.0);
        let one = attacked(&weights, size, count, 1);
        assert!(one == attacked(&weights, size, count, 3));
        let mut engine = engine(&weights);
        assert!(engine.restore(&one) && engine.save() == one);
        assert!(!engine.restore(&one[4..]));
    }
}
