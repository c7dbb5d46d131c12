//! Two runs that write beside one model at once: each writes its files together, and neither describes a
//! model that it has not measured.

#![allow(clippy::unwrap_used)]
#![cfg(unix)]

#[path = "program/set.rs"]
mod set;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use set::fill;

fn start(folder: &tempfile::TempDir, words: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_robust-reps"));
    command.args(words.split(' ')).current_dir(folder.path());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

const EVAL: &str = "eval small.safetensors set --eps 1 --attack-steps 1 --invert 0 --write";

#[test]
fn what_has_become_another_model_gets_no_card_of_the_one_measured() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let model = folder.path().join("small.safetensors");
    let turn = File::open(folder.path()).unwrap();
    turn.lock().unwrap();
    let mut eval = start(&folder, EVAL);
    // It has measured, and waits for its turn to write.
    let mut line = String::new();
    BufReader::new(eval.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("20 images"), "{line}");
    let check = std::path::Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap())
        .join("../static/models");
    let other = fs::read_dir(check).unwrap().map(|entry| entry.unwrap().path());
    let other = other.filter(|path| path.extension().is_some_and(|e| e == "safetensors")).min();
    fs::copy(other.unwrap(), &model).unwrap();
    let before = fs::read(&model).unwrap();
    drop(turn);
    let mut errors = String::new();
    eval.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert!(!eval.wait().unwrap().success());
    assert!(errors.contains("small.safetensors has become another model"), "{errors}");
    assert!(fs::read(&model).unwrap() == before && !model.with_extension("md").exists());
}

#[test]
fn two_comparisons_of_solvers_share_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let lock = File::create(folder.path().join("out/run.lock")).unwrap();
    lock.lock().unwrap();
    let words = "bench-solvers small.safetensors set --out out --count 2 --steps 1 --plain-steps 1";
    let output = start(&folder, words).wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && errors.contains("another run is at work"), "{errors}");
    assert_eq!(fs::read_dir(folder.path().join("out")).unwrap().count(), 1);
    drop(lock);
    assert!(start(&folder, words).wait().unwrap().success());
}

#[test]
fn an_atlas_and_an_evaluation_wait_for_their_turn() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    for (words, file) in
        [("atlas small.safetensors --steps 1", "small.atlas.json"), (EVAL, "small.md")]
    {
        let file = folder.path().join(file);
        assert!(start(&folder, words).wait().unwrap().success());
        let began = std::time::Instant::now();
        assert!(start(&folder, words).wait().unwrap().success());
        let usual = began.elapsed();
        fs::remove_file(&file).unwrap();
        let turn = File::open(folder.path()).unwrap();
        turn.lock().unwrap();
        let mut run = start(&folder, words);
        std::thread::sleep(3 * usual + Duration::from_secs(1));
        assert!(run.try_wait().unwrap().is_none() && !file.exists(), "{words} did not wait");
        drop(turn);
        assert!(run.wait().unwrap().success() && file.exists(), "{words}");
    }
}
