//! What `import` asks for and takes, and what PyTorch makes of what `export --torch` writes.

#![allow(clippy::unwrap_used)]

mod program;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use robust_core::model::architecture::{ResNetConfig, Stem};
use safetensors::tensor::{Dtype, TensorView};
use serde_json::Value;

use program::{run, stderr, stdout};

fn root() -> PathBuf {
    Path::new(&env::var("CARGO_MANIFEST_DIR").unwrap()).join("..")
}

/// A small network and a normaliser for pixels of one byte, as another program saves them.
fn in_bytes(path: &Path) {
    let mut config = ResNetConfig::preset("resnet10", Stem::Imagenet, 3).unwrap();
    config.widths = vec![2, 3, 4, 5];
    let mut tensors: BTreeMap<String, (Vec<usize>, f32)> =
        config.tensors().into_iter().map(|(name, shape)| (name, (shape, 0.5))).collect();
    tensors.insert("normalize.mean".into(), (vec![3], 125.0));
    tensors.insert("normalize.std".into(), (vec![3], 64.0));
    let bytes = |(name, (shape, value)): (String, (Vec<usize>, f32))| {
        let bytes = value.to_le_bytes().repeat(shape.iter().product());
        (name, shape, bytes)
    };
    let tensors: Vec<_> = tensors.into_iter().map(bytes).collect();
    let views = tensors.iter().map(|(name, shape, bytes)| {
        (name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
    });
    fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

#[test]
fn a_normaliser_that_cannot_be_used_is_replaced_by_what_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let [file, out] =
        ["bytes.safetensors", "model.safetensors"].map(|name| folder.path().join(name));
    in_bytes(&file);
    let words = ["import", file.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let errors = stderr(&words);
    for word in ["normalize.mean", "none of images in [0, 1]", "--mean and --std"] {
        assert!(errors.contains(word), "{word}: {errors}");
    }
    stdout(&[&words[..], &["--mean", "0.5,0.25,0.5", "--std", "0.25,0.5,0.25"]].concat());
    let card: Value = serde_json::from_str(&stdout(&["info", words[3], "--json"])).unwrap();
    assert_eq!(card["mean"], serde_json::json!([0.5, 0.25, 0.5]));
    assert_eq!(card["std"], serde_json::json!([0.25, 0.5, 0.25]));
}

/// A Python that has what `tests/torch/export.py` needs.
fn python() -> Option<String> {
    let named = env::var("ROBUST_REPS_PYTHON").into_iter();
    named.chain(["python3".to_owned()]).find(|python| {
        let needed = ["-c", "import torch, torchvision, safetensors"];
        let tried = Command::new(python).args(needed).output();
        tried.is_ok_and(|output| output.status.success())
    })
}

#[test]
fn pytorch_computes_the_same_with_what_is_exported() {
    let script = root().join("tests/torch/export.py");
    let Some(python) = python() else {
        eprintln!("not compared with PyTorch: no Python with torch, torchvision and safetensors");
        return;
    };
    let mut command = Command::new(python);
    command.env("PYTHONDONTWRITEBYTECODE", "1").arg(script).arg(env!("CARGO_BIN_EXE_robust-reps"));
    let models = ["static/models/robust.safetensors", "static/check/cifar-basic.safetensors"];
    let output = command.args(models.map(|model| root().join(model))).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("wide_resnet50_2: the same"), "{told}");
}

/// Imports a fixture into a folder.
fn import(name: &str, folder: &Path, more: &[&str]) -> String {
    let checkpoint = root().join(format!("tests/fixtures/reference/{name}.pt"));
    let out = folder.join(format!("{name}.safetensors")).to_str().unwrap().to_owned();
    let words = ["import", checkpoint.to_str().unwrap(), "--out", &out];
    stdout(&[&words[..], more].concat());
    out
}

#[test]
fn networks_whose_downsampling_blurs_compute_pytorchs_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let normaliser = ["--mean", "0.49,0.48,0.45", "--std", "0.25,0.24,0.26"];
    for (name, stem) in [("blurred-basic", &[][..]), ("blurred-bottleneck", &["--stem", "small"])] {
        let said = [&normaliser, stem, &["--downsampling", "blurred"]].concat();
        let model = import(name, folder.path(), &said);
        assert!(stdout(&["info", &model]).contains("blurred downsampling"));
        let card: Value = serde_json::from_str(&stdout(&["info", &model, "--json"])).unwrap();
        assert_eq!(card["architecture"]["downsampling"], "blurred", "{name}");
        let reference = root().join(format!("tests/fixtures/reference/{name}.safetensors"));
        let reference = reference.to_str().unwrap();
        let report = stdout(&["verify", &model, reference, "--json"]);
        let report: Value = serde_json::from_str(&report).unwrap();
        for key in report["keys"].as_array().unwrap() {
            assert!(key["max_rel"].as_f64().unwrap() < 1e-5, "{name}: {key}");
        }
        let dict = folder.path().join("dict.pt");
        let errors = stderr(&["export", &model, "--torch", "--out", dict.to_str().unwrap()]);
        assert!(errors.contains("blurs before"), "{errors}");

        // Nothing in the file tells, and without the blurs it is another function.
        let strided = import(name, folder.path(), &[&normaliser, stem].concat());
        assert_eq!(run(&["verify", &strided, reference]).status.code(), Some(1));
    }
    let checkpoint = root().join("tests/fixtures/reference/preact.pt");
    let out = folder.path().join("preact.safetensors");
    let file = ["import", checkpoint.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let errors = stderr(&[&file[..], &normaliser, &["--downsampling", "blurred"]].concat());
    assert!(errors.contains("normalise after their convolutions"), "{errors}");
}
