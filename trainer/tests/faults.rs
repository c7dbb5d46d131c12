//! What goes wrong outside the program, and what a person mistypes: each fault a message, none a panic,
//! and nothing lost.

#![allow(clippy::unwrap_used)]
#![cfg(unix)]

mod program;

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use program::{stderr, stdout};

const PROGRAM: &str = env!("CARGO_BIN_EXE_robust-reps");

fn path(name: &str) -> String {
    let root = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("..");
    root.join(name).to_str().unwrap().to_owned()
}

fn model() -> String {
    path("static/check/cifar-basic.safetensors")
}

fn photo() -> String {
    path("static/gallery/cat_chelsea.jpg")
}

/// Runs the program in a shell, whose `$0` it is; the command must fail without a panic.
fn fails(script: &str, words: &[&str]) -> String {
    let output: Output =
        Command::new("sh").args(["-c", script, PROGRAM]).args(words).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{script} should fail");
    assert!(output.status.code() != Some(101) && !errors.contains("panicked"), "{errors}");
    errors
}

#[test]
fn numbers_out_of_range_are_named() {
    let (model, photo) = (model(), photo());
    let (model, photo) = (&*model, &*photo);
    let train = ["train", "nowhere", "--val", "nowhere", "--out", "nowhere"];
    let cases: [(&[&str], &str, &[&str]); 14] = [
        (&["eval", model, "nowhere"], "--eps", &["0", "-1", "NaN", "inf", "1e-40"]),
        (&["eval", model, "nowhere"], "--attack-steps", &["0", "4294967296"]),
        (&["eval", model, "nowhere"], "--limit", &["0", "-3", "x"]),
        (&["invert", model, photo, "--out", "nowhere"], "--eps", &["NaN"]),
        (&["why-not", model, photo, "--class", "class 3"], "--eps", &["1e-40", "NaN", "-1"]),
        (&["collide", model, photo, photo], "--steps", &["0", "4294967296"]),
        (&["visualise", model, "--features", "1", "--out", "nowhere"], "--eps", &["NaN", "inf"]),
        (&["visualise", model, "--features", "1", "--out", "nowhere"], "--steps", &["0", "1e9"]),
        (&["bench", model], "--seconds", &["-1", "NaN", "inf"]),
        (&["bench-train"], "--seconds", &["-1", "NaN", "inf"]),
        (&train, "--time-limit", &["inf", "-1", "NaN"]),
        (&train, "--save-every", &["inf", "-1", "NaN"]),
        (&train, "--balance", &["NaN", "2"]),
        (&train, "--shift", &["-1", "NaN"]),
    ];
    for (words, flag, values) in cases {
        for value in values {
            let flag_value = format!("{flag}={value}");
            let errors = stderr(&[words, &[&*flag_value]].concat());
            assert!(errors.contains(flag.trim_start_matches('-')), "{flag_value}: {errors}");
            assert!(!errors.contains("nowhere"), "{flag_value} was taken: {errors}");
        }
    }
    let errors = stderr(&[&train[..], &["--widths", "0"]].concat());
    assert!(errors.contains("--widths"), "{errors}");
}

#[test]
fn names_may_be_any_bytes() {
    let name = OsStr::from_bytes(b"\xff.safetensors");
    let output = Command::new(PROGRAM).arg("info").arg(name).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("cannot read"), "{errors}");
}

#[test]
fn a_full_output_is_an_error_and_a_deaf_reader_is_none() {
    let errors = fails("exec \"$0\" \"$@\" >/dev/full", &["info", &model()]);
    assert!(errors.contains("cannot write to standard output"), "{errors}");
    // What cannot be said is no other failure.
    fails("exec \"$0\" \"$@\" 2>/dev/full", &["info", "nowhere"]);
}

#[test]
fn a_machine_without_threads_is_told() {
    let errors = fails("RUST_MIN_STACK=1000000000000000 exec \"$0\" \"$@\"", &["info", &model()]);
    assert!(errors.contains("threads"), "{errors}");
}

#[test]
fn writing_keeps_links_modes_and_devices() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (file, link, pipe) = (at("file.safetensors"), at("link.safetensors"), at("pipe"));
    fs::write(&file, "old").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    symlink(&file, &link).unwrap();
    let model = model();
    let average = |out: &Path| stdout(&["average", &model, &model, "--out", out.to_str().unwrap()]);
    average(&link);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::metadata(&file).unwrap().len() > 1000);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "a partial file was left");

    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read(pipe).unwrap().len()
    });
    average(&pipe);
    assert!(reader.join().unwrap() > 1000);
    assert!(!fs::metadata(&pipe).unwrap().is_file());
}

/// A copy of the model with the first numbers of its first convolution as large as f32 allows.
fn broken_model(folder: &Path) -> String {
    let mut bytes = fs::read(model()).unwrap();
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let tensors: Value = serde_json::from_slice(&bytes[8..header]).unwrap();
    let first = &tensors["conv1.weight"];
    let at = header + first["data_offsets"][0].as_u64().unwrap() as usize;
    assert_eq!(first["dtype"], "F32");
    for value in bytes[at..at + 27 * 4].chunks_exact_mut(4) {
        value.copy_from_slice(&3e38f32.to_le_bytes());
    }
    let path = folder.join("broken.safetensors");
    fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_network_that_computes_nothing_finite_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (broken, out) = (broken_model(folder.path()), folder.path().join("out"));
    let words = ["invert", &broken, &photo(), "--out", out.to_str().unwrap(), "--steps", "2"];
    let errors = stderr(&words);
    assert!(errors.contains("broken.safetensors") && errors.contains("not finite"), "{errors}");
}

#[test]
fn a_catalog_is_believed_only_where_the_file_is_the_one_it_lists() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (models, out) = (at("."), at("out"));
    fs::copy(model(), at("model.safetensors")).unwrap();
    stdout(&["catalog", &models]);
    let link = stdout(&["link", &model(), &photo(), &photo(), "--frames", "3", "--steps", "1"]);
    let open = ["open", link.trim(), "--out", &out, "--models", &models];
    stdout(&open);

    let index = fs::read_to_string(at("index.json")).unwrap();
    fs::write(at("index.json"), index.replace("model.safetensors", "../model.safetensors"))
        .unwrap();
    assert!(stderr(&open).contains("not a file beside it"));
    fs::write(at("index.json"), index).unwrap();
    stdout(&["export", &model(), "--out", &at("model.safetensors"), "--precision", "f16"]);
    assert!(stderr(&open).contains("is not the file that"));
}

#[test]
fn a_file_made_of_next_to_nothing_takes_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let zip = folder.path().join("bomb.zip");
    let mut archive = zip::ZipWriter::new(fs::File::create(&zip).unwrap());
    archive.start_file("cat/0.png", zip::write::SimpleFileOptions::default()).unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..100 {
        archive.write_all(&zeros).unwrap();
    }
    archive.finish().unwrap();
    let errors = stderr(&["eval", &model(), zip.to_str().unwrap()]);
    assert!(errors.contains("cat/0.png is larger than any photo"), "{errors}");
}
