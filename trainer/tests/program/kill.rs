//! SIGKILL at moments that nobody chose.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How many kills a test takes: `KILLS=200` for as many, else its own number.
pub fn kills(usual: usize) -> usize {
    std::env::var("KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Numbers in [0, 1) that look drawn.
pub struct Dice(pub u64);

impl Dice {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn start(mut command: Command) -> Child {
    command.stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap()
}

/// Runs what `command` makes until it ends by itself, and kills it until then, at most `most` times, each time
/// after a drawn share of `whole`, the time that it takes. `left` looks at what a kill has left. How
/// often it was killed.
pub fn killed(
    command: impl Fn() -> Command,
    whole: Duration,
    dice: &mut Dice,
    most: usize,
    left: impl Fn(),
) -> usize {
    for kills in 0..most {
        let mut child = start(command());
        std::thread::sleep(whole.mul_f64(dice.next()));
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "after {kills} kills it failed by itself: {status}");
            return kills;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        left();
    }
    timed(command());
    most
}

/// Runs it to its end, which must be a good one. How long that took.
pub fn timed(command: Command) -> Duration {
    let started = Instant::now();
    let status = start(command).wait().unwrap();
    assert!(status.success(), "a run that was left alone failed: {status}");
    started.elapsed()
}

/// Nothing that a kill cut short is left in this folder.
pub fn swept(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.ends_with(".partial"), "{name} was left");
    }
}
