//! Training under SIGKILL at moments that nobody chose.

use std::cell::Cell;
use std::fs;
use std::path::Path;

use crate::kill::{Dice, killed, kills, swept, timed};
use crate::stage::{Stage, program, strs};

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
