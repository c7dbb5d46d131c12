//! A data set that a test paints itself, and the program that trains on it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use image::{Rgb, RgbImage};

/// A network and a run of seconds.
pub const SMALL: [&str; 14] = [
    "--size",
    "12",
    "--stem",
    "small",
    "--widths",
    "8,16",
    "--batch",
    "16",
    "--lr",
    "0.05",
    "--average",
    "0.8",
    "--shift",
    "0.1",
];

/// Three classes that differ by where an image is bright, under noise.
fn paint(root: &Path, count: usize) {
    let mut state = 1u32;
    let mut noise = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as i32 / 4
    };
    for (label, class) in ["top", "middle", "bottom"].iter().enumerate() {
        let folder = root.join(class);
        fs::create_dir_all(&folder).unwrap();
        for i in 0..count {
            let image = RgbImage::from_fn(12, 12, |_, y| {
                let bright = if y as usize / 4 == label { 150 } else { 40 };
                Rgb([0, 1, 2].map(|_| (bright + noise()).clamp(0, 255) as u8))
            });
            image.save(folder.join(format!("{i:03}.png"))).unwrap();
        }
    }
}

/// The program, about to be run as its user does.
pub fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_robust-reps"));
    command.args(arguments);
    command
}

/// Runs it to its end.
pub fn run(arguments: &[&str]) -> Output {
    program(arguments).output().unwrap()
}

/// What it prints; it must succeed.
pub fn succeed(arguments: &[&str]) -> String {
    let output = run(arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// A folder with images to train on and held-out ones.
pub struct Stage(pub tempfile::TempDir);

impl Stage {
    /// So many images of each class to train on.
    pub fn new(train: usize) -> Self {
        let stage = Self(tempfile::tempdir().unwrap());
        paint(&stage.0.path().join("train"), train);
        paint(&stage.0.path().join("val"), 10);
        stage
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// The words of a run into `out`, with `more` flags.
    pub fn train<'a>(&self, out: &'a str, more: &[&'a str]) -> Vec<String> {
        let data = [&*self.path("train"), "--val", &self.path("val")].map(str::to_owned);
        let words = [&["train", "--out", out], &SMALL[..], more].concat();
        let mut words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        words.splice(1..1, data);
        words
    }
}

/// Words as the functions here take them.
pub fn strs(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}
