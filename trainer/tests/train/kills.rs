//! Training under SIGKILL at moments that nobody chose.

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::kill::{Dice, killed, kills, swept, timed};
use crate::stage::{Stage, program, strs, succeed};

/// Kills in the usual tests.
const KILLS: usize = 10;

#[test]
fn a_run_that_is_killed_at_any_moment_ends_with_the_same_bits() {
    let kills = kills(KILLS);
    let stage = Stage::new(24);
    let flags = ["--epochs", "12", "--save-every", "0"];
    let command =
        |out: &str, more: &[&str]| program(&strs(&stage.train(out, &[&flags, more].concat())));
    let whole = stage.path("whole");
    let took = timed(command(&whole, &[]));
    let model = |folder: &str| fs::read(Path::new(folder).join("model.safetensors")).unwrap();
    let (mut dice, mut runs, mut done) = (Dice(2026), 0, 0);
    let resumed = Cell::new(0);
    while done < kills {
        let out = stage.path(&format!("run-{runs}"));
        let again = || {
            let resume = Path::new(&out).join("checkpoint.bin").exists();
            resumed.set(resumed.get() + usize::from(resume));
            command(&out, if resume { &["--resume"] } else { &[] })
        };
        let killed = killed(again, took, &mut dice, kills - done, || ());
        assert!(model(&out) == model(&whole), "run {runs}, killed {killed} times, ended otherwise");
        swept(Path::new(&out));
        (runs, done) = (runs + 1, done + killed);
    }
    let resumed = resumed.get();
    eprintln!("{done} kills, {resumed} times gone on from a checkpoint, {runs} runs, all the same");
    assert!(resumed > 0, "no run was ever killed after its first checkpoint");
}

#[test]
fn a_stopped_run_leaves_the_model_of_its_last_epoch() {
    let stage = Stage::new(24);
    let out = stage.path("out");
    let latest = Path::new(&out).join("latest.safetensors");
    let mut child: Child = program(&strs(&stage.train(&out, &["--epochs", "4000"])))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while !latest.exists() {
        assert!(started.elapsed() < Duration::from_secs(60), "no model was written");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let told = succeed(&["info", latest.to_str().unwrap()]);
    assert!(told.contains("so far") && told.contains("of 4000 epochs"), "{told}");

    let whole = stage.path("whole");
    succeed(&strs(&stage.train(&whole, &["--epochs", "2"])));
    let holds = |file: &str| Path::new(&whole).join(file).exists();
    assert!(holds("model.safetensors") && !holds("latest.safetensors"));
}
