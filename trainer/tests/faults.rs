//! What goes wrong outside the program, and what a person mistypes: each fault a message, none a panic,
//! and nothing lost.

#![allow(clippy::unwrap_used)]
#![cfg(unix)]

mod program;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output};

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
