//! Finding the network among a checkpoint's tensors, whatever it is wrapped in.

use std::collections::BTreeMap;

use super::architecture::Shapes;
use super::families::{self, HEADS, NAMINGS, Naming, TORCHVISION};
use super::stored::Tensors;
use super::{Question, array, normaliser, quoted};
use crate::model::weights::Array;
use anyhow::{Context, Result, bail};

/// The network to import.
#[derive(Debug)]
pub struct Chosen {
    /// Name of each tensor in the file, by torchvision's name.
    names: BTreeMap<String, String>,
    /// What the names of its tensors begin with.
    pub prefix: String,
    /// Why this one, where there were several.
    pub note: Option<String>,
}

impl Chosen {
    /// The shape of every tensor, by torchvision's name.
    pub fn shapes(&self, stored: &Tensors) -> Shapes {
        let shape = |(name, full): (&String, &String)| (name.clone(), stored[full].shape.clone());
        self.names.iter().map(shape).collect()
    }

    /// Reads all tensors.
    pub fn tensors(&self, stored: &Tensors) -> Result<BTreeMap<String, Array>> {
        let read =
            |(name, full): (&String, &String)| Ok((name.clone(), array(full, &stored[full])?));
        self.names.iter().map(read).collect()
    }
}

/// Chooses the network to import: the one of that prefix where one is given, else an average of
/// weights before the weights, and the best before the last.
pub fn choose(stored: &Tensors, wanted: Option<&str>) -> Result<Chosen> {
    let plain = plain_names(stored);
    let before = |name: &'_ String| -> Option<usize> {
        let prefix = NAMINGS.iter().find_map(|naming| name.strip_suffix(naming.landmark))?;
        whole_words(&prefix).then_some(prefix.len())
    };
    let all: Vec<&str> = plain.keys().filter_map(|name| Some(&name[..before(name)?])).collect();
    if all.is_empty() {
        return Err(families::not_residual(stored));
    }
    let rank = |prefix: &str| {
        let says = |words: &[&str]| words.iter().any(|word| prefix.contains(word));
        // The attacker of the `robustness` package holds the network once more.
        (says(&["attacker."]), !says(&["ema", "averag", "swa"]), says(&["last."]))
    };
    let best = all.iter().map(|prefix| rank(prefix)).min();
    let candidates: Vec<&str> = match wanted {
        Some(wanted) => all.iter().copied().filter(|prefix| *prefix == wanted).collect(),
        None => all.iter().copied().filter(|prefix| Some(rank(prefix)) == best).collect(),
    };
    let list = || all.iter().map(|prefix| (*prefix).to_owned()).collect::<Vec<String>>();
    let [prefix] = candidates[..] else { bail!(Question::Network(list())) };
    let others: Vec<&str> = all.iter().copied().filter(|other| *other != prefix).collect();
    let alike = others.iter().all(|other| other.contains("attacker."));
    let note = (!alike && wanted.is_none())
        .then(|| format!("Of the networks {}, \"{prefix}\" is imported.", quoted(&list())));
    let is = |naming: &&Naming| plain.contains_key(&[prefix, naming.landmark].concat());
    let naming = NAMINGS.iter().find(is).unwrap_or(&TORCHVISION);
    let mut names = BTreeMap::new();
    for (whole, full) in &plain {
        let Some(name) = whole.strip_prefix(prefix) else { continue };
        let other =
            others.iter().any(|other| other.len() > prefix.len() && whole.starts_with(other));
        let unused = naming.unused.is_some_and(|start| name.starts_with(start));
        if other || unused || name.ends_with("num_batches_tracked") || normaliser::is_part(name) {
            continue;
        }
        names.insert((naming.ours)(name), (*full).clone());
    }
    name_stem(&mut names, stored);
    if !names.contains_key("fc.weight") {
        let (weight, bias) = head_outside(stored, prefix)?;
        names.insert("fc.weight".into(), weight);
        names.insert("fc.bias".into(), bias);
    }
    Ok(Chosen { names, prefix: prefix.to_owned(), note })
}

