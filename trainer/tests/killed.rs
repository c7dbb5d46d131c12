//! `atlas`, `eval --write`, `figures` and `bench-solvers` under SIGKILL at moments that nobody chose: what an earlier
//! run had made stays whole or is replaced as a whole, and the same command again ends as if nothing
//! had happened. Training has a test of its own.

#![allow(clippy::unwrap_used)]

#[path = "program/kill.rs"]
mod kill;
#[path = "program/set.rs"]
mod set;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use kill::{Dice, killed, kills, swept, timed};
use serde_json::Value;
use set::fill;

/// Kills of each command in the usual tests.
const KILLS: usize = 4;

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// A model and photos in a folder.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fill(place.0.path());
        place
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// `words` as arguments; the program is at work in this folder.
    fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_robust-reps"));
        command.args(words.split(' ')).current_dir(self.0.path());
        command
    }

    /// Every file that is taken for a result, and what it holds.
    fn files(&self) -> Files {
        let mut files = Files::new();
        for folder in ["", "out"] {
            for entry in fs::read_dir(self.at(folder)).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                let path = self.at(folder).join(&name);
                if path.is_file() && !name.starts_with('.') && name != "run.lock" {
                    files.insert(Path::new(folder).join(name), fs::read(path).unwrap());
                }
            }
        }
        files
    }

    /// What `words` make of a place where `before` was made, and what kills leave of that on the way.
    fn trial(words: &str, before: &str, left: fn(&Files, [&Files; 2])) {
        let place = Self::new();
        timed(place.command(before));
        let earlier = place.files();
        let whole = timed(place.command(words));
        let after = place.files();
        assert!(earlier != after, "{words}: nothing to lose");
        let (kills, mut dice, mut done, mut runs) = (kills(KILLS), Dice(2026), 0, 0);
        while done < kills {
            let place = Self::new();
            timed(place.command(before));
            let look = || left(&place.files(), [&earlier, &after]);
            done += killed(|| place.command(words), whole, &mut dice, kills - done, look);
            runs += 1;
            let end = place.files();
            for (name, bytes) in &after {
                let same = end.get(name) == Some(bytes);
                assert!(same, "{words}: killed, {} ended otherwise", name.display());
            }
            swept(&place.at("out"));
        }
        eprintln!("{words}: {done} kills in {runs} runs, all ended the same");
    }
}

/// The file as it was before or is at the end.
fn whole(name: &Path, files: &Files, then: [&Files; 2]) {
    let bytes = files.get(name);
    assert!(then.iter().any(|then| bytes == then.get(name)), "{} is neither", name.display());
}

fn all_whole(files: &Files, then: [&Files; 2]) {
    files.keys().for_each(|name| whole(name, files, then));
}

#[test]
fn an_atlas() {
    let left = |files: &Files, then: [&Files; 2]| {
        let index = Path::new("small.atlas.json");
        whole(index, files, then);
        let atlas: Value = serde_json::from_slice(&files[index]).unwrap();
        let sheet = Path::new(atlas["sheet"].as_str().unwrap());
        let made = then.iter().find(|then| then[index] == files[index]).unwrap();
        assert!(files[sheet] == made[sheet], "the sheet of another index");
    };
    let words = "atlas small.safetensors --steps 20 --tile 16";
    Place::trial(words, "atlas small.safetensors --steps 1 --tile 8", left);
}

#[test]
fn an_evaluation() {
    let words =
        "eval small.safetensors set --eps 1 --attack-steps 9 --invert 4 --invert-steps 9 --write";
    let before = "eval small.safetensors set --eps 1 --attack-steps 1 --invert 0 --write";
    let left = |files: &Files, then: [&Files; 2]| {
        let [model, text] = ["small.safetensors", "small.md"].map(Path::new);
        whole(model, files, then);
        let made = then.iter().find(|then| then[model] == files[model]).unwrap();
        let describes = files.get(text).is_none_or(|bytes| *bytes == made[text]);
        assert!(describes, "the text of another card");
    };
    Place::trial(words, before, left);
}

#[test]
fn figures() {
    let made =
        "figures small.safetensors small.safetensors set --out out --columns 2 --only 2,21 --steps";
    Place::trial(&format!("{made} 2"), &format!("{made} 1"), all_whole);
}

#[test]
fn a_comparison_of_solvers() {
    let left = |files: &Files, [before, after]: [&Files; 2]| {
        let name = Path::new("out/solvers.json");
        let rows = |files: &Files| serde_json::from_slice::<Vec<Value>>(&files[name]).unwrap();
        let (rows, all) = (rows(files), rows(after));
        let so_far = all.starts_with(&rows);
        assert!(so_far || files[name] == before[name], "rows that nobody computed: {rows:?}");
        for (name, bytes) in files {
            if name.extension().is_some_and(|ending| ending == "png") {
                image::load_from_memory(bytes).unwrap();
            }
        }
    };
    let made = "bench-solvers small.safetensors set --out out --count 2 --steps 5,15 --plain-steps 40 --seed";
    Place::trial(&format!("{made} 1"), &format!("{made} 2"), left);
}
