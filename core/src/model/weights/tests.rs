//! Model files, there and back; files that are not models.

use safetensors::SafeTensors;

use super::*;
use crate::engine::fixture::{card, network};
use crate::model::architecture::Downsampling;
use crate::model::card::{Accuracy, Training};

fn tiny() -> (Card, BTreeMap<String, Array>) {
    let architecture = network([1, 1], [2, 3], 2);
    let array = |shape: Vec<usize>| Array {
        values: (0..shape.iter().product()).map(|i| 0.25 + i as f32 / 128.0).collect(),
        shape,
    };
    let tensors = architecture.tensors().into_iter().map(|(n, s)| (n, array(s))).collect();
    let classes = vec!["cat".into(), "dog".into()];
    let card = Card { name: "tiny".into(), classes, input_size: 32, ..card(architecture) };
    (card, tensors)
}

fn file(precision: Precision) -> Vec<u8> {
    let (card, tensors) = tiny();
    Weights::new(card, tensors).unwrap().to_bytes(precision).unwrap()
}

#[test]
fn a_file_reads_back_as_written() {
    let (card, tensors) = tiny();
    let weights = Weights::new(card, tensors).unwrap();
    for precision in [Precision::F32, Precision::F16] {
        // Every value above is a multiple of 1/128 below 2: f16 holds them exactly.
        assert_eq!(Weights::from_bytes(&file(precision)).unwrap(), weights);
    }
    assert!(file(Precision::F16).len() < file(Precision::F32).len());
}

#[test]
fn eight_bits_keep_each_channel_to_half_a_step() {
    let (card, mut tensors) = tiny();
    // A channel a thousand times smaller than its neighbours, and one of nothing.
    let linear = &mut tensors.get_mut("fc.weight").unwrap().values;
    linear[..3].iter_mut().for_each(|value| *value *= 1e-3);
    linear[3..].fill(0.0);
    let weights = Weights::new(card, tensors).unwrap();
    let bytes = weights.to_bytes(Precision::I8).unwrap();
    let read = Weights::from_bytes(&bytes).unwrap();
    assert_eq!(read.card(), weights.card());
    for (name, array) in weights.tensors() {
        for (channel, found) in array
            .values
            .chunks(array.channel_len())
            .zip(read.values(name).chunks(array.channel_len()))
        {
            let largest = channel.iter().fold(0.0, |most: f32, value| most.max(value.abs()));
            let step = if array.shape.len() > 1 { largest / 127.0 } else { 0.0 };
            for (value, found) in channel.iter().zip(found) {
                assert!((value - found).abs() <= 0.501 * step, "{name}: {value} became {found}");
            }
        }
    }
}

#[test]
fn eight_bits_need_their_scales() {
    let bytes = file(Precision::I8);
    let text = String::from_utf8_lossy(&bytes);
    let at = text.find("fc.weight.scale").unwrap();
    let mut renamed = bytes.clone();
    renamed[at..at + 2].copy_from_slice(b"xx");
    let error = Weights::from_bytes(&renamed).unwrap_err().to_string();
    assert!(error.contains("fc.weight.scale") && error.contains("missing"), "{error}");
}

#[test]
fn no_truncation_panics_or_passes() {
    let bytes = file(Precision::F32);
    for length in 0..bytes.len() {
        assert!(Weights::from_bytes(&bytes[..length]).is_err(), "{length} bytes were accepted");
    }
}

#[test]
fn no_flipped_byte_of_the_header_panics() {
    let bytes = file(Precision::I8);
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    for at in 0..header {
        for flip in [1, 0x80, 0xff] {
            let mut damaged = bytes.clone();
            damaged[at] ^= flip;
            let _ = Weights::from_bytes(&damaged);
        }
    }
}

