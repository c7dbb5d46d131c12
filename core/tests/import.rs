//! State dicts under the names that others save them by, written here and read as a visitor's file is: every
//! tensor must come back as it was written, and what a file leaves open must be answerable.

#![cfg(feature = "import")]
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use robust_core::import::describe::Said;
use robust_core::import::{Checkpoint, Normaliser, Question, architecture};
use robust_core::model::architecture::{Block, Downsampling, Order, ResNetConfig, Stem};
use robust_core::model::card::Provenance;
use robust_core::model::weights::Array;
use safetensors::tensor::{Dtype, TensorView};

type Dict = BTreeMap<String, Array>;

const OURS: Normaliser = Normaliser { mean: [0.49, 0.48, 0.45], std: [0.25, 0.24, 0.26] };

fn config(block: Block, widening: usize, order: Order, stem: Stem) -> ResNetConfig {
    let (blocks, widths) = (vec![2, 1], vec![4, 6]);
    let usual = ResNetConfig::preset("resnet18", stem, 5).unwrap();
    ResNetConfig { block, blocks, widths, widening, order, ..usual }
}

/// A network's tensors under torchvision's names; no two numbers of a network are alike, nor those of two.
fn network(config: &ResNetConfig, seed: u32) -> Dict {
    let mut next = seed << 20;
    let array = |(name, shape): (String, Vec<usize>)| {
        let mut value = || {
            next += 1;
            next as f32 / (1 << 24) as f32
        };
        let values = (0..shape.iter().product::<usize>()).map(|_| value()).collect();
        (name, Array { shape, values })
    };
    config.tensors().into_iter().map(array).collect()
}

/// The same tensors by other names.
fn renamed(network: &Dict, name: impl Fn(&str) -> String) -> Dict {
    network.iter().map(|(key, array)| (name(key), array.clone())).collect()
}

/// A file of these tensors and the counters that PyTorch keeps beside every normalisation.
fn file(dict: &Dict) -> Vec<u8> {
    let mut stored = BTreeMap::new();
    for (name, Array { shape, values }) in dict {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        stored.insert(name.clone(), (Dtype::F32, shape.clone(), bytes));
        if let Some(norm) = name.strip_suffix("running_mean") {
            let counter = format!("{norm}num_batches_tracked");
            stored.insert(counter, (Dtype::I64, Vec::new(), 7i64.to_le_bytes().to_vec()));
        }
    }
    let views = stored.iter().map(|(name, (dtype, shape, bytes))| {
        (name, TensorView::new(*dtype, shape.clone(), bytes).unwrap())
    });
    safetensors::serialize(views, None).unwrap()
}

fn with_normaliser(mut dict: Dict, names: [&str; 2], normaliser: Normaliser) -> Dict {
    for (name, values) in names.into_iter().zip([normaliser.mean, normaliser.std]) {
        dict.insert(name.into(), Array { shape: vec![1, 3, 1, 1], values: values.to_vec() });
    }
    dict
}

/// How RobustBench names what torchvision calls otherwise.
fn robustbench(name: &str) -> String {
    name.replace("downsample", "shortcut").replace("fc.", "linear.")
}

/// How RobustBench names a WideResNet's layers.
fn wide(name: &str) -> String {
    if let Some(part) = name.strip_prefix("bn.") {
        return format!("bn1.{part}");
    }
    let Some(rest) = name.strip_prefix("layer") else { return name.into() };
    let (stage, layer) = rest.split_once('.').unwrap();
    format!("block{stage}.layer.{layer}").replace("downsample.0", "convShortcut")
}