/// Every tensor's name in the file by its plain name, in which words are spelt as torchvision does: `layer1` for
/// `stage_1`, `conv1` for `conv_1`, `bn1` for `bn_1`.
fn plain_names(stored: &Tensors) -> BTreeMap<String, &String> {
    let word = |word: &str| {
        let spelt = [("stage_", "layer"), ("stage", "layer"), ("conv_", "conv"), ("bn_", "bn")];
        let number = |start| word.strip_prefix(start).filter(|rest| rest.parse::<u8>().is_ok());
        let found = spelt.iter().find_map(|(start, plain)| Some([plain, number(start)?].concat()));
        found.unwrap_or_else(|| word.to_owned())
    };
    let plain = |name: &String| name.split('.').map(word).collect::<Vec<_>>().join(".");
    let names: BTreeMap<String, &String> = stored.keys().map(|name| (plain(name), name)).collect();
    // Where two tensors would go by one name, theirs are no other spelling.
    if names.len() == stored.len() {
        names
    } else {
        stored.keys().map(|n| (n.clone(), n)).collect()
    }
}

/// Some call the first layers `conv` and `bn`. A network that normalises before its convolutions has its last
/// normalisation by that name, which is not as long as the first convolution has outputs.
fn name_stem(names: &mut BTreeMap<String, String>, stored: &Tensors) {
    let first = |name: &str| stored[names.get(name)?].shape.first().copied();
    let unnamed = first("conv1.weight").is_none() && first("bn1.weight").is_none();
    if !unnamed || first("conv.weight") != first("bn.weight") {
        return;
    }
    let parts = ["weight", "bias", "running_mean", "running_var"].map(|part| ("bn", part));
    for (module, part) in parts.into_iter().chain([("conv", "weight")]) {
        if let Some(full) = names.remove(&format!("{module}.{part}")) {
            names.insert(format!("{module}1.{part}"), full);
        }
    }
}

/// Whether a prefix ends where a name does: `layer1` is not to be found in `mylayer1`.
fn whole_words(prefix: &&str) -> bool {
    prefix.is_empty() || prefix.ends_with('.')
}

