//! The command line as its user meets it.

#![allow(clippy::unwrap_used)]

mod program;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use robust_core::model::weights::Weights;
use safetensors::SafeTensors;
use serde_json::Value;

use program::{run, stderr, stdout};

fn fixtures() -> PathBuf {
    Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../tests/fixtures/reference")
}

fn gallery(name: &str) -> PathBuf {
    Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../static/gallery").join(name)
}

/// Imports a fixture into a folder.
fn import(name: &str, folder: &Path, more: &[&str]) -> String {
    let checkpoint = fixtures().join(format!("{name}.pt"));
    let out = folder.join(format!("{name}.safetensors"));
    let mut arguments =
        vec!["import", checkpoint.to_str().unwrap(), "--out", out.to_str().unwrap()];
    if name.starts_with("cifar") {
        arguments.extend(["--stem", "cifar"]);
    }
    arguments.extend(more);
    stdout(&arguments);
    out.to_str().unwrap().to_owned()
}

#[test]
fn every_reference_network_computes_the_authors_numbers() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["cifar-basic", "cifar-bottleneck", "imagenet-basic", "imagenet-bottleneck"] {
        let model = import(name, folder.path(), &["--input-size", "64"]);
        let reference = fixtures().join(format!("{name}.safetensors"));
        let report = run(&["verify", &model, reference.to_str().unwrap(), "--json"]);
        assert!(report.status.success(), "{name}: {}", String::from_utf8_lossy(&report.stdout));
        let report: Value = serde_json::from_slice(&report.stdout).unwrap();
        assert_eq!(report["ok"], true);
        assert_eq!(report["keys"].as_array().unwrap().len(), 18, "{name}");
    }
}

/// The page has each graphics device compute these before it is believed.
#[test]
fn the_proof_that_a_device_computes_right_is_one_photo_of_the_reference() {
    let check = gallery("../check");
    let read = |name: &str| std::fs::read(check.join(name)).unwrap();
    let (proof, reference) = (read("proof.safetensors"), read("reference.safetensors"));
    let proof = SafeTensors::deserialize(&proof).unwrap();
    let reference = SafeTensors::deserialize(&reference).unwrap();
    for (name, tensor) in proof.tensors() {
        assert_eq!(tensor.shape()[0], 1, "{name}");
        let whole = reference.tensor(&name).unwrap();
        assert!(tensor.data() == &whole.data()[..tensor.data().len()], "{name}");
    }
    let file = |name: &str| check.join(name).to_str().unwrap().to_owned();
    let words = ["verify", &file("cifar-basic.safetensors"), &file("proof.safetensors"), "--json"];
    let report: Value = serde_json::from_str(&stdout(&words)).unwrap();
    assert_eq!(report["keys"].as_array().unwrap().len(), 4);
}

#[test]
fn networks_that_normalise_first_compute_pytorchs_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let normaliser = ["--mean", "0.49,0.48,0.45", "--std", "0.25,0.24,0.26"];
    for (name, order, blocks) in
        [("preact", "before", 2), ("wide", "before", 3), ("bare", "bare", 2)]
    {
        let model = import(name, folder.path(), &normaliser);
        let card: Value = serde_json::from_str(&stdout(&["info", &model, "--json"])).unwrap();
        assert_eq!(card["architecture"]["order"][order]["stem"], 4, "{name}");
        assert_eq!(card["architecture"]["blocks"].as_array().unwrap().len(), blocks);
        let reference = fixtures().join(format!("{name}.safetensors"));
        let report = stdout(&["verify", &model, reference.to_str().unwrap(), "--json"]);
        let report: Value = serde_json::from_str(&report).unwrap();
        assert_eq!(report["ok"], true, "{name}: {report}");
        let keys: Vec<&str> =
            report["keys"].as_array().unwrap().iter().filter_map(|k| k["key"].as_str()).collect();
        assert!(keys.contains(&"logits") && keys.contains(&"ce_grad"), "{keys:?}");

        let dict = folder.path().join("dict.pt");
        let words = ["export", &model, "--torch", "--out", dict.to_str().unwrap()];
        let errors = stderr(&words);
        assert!(errors.contains("before its convolutions"), "{errors}");
    }
}