/// All ways to save a network of this kind: what it is called, and the file's tensors.
fn ways(config: &ResNetConfig) -> Vec<(&'static str, Dict)> {
    let [ours, other] = [1, 2].map(|seed| network(config, seed));
    let prefixed = |dict: &Dict, prefix: &str| renamed(dict, |name| [prefix, name].concat());
    let mu = ["mu", "sigma"];
    let robustness = |root: &str| {
        let model = prefixed(&ours, &format!("{root}module.model."));
        // Another's numbers, so that it shows which are taken.
        let attacker = prefixed(&other, &format!("{root}module.attacker.model."));
        let both = model.into_iter().chain(attacker).collect();
        let names = ["normalizer", "attacker.normalize"]
            .map(|module| ["mean", "std"].map(|part| format!("{root}module.{module}.new_{part}")));
        names.iter().fold(both, |dict, [mean, std]| with_normaliser(dict, [mean, std], OURS))
    };
    if !config.family().normalises_first {
        return vec![
            ("torchvision", with_normaliser(ours.clone(), ["mean", "std"], OURS)),
            ("timm", with_normaliser(prefixed(&ours, "state_dict_ema."), mu, OURS)),
            ("RobustBench", with_normaliser(renamed(&ours, robustbench), mu, OURS)),
            ("robustness", robustness("")),
            ("Microsoft's", robustness("model.")),
        ];
    }
    let plain = renamed(&ours, robustbench);
    let parallel =
        with_normaliser(prefixed(&plain, "module.1."), ["module.0.mean", "module.0.std"], OURS);
    let mut all = vec![
        ("RobustBench", with_normaliser(plain, mu, OURS)),
        ("with a normaliser before", parallel),
    ];
    if config.order == (Order::Before { stem: 3 }) {
        let mut dict = renamed(&ours, wide);
        // TRADES' hold the first stage once more.
        let unused = dict.iter().filter(|(name, _)| name.starts_with("block1."));
        let unused: Dict =
            unused.map(|(name, array)| (format!("sub_{name}"), array.clone())).collect();
        dict.extend(unused);
        all.push(("RobustBench's WideResNets", with_normaliser(dict, mu, OURS)));
    }
    all
}

#[test]
fn every_family_comes_back_under_every_naming() {
    let others = [
        config(Block::Basic, 1, Order::After, Stem::Imagenet),
        config(Block::Bottleneck, 1, Order::After, Stem::Imagenet),
        config(Block::Bottleneck, 2, Order::After, Stem::Small),
    ];
    let all = Order::all(3).map(|order| config(Block::Basic, 1, order, Stem::Cifar));
    let mut namings = BTreeSet::new();
    for family in all.iter().chain(&others) {
        let written = network(family, 1);
        for (naming, dict) in ways(family) {
            let checkpoint = Checkpoint::from_bytes(&file(&dict), None)
                .unwrap_or_else(|error| panic!("{naming}, {family:?}: {error:#}"));
            assert_eq!(checkpoint.tensors, written, "{naming}, {family:?}");
            assert_eq!(checkpoint.normaliser, Ok(Some(OURS)), "{naming}, {family:?}");
            let found = architecture(&checkpoint.shapes(), Some(family.stem)).unwrap();
            assert_eq!(found, *family, "{naming}");
            namings.insert(naming);
        }
    }
    assert_eq!(namings.len(), 7, "{namings:?}");
}

/// The card's normaliser, or what is left open; and what was assumed.
fn normaliser(
    dict: &Dict,
    network: Option<&str>,
    said: Option<Normaliser>,
) -> Result<(Normaliser, String), Question> {
    let said = Said { normaliser: said, ..Said::default() };
    let card = Checkpoint::from_bytes(&file(dict), network)
        .and_then(|checkpoint| checkpoint.card(&said, Provenance::default()));
    match card {
        Ok((card, notes)) => Ok((Normaliser { mean: card.mean, std: card.std }, notes.join(" "))),
        Err(error) => Err(error.downcast_ref::<Question>().unwrap().clone()),
    }
}

#[test]
fn a_normaliser_that_cannot_be_used_can_be_replaced() {
    let plain = network(&config(Block::Basic, 1, Order::After, Stem::Imagenet), 1);
    let bytes = Normaliser { mean: [125.0; 3], std: [64.0; 3] };
    for (names, normaliser_of_file, reason) in [
        (["mean", "std"], bytes, "none of images in [0, 1]"),
        (["mean", "variance"], OURS, "\"variance\""),
        (["pixel_mean", "pixel_scale_std"], OURS, "half of a normaliser"),
    ] {
        let dict = with_normaliser(plain.clone(), names, normaliser_of_file);
        let Err(Question::Normaliser(why)) = normaliser(&dict, None, None) else {
            panic!("{names:?} is left open");
        };
        assert!(why.contains(reason), "{why}");
        let (used, notes) = normaliser(&dict, None, Some(OURS)).unwrap();
        assert_eq!(used, OURS);
        assert!(notes.contains(reason), "{notes}");
    }
    // These names are a mean's and a deviation's, too.
    let dict = with_normaliser(plain, ["mu", "std"], OURS);
    assert_eq!(normaliser(&dict, None, None).unwrap().0, OURS);
}

