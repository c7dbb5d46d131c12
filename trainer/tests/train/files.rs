//! What a run reads and writes: a checkpoint that is damaged or another's, metrics that cannot be written
//! any more, nobody who listens.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::stage::{Stage, program, run, strs, succeed};

/// A run of so many epochs that its time ends it.
const LONG: [&str; 6] = ["--epochs", "20000", "--attack-steps", "0", "--time-limit", "0.1"];

/// Waits until a run has written rows of metrics.
fn begun(child: &mut Child, metrics: &Path) {
    let started = Instant::now();
    while fs::read(metrics).map_or(0, |rows| rows.len()) == 0 {
        assert!(child.try_wait().unwrap().is_none(), "it has ended already");
        assert!(started.elapsed() < Duration::from_secs(60), "the run did not begin");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn told(output: Output) -> (bool, String) {
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!text.contains("panicked"), "{text}");
    (output.status.success(), text)
}

#[test]
fn a_checkpoint_that_is_cut_or_changed_or_of_another_run_is_named_and_left_as_it_is() {
    let stage = Stage::new(12);
    let (out, other) = (stage.path("out"), stage.path("other"));
    let flags = ["--epochs", "2", "--time-limit", "0"];
    succeed(&strs(&stage.train(&out, &flags)));
    succeed(&strs(&stage.train(&other, &[&flags[..], &["--widths", "4,8"]].concat())));
    let file = |folder: &str| PathBuf::from(folder).join("checkpoint.bin");
    let (good, path) = (fs::read(file(&out)).unwrap(), file(&out));
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 8;
    let words = stage.train(&out, &["--epochs", "2", "--resume"]);
    let cases = [
        ("empty", Vec::new(), "without --resume"),
        ("cut", good[..good.len() / 2].to_vec(), "without --resume"),
        ("one byte short", good[..good.len() - 1].to_vec(), "without --resume"),
        ("a changed bit", flipped, "without --resume"),
        ("a photo", fs::read(stage.path("train/top/000.png")).unwrap(), "without --resume"),
        ("another network's", fs::read(file(&other)).unwrap(), "the same flags"),
    ];
    for (kind, bytes, advice) in cases {
        fs::write(&path, &bytes).unwrap();
        let (ok, text) = told(run(&strs(&words)));
        assert!(!ok && text.contains("checkpoint.bin") && text.contains(advice), "{kind}: {text}");
        assert!(fs::read(&path).unwrap() == bytes, "{kind}: the file was touched");
        assert!(!path.with_file_name("model.safetensors").exists(), "{kind}");
    }
    fs::remove_file(&path).unwrap();
    let (ok, text) = told(run(&strs(&words)));
    assert!(!ok && text.contains("begin one without --resume"), "{text}");
    fs::write(&path, good).unwrap();
    succeed(&strs(&words));
}

#[test]
fn a_first_checkpoint_that_finds_no_room_says_that_nothing_was_saved() {
    let stage = Stage::new(12);
    let out = stage.path("out");
    let mut command = Command::new("sh");
    let limited = "ulimit -f 1; trap '' XFSZ; exec \"$0\" \"$@\"";
    command.args(["-c", limited, env!("CARGO_BIN_EXE_robust-reps")]);
    command.args(stage.train(&out, &["--epochs", "1"])).env("BURN_DEVICE", "flex");
    let (ok, text) = told(command.output().unwrap());
    assert!(!ok && text.contains("nothing of this run has been saved"), "{text}");
    assert!(text.contains("checkpoint.bin"), "{text}");
    let left: Vec<_> =
        fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let expected = ["metrics.jsonl", "run.lock", "curves.svg"];
    assert!(left.iter().all(|name| expected.iter().any(|known| name == known)), "{left:?}");
}

#[test]
fn metrics_that_cannot_be_written_any_more_are_named_and_end_nothing() {
    let stage = Stage::new(12);
    let out = stage.path("out");
    let mut child =
        program(&strs(&stage.train(&out, &LONG))).stderr(Stdio::piped()).spawn().unwrap();
    let metrics = Path::new(&out).join("metrics.jsonl");
    begun(&mut child, &metrics);
    fs::remove_file(&metrics).unwrap();
    fs::create_dir(&metrics).unwrap();
    let (ok, text) = told(child.wait_with_output().unwrap());
    let named = text.contains("metrics.jsonl") && text.contains("The run goes on");
    assert!(ok && named && text.contains("--resume"), "{text}");
    assert_eq!(text.matches("metrics.jsonl").count(), 1, "it is said again and again: {text}");
    assert!(Path::new(&out).join("checkpoint.bin").exists());
}

#[test]
fn a_run_that_nobody_listens_to_goes_on() {
    let stage = Stage::new(12);
    let out = stage.path("out");
    let mut command = program(&strs(&stage.train(&out, &["--epochs", "2"])));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    assert!(child.wait().unwrap().success());
    assert!(Path::new(&out).join("model.safetensors").exists());
}