#[test]
fn shortcuts_without_parameters_compute_pytorchs_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let said = ["--stem", "cifar", "--mean", "0.49,0.48,0.45", "--std", "0.25,0.24,0.26"];
    for name in ["padded", "respelt"] {
        let model = import(name, folder.path(), &said);
        let reference = fixtures().join("padded.safetensors");
        let report = stdout(&["verify", &model, reference.to_str().unwrap(), "--json"]);
        let report: Value = serde_json::from_str(&report).unwrap();
        assert_eq!(report["ok"], true, "{name}: {report}");
    }
    // What could not be told from the file is said.
    let (checkpoint, out) = (fixtures().join("padded.pt"), folder.path().join("said.safetensors"));
    let file = [checkpoint.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let told = run(&[&["import"][..], &file, &said].concat());
    let told = String::from_utf8_lossy(&told.stderr);
    assert!(told.contains("shortcuts have no parameters"), "{told}");
}

#[test]
fn objectives_that_paint_compute_pytorchs_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let normaliser = ["--mean", "0.49,0.48,0.45", "--std", "0.25,0.24,0.26"];
    let model = import("preact", folder.path(), &normaliser);
    let reference = fixtures().join("making.safetensors");
    let report = stdout(&["verify", &model, reference.to_str().unwrap(), "--json"]);
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["ok"], true, "{report}");
    // Loss, gradient and two runs: towards a class, a hole that grows, a feature that is painted.
    assert_eq!(report["keys"].as_array().unwrap().len(), 12);
}

#[test]
fn verify_fails_where_a_number_is_off() {
    let folder = tempfile::tempdir().unwrap();
    // The same tensors read with the other stem are another function.
    let small = folder.path().join("small.safetensors");
    let checkpoint = fixtures().join("cifar-basic.pt");
    let (checkpoint, small) = (checkpoint.to_str().unwrap(), small.to_str().unwrap());
    stdout(&["import", checkpoint, "--stem", "small", "--out", small]);
    let reference = fixtures().join("cifar-basic.safetensors");
    let reference = reference.to_str().unwrap();
    let wrong = run(&["verify", small, reference, "--json"]);
    assert_eq!(wrong.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&wrong.stdout).unwrap();
    assert_eq!(report["ok"], false);
    assert_eq!(report["keys"][0]["ok"], false);
}

#[test]
fn half_precision_halves_the_file_and_keeps_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let model = import("imagenet-basic", folder.path(), &["--classes", "a,b,c,d,e,f,g,h,i"]);
    let whole = std::fs::metadata(&model).unwrap().len();
    let before = stdout(&["info", &model, "--json"]);
    let model = import(
        "imagenet-basic",
        folder.path(),
        &["--precision", "f16", "--classes", "a,b,c,d,e,f,g,h,i"],
    );
    assert!(std::fs::metadata(&model).unwrap().len() < whole * 6 / 10);
    assert_eq!(stdout(&["info", &model, "--json"]), before);
    let card: Value = serde_json::from_str(&before).unwrap();
    assert_eq!(card["classes"][8], "i");
    assert_eq!(card["architecture"]["stem"], "imagenet");
    assert!(stdout(&["info", &model]).contains("representation"));
}

#[test]
fn like_networks_have_a_mean() {
    let folder = tempfile::tempdir().unwrap();
    let model = import("cifar-basic", folder.path(), &[]);
    let out = folder.path().join("mean.safetensors");
    let out = out.to_str().unwrap();
    stdout(&["average", &model, &model, "--out", out, "--name", "both"]);
    let card: Value = serde_json::from_str(&stdout(&["info", out, "--json"])).unwrap();
    assert_eq!(card["name"], "both");
    assert!(card["provenance"]["source"].as_str().unwrap().starts_with("robust-reps average"));
    // The mean of a network and itself computes what that network does.
    let reference = fixtures().join("cifar-basic.safetensors");
    stdout(&["verify", out, reference.to_str().unwrap()]);

    let other = import("imagenet-basic", folder.path(), &[]);
    let error = stderr(&["average", &model, &other, "--out", out]);
    assert!(error.contains("another architecture"), "{error}");
}

#[test]
fn a_state_dict_for_pytorch_holds_the_same_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let read = |path: &str| Weights::from_bytes(&std::fs::read(path).unwrap()).unwrap();
    for name in ["cifar-basic", "imagenet-bottleneck"] {
        let model = import(name, folder.path(), &[]);
        let (dict, again) = (path("dict.pt"), path("again.safetensors"));
        let printed = stdout(&["export", &model, "--torch", "--out", &dict]);
        assert!(printed.contains("weights_only=True"), "{printed}");
        // What the last line says is what `import` needs.
        let (_, flags) = printed.rsplit_once("again: ").unwrap();
        let flags: Vec<&str> = flags.split_whitespace().collect();
        stdout(&[&["import", &dict, "--out", &again], &flags[..]].concat());
        let (before, after) = (read(&model), read(&again));
        assert!(before.tensors().eq(after.tensors()), "{name}");
        let normaliser = |weights: &Weights| (weights.card().mean, weights.card().std);
        assert_eq!(normaliser(&before), normaliser(&after), "{name}");
        assert_eq!(before.card().architecture, after.card().architecture);
        let errors = stderr(&["export", &model, "--torch", "--out", &dict, "--precision", "f16"]);
        assert!(errors.contains("--precision"), "{errors}");
    }
}