#[test]
fn a_foreign_file_is_called_foreign() {
    let empty: [(&str, safetensors::tensor::TensorView<'_>); 0] = [];
    let bytes = safetensors::serialize(empty, None).unwrap();
    assert!(matches!(Weights::from_bytes(&bytes), Err(WeightsError::Foreign)));
    assert!(matches!(Weights::from_bytes(b"\x89PNG"), Err(WeightsError::NotSafetensors(_))));
}

/// So that no older program computes something else.
#[test]
fn a_file_is_of_the_oldest_version_that_can_say_what_it_holds() {
    let version = |bytes: &[u8]| {
        let json = SafeTensors::read_metadata(bytes).unwrap().1.metadata().clone().unwrap();
        let json: serde_json::Value = serde_json::from_str(&json[METADATA_KEY]).unwrap();
        json["version"].as_u64().unwrap()
    };
    for (downsampling, expected) in
        [(Downsampling::Strided, [1, 2]), (Downsampling::Blurred, [3; 2])]
    {
        let (mut card, tensors) = tiny();
        card.architecture.downsampling = downsampling;
        let weights = Weights::new(card.clone(), tensors).unwrap();
        for (precision, expected) in [Precision::F16, Precision::I8].into_iter().zip(expected) {
            let bytes = weights.to_bytes(precision).unwrap();
            assert_eq!(version(&bytes), expected, "{downsampling:?} {precision:?}");
            assert_eq!(version(&Weights::with_card(&bytes, &card).unwrap()), expected);
        }
    }
}

#[test]
fn a_newer_file_is_called_newer() {
    let text = String::from_utf8_lossy(&file(Precision::F32)[8..]).into_owned();
    let at = 8 + text.find("version\\\":1").unwrap() + "version\\\":".len();
    let mut bytes = file(Precision::F32);
    bytes[at] = b'9';
    assert!(matches!(Weights::from_bytes(&bytes), Err(WeightsError::Newer(9))));
}

#[test]
fn what_is_wrong_is_named() {
    let broken = |change: fn(&mut Card, &mut BTreeMap<String, Array>)| {
        let (mut card, mut tensors) = tiny();
        change(&mut card, &mut tensors);
        Weights::new(card, tensors).unwrap_err().to_string()
    };
    let missing = broken(|_, t| drop(t.remove("bn1.bias")));
    assert!(missing.contains("bn1.bias") && missing.contains("missing"), "{missing}");
    let extra = broken(|_, t| drop(t.insert("fc2.bias".into(), t["fc.bias"].clone())));
    assert!(extra.contains("fc2.bias"), "{extra}");
    let shape = broken(|_, t| t.get_mut("fc.bias").unwrap().shape = vec![3]);
    assert!(shape.contains("[3]") && shape.contains("[2]"), "{shape}");
    let nan = broken(|_, t| t.get_mut("conv1.weight").unwrap().values[5] = f32::NAN);
    assert!(nan.contains("conv1.weight") && nan.contains("finite"), "{nan}");
    let variance = broken(|_, t| t.get_mut("bn1.running_var").unwrap().values[0] = -1.0);
    assert!(variance.contains("negative variance"), "{variance}");
    let classes = broken(|c, _| c.classes.truncate(1));
    assert!(classes.contains("1 class names for 2 logits"), "{classes}");
    let std = broken(|c, _| c.std[1] = 0.0);
    assert!(std.contains("normaliser"), "{std}");
    let huge = broken(|c, _| c.architecture.widths[0] = 1 << 40);
    assert!(huge.contains("out of range"), "{huge}");
}

#[test]
fn the_mean_lies_between_and_unlike_networks_have_none() {
    let (card, tensors) = tiny();
    let one = Weights::new(card.clone(), tensors.clone()).unwrap();
    let mut higher = tensors.clone();
    higher.values_mut().flat_map(|array| &mut array.values).for_each(|value| *value += 0.5);
    let other = Weights::new(card.clone(), higher).unwrap();
    let mean = one.mean(&[other, one.clone()]).unwrap();
    for (name, array) in mean.tensors() {
        for (found, value) in array.values.iter().zip(one.values(name)) {
            assert!((found - value - 0.5 / 3.0).abs() < 1e-6, "{name}: {found}");
        }
    }
    let renamed = Card { classes: vec!["dog".into(), "cat".into()], ..card.clone() };
    let unlike = one.mean(&[Weights::new(renamed, tensors.clone()).unwrap()]).unwrap_err();
    assert!(unlike.to_string().contains("list of classes"), "{unlike}");
    let shifted = Card { mean: [0.4; 3], ..card };
    assert!(one.mean(&[Weights::new(shifted, tensors).unwrap()]).is_err());
}

#[test]
fn no_flipped_bit_is_taken_for_a_weight() {
    let good = file(Precision::F32);
    let at = good.windows(11).position(|part| part == b"\\\"checksum\\").unwrap();
    // But for the word that announces the checksum: without it, a file is one from before it.
    let word = at..at + 12;
    for at in (0..good.len()).filter(|at| !word.contains(at)) {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (at % 8);
        assert!(Weights::from_bytes(&bytes).is_err(), "byte {at} of {} was changed", good.len());
    }
}

#[test]
fn a_file_from_before_the_checksum_still_reads() {
    let older = include_bytes!("../../../tests/fixtures/before-checksums.safetensors");
    assert!(!older.windows(8).any(|part| part == b"checksum"));
    Weights::from_bytes(older).unwrap();
}

/// What is measured of a file is written into it, and no number that was measured changes.
#[test]
fn another_card_leaves_every_tensor_as_it_is_stored() {
    for precision in [Precision::F32, Precision::F16, Precision::I8] {
        let file = file(precision);
        assert_eq!(Precision::of(&file).unwrap(), precision);
        let (mut card, _) = tiny();
        card.name = "measured".into();
        let named = Weights::with_card(&file, &card).unwrap();
        assert_eq!(Weights::from_bytes(&named).unwrap().card().name, "measured");
        let tensors = |bytes: &[u8]| -> Vec<(String, Vec<u8>)> {
            let file = SafeTensors::deserialize(bytes).unwrap();
            let mut all: Vec<_> =
                file.iter().map(|(name, view)| (name.to_owned(), view.data().to_vec())).collect();
            all.sort();
            all
        };
        assert_eq!(tensors(&named), tensors(&file), "{precision:?}");
        card.architecture.widths[0] += 1;
        assert!(Weights::with_card(&file, &card).is_err());
    }
}

/// As the page gets it: in bytes without field names, where a field left out would shift all others.
#[test]
fn a_card_travels_in_bytes() {
    let (plain, _) = tiny();
    let whole = Card {
        accuracies: vec![Accuracy { on: "clean".into(), value: 0.5 }],
        training: Some(Training { data: "photos".into(), ..Training::default() }),
        ..plain.clone()
    };
    for card in [plain, whole] {
        let bytes = postcard::to_allocvec(&card).unwrap();
        assert_eq!(postcard::from_bytes::<Card>(&bytes).unwrap(), card);
    }
}
