//! `eval`, `atlas`, `figures` and `bench-solvers` where the disk is full, the folder read-only or an image gone: the file is
//! named, and what was there stays as it was. Training has tests of its own.

#![allow(clippy::unwrap_used)]
#![cfg(unix)]

mod program;
#[path = "program/set.rs"]
mod set;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use program::{run, stderr, stdout};
use set::fill;

const PROGRAM: &str = env!("CARGO_BIN_EXE_robust-reps");

/// Whoever owns nothing.
const NOBODY: u32 = 65534;

/// A model, two photos of each of its classes, an atlas of it, and a folder for figures.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fill(place.0.path());
        stdout(&["atlas", &place.model(), "--steps", "1", "--tile", "8"]);
        place
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.at(name).to_str().unwrap().to_owned()
    }

    fn model(&self) -> String {
        self.text("small.safetensors")
    }

    /// Each command, and the file that it cannot write.
    fn commands(&self) -> [(Vec<String>, &'static str); 3] {
        let owned = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect();
        let (model, set, out) = (self.model(), self.text("set"), self.text("out"));
        let few = ["--eps", "1", "--attack-steps", "1", "--invert", "0", "--write"];
        let one = ["--columns", "2", "--steps", "1", "--only", "21"];
        [
            (owned([&["eval", &model, &set][..], &few].concat()), "small.safetensors"),
            (owned(vec!["atlas", &model, "--steps", "2", "--tile", "16"]), "small.atlas-"),
            (owned([&["figures", &model, &model, &set, "--out", &out][..], &one].concat()), "out/"),
        ]
    }

    /// More of the same, whose first files are small enough for a full disk.
    fn more_commands(&self) -> [(Vec<String>, &'static str); 2] {
        let (model, set, out) = (self.model(), self.text("set"), self.text("out"));
        let few = "--count 2 --steps 5,15 --plain-steps 40 --tasks inversion --solvers lbfgs";
        let small = "--size 12 --stem small --widths 8,16 --batch 4 --epochs 1";
        let compare = format!("bench-solvers {model} {set} --out {out} {few}");
        let train = format!("train {set} --val {set} --out {out} {small}");
        let words = |line: String| line.split(' ').map(str::to_owned).collect();
        [(words(compare), "out/"), (words(train), "out/")]
    }

    /// Every file but the lock of figures, and what it holds.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let folders = [self.at("."), self.at("out")];
        let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
        let paths = entries.map(|entry| entry.unwrap().path());
        let files = paths.filter(|path| path.is_file() && !path.ends_with("run.lock"));
        files.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    }
}