#[test]
fn photos_are_inverted_as_a_batch() {
    let folder = tempfile::tempdir().unwrap();
    let model = import("cifar-basic", folder.path(), &[]);
    let out = folder.path().join("out");
    let (owl, cup) = (gallery("bird_owl.jpg"), gallery("ood_cup.jpg"));
    let photos = [owl.to_str().unwrap(), cup.to_str().unwrap()];
    let arguments = ["--out", out.to_str().unwrap(), "--steps", "40", "--json"];
    let lines = stdout(&[&["invert", &model], &photos[..], &arguments[..]].concat());
    let rows: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 3);
    for row in &rows[..2] {
        assert!(row["relative_distance"].as_f64().unwrap() < 0.5, "{row}");
        assert_eq!(row["steps"], 40);
        for measure in ["psnr", "ssim", "coarse_correlation", "seconds"] {
            assert!(row[measure].is_number(), "{measure} is missing: {row}");
        }
        assert!(Path::new(row["image"].as_str().unwrap()).exists());
    }
    assert_eq!(rows[2]["photos"], 2);
    assert!(
        out.join("bird_owl.original.png").exists() && out.join("ood_cup.inverted.png").exists()
    );
    // The same seed gives the same images; another start other ones.
    let first = std::fs::read(out.join("bird_owl.inverted.png")).unwrap();
    let start = ["--start", photos[1]];
    stdout(&[&["invert", &model], &photos[..], &arguments[..]].concat());
    assert_eq!(std::fs::read(out.join("bird_owl.inverted.png")).unwrap(), first);
    stdout(&[&["invert", &model], &photos[..], &arguments[..], &start[..]].concat());
    assert_ne!(std::fs::read(out.join("bird_owl.inverted.png")).unwrap(), first);
}

#[test]
fn mistakes_are_told_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let model = import("cifar-basic", folder.path(), &[]);
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (out, letter, cut) = (path("out"), path("letter.txt"), path("cut.safetensors"));
    std::fs::write(&letter, "not a model, not a photo, not a checkpoint").unwrap();
    let bytes = std::fs::read(&model).unwrap();
    std::fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    let checkpoint = fixtures().join("cifar-basic.pt").to_str().unwrap().to_owned();
    let reference = fixtures().join("imagenet-basic.safetensors").to_str().unwrap().to_owned();

    let cases: [(&[&str], &str); 10] = [
        (&["info", "nowhere.safetensors"], "cannot read nowhere.safetensors"),
        (&["info", &letter], "not a complete safetensors file"),
        (&["info", &cut], "not a complete safetensors file"),
        (&["info", &reference], "robust-reps import"),
        (&["import", &letter, "--out", &out], "not a PyTorch checkpoint"),
        (&["import", &checkpoint, "--out", &out], "--stem cifar"),
        (
            &["import", &checkpoint, "--out", &out, "--stem", "cifar", "--classes", "a,b"],
            "10 logits",
        ),
        (&["verify", &model, &reference], "do not belong together"),
        (&["invert", &model, &letter, "--out", &out], "not an image"),
        (&["invert", &model, &letter, "--out", &out, "--steps", "0"], "steps must be from 1"),
    ];
    for (arguments, message) in cases {
        let errors = stderr(arguments);
        assert!(errors.contains(message), "{arguments:?} says: {errors}");
    }
    assert!(!Path::new(&out).exists(), "a failed command left something behind");
}

