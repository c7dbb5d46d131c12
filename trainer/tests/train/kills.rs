//! Training under SIGKILL at moments that nobody chose.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::stage::{Stage, program, strs, succeed};

/// Kills in the usual tests; `KILLS=200` takes as many.
const KILLS: usize = 10;

/// Numbers in [0, 1) that look drawn.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// One run in `out`, killed again and again: at most `most` times, in between it goes on. How often it
/// was killed, and how often it had a checkpoint to go on from.
fn killed(
    stage: &Stage,
    out: &str,
    flags: &[&str],
    whole: Duration,
    dice: &mut Dice,
    most: usize,
) -> (usize, usize) {
    let file = |name: &str| Path::new(out).join(name);
    let (mut kills, mut resumed) = (0, 0);
    loop {
        let resume = file("checkpoint.bin").exists();
        let more: &[&str] = if resume { &["--resume"] } else { &[] };
        resumed += usize::from(resume && kills > 0);
        let words = stage.train(out, &[flags, more].concat());
        if kills == most {
            succeed(&strs(&words));
            return (kills, resumed);
        }
        let mut child =
            program(&strs(&words)).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(whole.mul_f64(dice.next()));
        let ended = child.try_wait().unwrap();
        if let Some(status) = ended {
            assert!(status.success(), "after {kills} kills a run failed by itself: {status}");
            return (kills, resumed);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
    }
}

#[test]
fn a_run_that_is_killed_at_any_moment_ends_with_the_same_bits() {
    let kills = std::env::var("KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(KILLS);
    let stage = Stage::new(24);
    let flags = ["--epochs", "12", "--save-every", "0"];
    let whole = stage.path("whole");
    let started = Instant::now();
    succeed(&strs(&stage.train(&whole, &flags)));
    let took = started.elapsed();
    let model = |folder: &str| fs::read(Path::new(folder).join("model.safetensors")).unwrap();
    let (mut dice, mut runs, mut done, mut resumed) = (Dice(2026), 0, 0, 0);
    while done < kills {
        let out = stage.path(&format!("run-{runs}"));
        let (killed, again) = killed(&stage, &out, &flags, took, &mut dice, kills - done);
        assert!(model(&out) == model(&whole), "run {runs}, killed {killed} times, ended otherwise");
        (runs, done, resumed) = (runs + 1, done + killed, resumed + again);
    }
    eprintln!("{done} kills, {resumed} times gone on from a checkpoint, {runs} runs, all the same");
    assert!(resumed > 0, "no run was ever killed after its first checkpoint");
}