/// The last layer of a network that is called `backbone` or `encoder`, beside which it lies.
fn head_outside(stored: &Tensors, prefix: &str) -> Result<(String, String)> {
    let outer = prefix.trim_end_matches('.').rsplit_once('.').map_or("", |(outer, _)| outer);
    let outer = if outer.is_empty() { String::new() } else { format!("{outer}.") };
    let heads = HEADS.into_iter().flat_map(|head| [head.to_owned(), format!("head.{head}")]);
    let mut pairs =
        heads.map(|head| (format!("{outer}{head}.weight"), format!("{outer}{head}.bias")));
    let found =
        pairs.find(|(weight, bias)| stored.contains_key(weight) && stored.contains_key(bias));
    found.with_context(|| {
        format!(
            "the network \"{prefix}\" has no last layer ({}): a network without classes, or with \
             another kind of head, cannot be imported",
            HEADS.map(|head| format!("{head}.weight")).join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::stored::Stored;
    use super::*;

    const LANDMARK: &str = TORCHVISION.landmark;

    fn stored(names: &[&str]) -> Tensors {
        let tensor = || Stored { shape: vec![1], values: Box::new(|| Ok(vec![0.0])) };
        names.iter().map(|name| ((*name).to_owned(), tensor())).collect()
    }

    /// What is chosen as the last layer's weights tells which network was.
    fn chosen(prefixes: &[&str], wanted: Option<&str>) -> Result<String> {
        let names: Vec<String> = prefixes
            .iter()
            .flat_map(|p| [LANDMARK, "fc.weight", "fc.bias"].map(|name| format!("{p}{name}")))
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        Ok(choose(&stored(&names), wanted)?.names["fc.weight"].clone())
    }

    #[test]
    fn any_wrapper_is_seen_through() {
        for prefix in [
            "",
            "module.",
            "model.",
            "_orig_mod.",
            "backbone.",
            "encoder.",
            "state_dict.module.net.",
        ] {
            assert_eq!(chosen(&[prefix], None).unwrap(), format!("{prefix}fc.weight"));
        }
    }

    #[test]
    fn averages_come_before_weights_and_the_best_before_the_last() {
        let first = |prefixes: &[&str]| chosen(prefixes, None).unwrap();
        let copies = ["model.module.attacker.model.", "model.module.model."];
        assert_eq!(first(&copies), "model.module.model.fc.weight");
        assert_eq!(first(&["state_dict.", "state_dict_ema."]), "state_dict_ema.fc.weight");
        assert_eq!(first(&["", "ema."]), "ema.fc.weight");
        assert_eq!(first(&["last.", "best."]), "best.fc.weight");
        let open = chosen(&["student.", "teacher."], None).unwrap_err().to_string();
        assert!(open.contains("2 networks") && open.contains("\"teacher.\""), "{open}");
        assert_eq!(
            chosen(&["student.", "teacher."], Some("student.")).unwrap(),
            "student.fc.weight"
        );
        assert!(chosen(&["model."], Some("another.")).is_err());
    }

    #[test]
    fn wide_networks_go_by_the_names_of_preactivated_ones() {
        let names = [
            "block1.layer.0.conv1.weight",
            "block2.layer.0.convShortcut.weight",
            "block3.layer.1.bn2.weight",
            "sub_block1.layer.0.conv1.weight",
            "bn1.weight",
            "fc.weight",
            "fc.bias",
        ];
        let names: Vec<String> = names.iter().map(|name| format!("module.{name}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let chosen = choose(&stored(&names), None).unwrap();
        let found: Vec<&str> = chosen.names.keys().map(String::as_str).collect();
        // The file's `bn1` is the last normalisation, and stays so.
        let expected = [
            "bn.weight",
            "fc.bias",
            "fc.weight",
            "layer1.0.conv1.weight",
            "layer2.0.downsample.0.weight",
            "layer3.1.bn2.weight",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn other_spellings_are_understood() {
        let names = |names: &[&str]| -> Vec<String> {
            choose(&stored(names), None).unwrap().names.into_keys().collect()
        };
        let spelt =
            ["conv_1.weight", "bn_1.bias", "stage_1.0.conv_1.weight", "stage_2.0.bn_2.weight"];
        let plain =
            ["bn1.bias", "conv1.weight", "fc.bias", "fc.weight", LANDMARK, "layer2.0.bn2.weight"];
        let head = ["fc.weight", "fc.bias"];
        assert_eq!(names(&[&spelt[..], &head].concat()), plain);
        // Two tensors of one name are two tensors.
        let both = [LANDMARK, "layer1.0.conv_1.weight", "fc.weight", "fc.bias"];
        assert_eq!(names(&both).len(), 4);
        let stem = [
            "conv.weight",
            "bn.weight",
            "bn.running_var",
            LANDMARK,
            "linear.weight",
            "linear.bias",
        ];
        let plain =
            ["bn1.running_var", "bn1.weight", "conv1.weight", "fc.bias", "fc.weight", LANDMARK];
        assert_eq!(names(&stem), plain);
    }

    #[test]
    fn a_head_beside_the_backbone_belongs_to_it() {
        let names = ["m.backbone.layer1.0.conv1.weight", "m.head.fc.weight", "m.head.fc.bias"];
        let chosen = choose(&stored(&names), None).unwrap();
        assert_eq!(chosen.names["fc.weight"], "m.head.fc.weight");
        let error = choose(&stored(&names[..1]), None).unwrap_err().to_string();
        assert!(error.contains("no last layer"), "{error}");
    }
}