#[test]
fn bench_and_catalog_speak_json() {
    let folder = tempfile::tempdir().unwrap();
    let model = import("cifar-basic", folder.path(), &[]);
    let rows = stdout(&[
        "bench",
        &model,
        "--seconds",
        "0.2",
        "--batch",
        "1,2",
        "--backend",
        "cpu",
        "--json",
    ]);
    assert_eq!(rows.lines().count(), 2);
    for row in rows.lines() {
        let row: Value = serde_json::from_str(row).unwrap();
        assert!(row["steps_per_second"].as_f64().unwrap() > 0.0);
        assert_eq!(row["backend"], "cpu");
    }
    stdout(&["catalog", folder.path().to_str().unwrap()]);
    let index = std::fs::read(folder.path().join("index.json")).unwrap();
    let index: Value = serde_json::from_slice(&index).unwrap();
    assert_eq!(index[0]["file"], "cifar-basic.safetensors");
    assert_eq!(index[0]["role"], "robust");
    assert_eq!(index[0]["bytes"], std::fs::metadata(&model).unwrap().len());
    assert_eq!(index[0]["sha256"].as_str().unwrap().len(), 64);
}

#[test]
fn a_path_is_saved_linked_and_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let model = import("cifar-basic", folder.path(), &[]);
    stdout(&["catalog", folder.path().to_str().unwrap()]);
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (owl, cup) = (gallery("bird_owl.jpg"), gallery("ood_cup.jpg"));
    let photos = [owl.to_str().unwrap(), cup.to_str().unwrap()];
    let settings = ["--frames", "4", "--steps", "6"];
    let (strip, out) = (path("strip.png"), path("frames"));
    for file in ["morph.gif", "morph.apng", "strip.png"] {
        let file = path(file);
        let words = [&["interpolate", &model], &photos[..], &settings, &["--out", &file, "--json"]];
        let row: Value = serde_json::from_str(&stdout(&words.concat())).unwrap();
        assert_eq!((&row["frames"], &row["steps"]), (&Value::from(4), &Value::from(6)));
        assert!(row["relative_distance"].as_f64().unwrap() > 0.0);
        assert!(std::fs::metadata(&file).unwrap().len() > 1000);
    }
    let link = stdout(&[&["link", &model], &photos[..], &settings].concat());
    let models = folder.path().to_str().unwrap();
    stdout(&["open", link.trim(), "--out", &out, "--models", models]);
    // The link, the filmstrip, and the filmstrip that opening the link makes: all the same.
    let opened = Path::new(&out).join("filmstrip.png");
    assert_eq!(std::fs::read(&opened).unwrap(), std::fs::read(&strip).unwrap());
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 5);
    stdout(&["open", &strip, "--out", &path("again"), "--models", models]);

    let cut = &link.trim()[..link.len() - 9];
    let errors = stderr(&["open", cut, "--out", &out, "--models", models]);
    assert!(errors.contains("damaged or incomplete"), "{errors}");
    let errors = stderr(&["open", photos[0], "--out", &out]);
    assert!(errors.contains("carries no link"), "{errors}");
    let errors = stderr(&["interpolate", &model, photos[0], photos[1], "--out", "x.bmp"]);
    assert!(errors.contains(".gif"), "{errors}");
}

#[test]
fn predictions_and_features_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let model = import("cifar-basic", folder.path(), &[]);
    let cat = gallery("cat_chelsea.jpg");
    let (cat, out) = (cat.to_str().unwrap(), folder.path().join("out"));
    let out_path = out.to_str().unwrap();
    let row = stdout(&["explain", &model, cat, "--out", out_path, "--count", "3", "--json"]);
    let row: Value = serde_json::from_str(&row).unwrap();
    assert_eq!(row["features"].as_array().unwrap().len(), 3);
    let sum: f64 = row["confidences"].as_array().unwrap().iter().filter_map(Value::as_f64).sum();
    assert!((sum - 1.0).abs() < 1e-4);
    let feature = row["features"][0]["feature"].to_string();
    assert!(out.join(format!("feature-{feature}.png")).exists());
    assert!(out.join("saliency.png").exists());
    let words = ["visualise", &model, "--features", &feature, "--out", out_path, "--steps", "8"];
    assert!(stdout(&words).contains("activation"));
    stdout(&[&words[..], &["--photo", cat, "--add", "2"]].concat());
    assert!(out.join(format!("added-{feature}-02.png")).exists());
    assert!(stderr(&["explain", &model, cat, "--class", "unicorn"]).contains("unicorn"));
    let errors = stderr(&["visualise", &model, "--features", "999", "--out", out_path]);
    assert!(errors.contains("0 to 31"), "{errors}");
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_had_enough_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let model = import("cifar-basic", folder.path(), &[]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_robust-reps"));
    command.args(["info", &model]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let errors = child.wait_with_output().unwrap().stderr;
    assert_eq!(String::from_utf8_lossy(&errors), "");
}