#[test]
fn each_of_two_networks_has_its_own_normaliser() {
    let plain = network(&config(Block::Basic, 1, Order::After, Stem::Imagenet), 1);
    let mut both = Dict::new();
    for (of, normaliser) in [("student", OURS), ("teacher", Normaliser { mean: [0.5; 3], ..OURS })]
    {
        let [mean, std] = ["mean", "std"].map(|part| format!("{of}.norm.{part}"));
        let dict = renamed(&plain, |name| format!("{of}.net.{name}"));
        both.extend(with_normaliser(dict, [&mean, &std], normaliser));
    }
    let mean = |network| normaliser(&both, Some(network), None).unwrap().0.mean;
    assert_eq!(mean("student.net."), OURS.mean);
    assert_eq!(mean("teacher.net."), [0.5; 3]);
    assert!(matches!(normaliser(&both, None, None), Err(Question::Network(_))));
}

#[test]
fn what_names_cannot_tell_is_said_of_every_kind_of_block() {
    for (family, words) in [
        (config(Block::Basic, 1, Order::After, Stem::Imagenet), &["pooling and strides blur"][..]),
        (config(Block::Bottleneck, 1, Order::After, Stem::Imagenet), &["stride is", "blur"]),
        (
            config(Block::Basic, 1, Order::Before { stem: 3 }, Stem::Cifar),
            &["after the first ReLU"],
        ),
        (config(Block::Basic, 1, Order::Bare { stem: 3 }, Stem::Cifar), &["input as it is"]),
    ] {
        let (_, notes) = normaliser(&network(&family, 1), None, Some(OURS)).unwrap();
        for word in words {
            assert!(notes.contains(word), "{family:?}: {notes}");
        }
        assert_eq!(notes.contains("bottleneck"), family.block == Block::Bottleneck, "{notes}");
    }
}

/// A file's card with this said of its downsampling, or why there is none.
fn downsampling(dict: &Dict, said: Option<Downsampling>) -> Result<(Downsampling, String), String> {
    let said = Said { downsampling: said, normaliser: Some(OURS), ..Said::default() };
    let card = Checkpoint::from_bytes(&file(dict), None)
        .and_then(|checkpoint| checkpoint.card(&said, Provenance::default()));
    let (card, notes) = card.map_err(|error| format!("{error:#}"))?;
    Ok((card.architecture.downsampling, notes.join(" ")))
}

#[test]
fn blurs_are_said_or_told_by_their_filters() {
    let family = config(Block::Basic, 1, Order::After, Stem::Imagenet);
    let plain = network(&family, 1);
    let [strided, blurred] = [Downsampling::Strided, Downsampling::Blurred];
    let (found, notes) = downsampling(&plain, None).unwrap();
    assert!(found == strided && notes.contains("\"strided\" downsampling"), "{notes}");
    let (found, notes) = downsampling(&plain, Some(blurred)).unwrap();
    assert!(found == blurred && !notes.contains("strides blur"), "{notes}");

    let with = |names: [&str; 2], filter: [f32; 9]| {
        let mut dict = plain.clone();
        for name in names {
            let array = Array { shape: vec![4, 1, 3, 3], values: filter.repeat(4) };
            dict.insert(name.to_owned(), array);
        }
        dict
    };
    let shares = [1.0, 2.0, 1.0, 2.0, 4.0, 2.0, 1.0, 2.0, 1.0].map(|share| share / 16.0);
    let timm = with(["layer2.0.aa.filt", "maxpool.1.filt"], shares);
    assert_eq!(Checkpoint::from_bytes(&file(&timm), None).unwrap().tensors, plain);
    assert_eq!(downsampling(&timm, None).unwrap().0, blurred);
    assert!(downsampling(&timm, Some(strided)).unwrap_err().contains("blurred, not strided"));
    let even = with(["layer2.0.aa.filt", "maxpool.1.filt"], [1.0 / 9.0; 9]);
    assert!(downsampling(&even, None).unwrap_err().contains("other numbers"));
    let zhang = with(["layer2.0.conv2.0.filt", "layer2.0.downsample.0.filt"], shares);
    let refused = downsampling(&zhang, None).unwrap_err();
    assert!(refused.contains("another kind than timm's"), "{refused}");
}