fn strs(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

/// What the command complains of; it must fail without a panic.
fn complaint(mut command: Command) -> String {
    // In a build for graphics cards too, whose driver would need files of its own.
    let output = command.env("BURN_DEVICE", "flex").output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{command:?}: {errors}");
    errors
}

#[test]
fn a_full_disk_costs_nothing_that_was_there() {
    let place = Place::new();
    let before = place.files();
    for (words, file) in place.commands() {
        // No file may grow beyond a kilobyte, and the signal that says so is ignored: a write fails
        // as it does where no space is left.
        let mut command = Command::new("sh");
        let limited = "ulimit -f 1; trap '' XFSZ; exec \"$0\" \"$@\"";
        command.args(["-c", limited, PROGRAM]).args(&words);
        let errors = complaint(command);
        assert!(errors.contains("cannot write") && errors.contains(file), "{words:?}: {errors}");
        assert!(place.files() == before, "{words:?} has changed or left something");
    }
    // What could not be written does not count as made.
    for (words, _) in place.commands() {
        stdout(&strs(&words));
    }
    assert!(place.at("out/figure-21.json").exists());
}

#[test]
fn a_comparison_of_solvers_on_a_full_disk_leaves_whole_files() {
    let place = Place::new();
    let [(words, _), _] = place.more_commands();
    stdout(&[&strs(&words)[..], &["--seed", "1"]].concat());
    let before = place.files();
    // Room for none of its files, for some, and for most.
    for blocks in [1, 4, 8] {
        let mut command = Command::new("sh");
        let limited = format!("ulimit -f {blocks}; trap '' XFSZ; exec \"$0\" \"$@\"");
        command.args(["-c", &limited, PROGRAM]).args(&words);
        let errors = complaint(command);
        assert!(errors.contains("cannot write") && errors.contains("out/solvers"), "{errors}");
        for (path, bytes) in place.files() {
            let text = String::from_utf8_lossy(&bytes);
            let whole = match path.extension().and_then(|ending| ending.to_str()) {
                Some("json") => serde_json::from_slice::<serde_json::Value>(&bytes).is_ok(),
                Some("svg") => text.trim_end().ends_with("</svg>"),
                Some("png") => image::load_from_memory(&bytes).is_ok(),
                Some("md") => text.ends_with("|\n"),
                _ => before.get(&path) == Some(&bytes),
            };
            assert!(whole, "{blocks}: {} is not whole", path.display());
        }
    }
    stdout(&strs(&words));
}

/// What a kill between its two files leaves, too.
#[test]
fn an_atlas_whose_index_cannot_be_written_leaves_the_earlier_one_whole() {
    let place = Place::new();
    let before = place.files();
    // Room for the sheet, and not for the index.
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -f 3; trap '' XFSZ; exec \"$0\" \"$@\"", PROGRAM]);
    command.args(["atlas", &place.model(), "--steps", "2", "--tile", "8"]);
    let errors = complaint(command);
    assert!(errors.contains("cannot write") && errors.contains("small.atlas.json"), "{errors}");
    let after = place.files();
    for (path, bytes) in &before {
        assert!(after[path] == *bytes, "{} has changed", path.display());
    }
    assert_eq!(after.len(), before.len() + 1, "the sheet was not even written");

    // The next run takes it up, and nothing of the earlier atlas is left.
    stdout(&["atlas", &place.model(), "--steps", "2", "--tile", "8"]);
    let sheets = place.files().into_keys().filter(|path| path.extension().unwrap() == "jpg");
    assert_eq!(sheets.count(), 1);
}

#[test]
fn a_read_only_folder_is_named() {
    let place = Place::new();
    let before = place.files();
    // Root may write anywhere, and others may not run what lies in root's folders.
    let program = place.at("program");
    fs::copy(PROGRAM, &program).unwrap();
    for folder in ["out", "."] {
        fs::set_permissions(place.at(folder), fs::Permissions::from_mode(0o555)).unwrap();
    }
    let root = fs::metadata("/proc/self").unwrap().uid() == 0;
    for (words, file) in place.commands().into_iter().chain(place.more_commands()) {
        let mut command = Command::new(&program);
        command.args(&words);
        if root {
            command.gid(NOBODY).uid(NOBODY);
        }
        let errors = complaint(command);
        assert!(errors.contains("Permission denied") && errors.contains(file), "{errors}");
    }
    fs::set_permissions(place.at("."), fs::Permissions::from_mode(0o755)).unwrap();
    fs::remove_file(program).unwrap();
    assert!(place.files() == before);
}

#[test]
fn images_that_are_gone_are_named_and_a_class_without_any_ends_it() {
    let place = Place::new();
    let class = place.at("set/class 1");
    symlink("nowhere.jpg", class.join("gone.jpg")).unwrap();
    for (words, _) in [&place.commands()[0], &place.commands()[2]] {
        let output = run(&strs(words));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {errors}");
        assert!(errors.contains("class 1/gone.jpg"), "{words:?}: {errors}");
    }
    for photo in ["cat_chelsea.jpg", "bird_owl.jpg"] {
        fs::remove_file(class.join(photo)).unwrap();
    }
    let errors = stderr(&strs(&place.commands()[0].0));
    assert!(errors.contains("\"class 1\" has no readable image"), "{errors}");
    fs::remove_dir_all(place.at("set")).unwrap();
    for (words, _) in [&place.commands()[0], &place.commands()[2]] {
        assert!(stderr(&strs(words)).contains("does not exist"), "{words:?}");
    }
}
