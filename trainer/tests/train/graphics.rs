//! What a graphics card computes is what the processor does. In builds with `--features wgpu` or
//! `cuda`; the former needs a Vulkan driver, for which one in software will do.

use std::collections::BTreeMap;
use std::path::PathBuf;

use robust_core::model::weights::Weights;
use serde_json::Value;

use crate::stage::{SMALL, Stage, program, strs, succeed};

const BACKEND: &str = if cfg!(feature = "cuda") { "cuda" } else { "wgpu" };

#[test]
fn it_computes_the_authors_numbers() {
    let check = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../static/check");
    let file = |name: &str| check.join(name).to_str().unwrap().to_owned();
    let (model, reference) = (file("cifar-basic.safetensors"), file("reference.safetensors"));
    let report = succeed(&["verify", &model, &reference, "--json", "--backend", BACKEND]);
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["ok"], true, "{report}");
}

#[test]
fn it_computes_pytorchs_numbers_where_downsampling_blurs() {
    let folder = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").unwrap());
    let fixtures = folder.join("../tests/fixtures/reference");
    let folder = tempfile::tempdir().unwrap();
    for (name, stem) in [("blurred-basic", "imagenet"), ("blurred-bottleneck", "small")] {
        let file =
            |ending: &str| fixtures.join(format!("{name}.{ending}")).to_str().unwrap().to_owned();
        let model = folder.path().join(name).to_str().unwrap().to_owned();
        let said = ["--downsampling", "blurred", "--stem", stem];
        let normaliser = ["--mean", "0.49,0.48,0.45", "--std", "0.25,0.24,0.26"];
        let import = ["import", &file("pt"), "--out", &model];
        succeed(&[&import[..], &said, &normaliser].concat());
        let words = ["verify", &model, &file("safetensors"), "--json", "--backend", BACKEND];
        let report: Value = serde_json::from_str(&succeed(&words)).unwrap();
        assert_eq!(report["ok"], true, "{name}: {report}");
    }
}

/// Without an adversary, whose start each device draws in its own way, and in f32, which a processor
/// may not choose by itself.
#[test]
fn it_learns_what_a_processor_learns() {
    for downsampling in ["strided", "blurred"] {
        learns_alike(downsampling);
    }
}

fn learns_alike(downsampling: &str) {
    let stage = Stage::new(24);
    let first = stage.path("first");
    succeed(&strs(&stage.train(&first, &["--epochs", "1", "--attack-steps", "0"])));
    let first = format!("{first}/model.safetensors");
    let trained = |backend: &str| {
        let out = stage.path(backend);
        let flags = ["--epochs", "2", "--attack-steps", "0", "--init", &first];
        let how = ["--precision", "f32", "--backend", backend, "--downsampling", downsampling];
        let more = [&flags[..], &how].concat();
        succeed(&strs(&stage.train(&out, &more)));
        weights(&format!("{out}/model.safetensors"))
    };
    let (first, here, there) = (weights(&first), trained("cpu"), trained(BACKEND));
    for (name, before) in &first {
        let far = |other: &[f32]| {
            let squares = here[name].iter().zip(other).map(|(a, b)| (a - b) * (a - b));
            squares.sum::<f32>().sqrt()
        };
        let (learnt, apart) = (far(before), far(&there[name]));
        assert!(learnt > 0.0 && apart < 0.01 * learnt, "{name}: {apart} apart, {learnt} learnt");
    }
}

#[test]
fn its_speed_is_measured_and_the_program_ends_well() {
    let more = ["--batches", "8", "--attacks", "1", "--seconds", "0.2", "--json"];
    let words = [&["bench-train", "--backend", BACKEND], &SMALL[..], &more[..]].concat();
    let row: Value = serde_json::from_str(&succeed(&words)).unwrap();
    assert_eq!(row["backend"], BACKEND);
}

#[test]
fn it_learns_against_an_adversary() {
    let stage = Stage::new(48);
    let out = stage.path("out");
    let flags = ["--epochs", "6", "--eps", "0.5", "--backend", BACKEND];
    succeed(&strs(&stage.train(&out, &flags)));
    let (model, held_out) = (format!("{out}/model.safetensors"), stage.path("val"));
    let more = ["--eps", "0.5", "--json", "--backend", BACKEND];
    let report = succeed(&[&["eval", &model, &held_out], &more[..]].concat());
    let report: Value = serde_json::from_str(&report).unwrap();
    assert!(report["clean"].as_f64().unwrap() > 0.9, "{report}");
    assert!(report["robust"][0]["accuracy"].as_f64().unwrap() > 0.5, "{report}");
}

#[cfg(not(feature = "cuda"))]
#[test]
fn a_missing_driver_is_said_and_no_panic() {
    let stage = Stage::new(12);
    let out = stage.path("out");
    let words = stage.train(&out, &["--epochs", "1", "--backend", "wgpu"]);
    let mut command = program(&strs(&words));
    for name in ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"] {
        command.env(name, "/nowhere");
    }
    let output = command.output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && errors.contains("no Vulkan driver"), "{errors}");
    assert!(!errors.contains("panicked"), "{errors}");

    // Where no backend is asked for, what there is is measured.
    let more = ["--batches", "8", "--attacks", "0", "--seconds", "0.1", "--json"];
    let words = [&["bench-train"], &SMALL[..], &more[..]].concat();
    let output = program(&words).env("VK_DRIVER_FILES", "/nowhere").output().unwrap();
    let rows = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && rows.lines().count() == 1, "{rows}");
}

/// All tensors of a model file.
fn weights(model: &str) -> BTreeMap<String, Vec<f32>> {
    let weights = Weights::from_bytes(&std::fs::read(model).unwrap()).unwrap();
    weights.tensors().map(|(name, array)| (name.to_owned(), array.values.clone())).collect()
}
