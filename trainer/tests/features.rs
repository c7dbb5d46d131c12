//! What representations allow, on files: each command as its user meets it.

#![allow(clippy::unwrap_used)]

#[path = "program/interrupt.rs"]
mod interrupt;
mod program;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use interrupt::interrupted;
use program::{stderr, stdout};

fn root() -> PathBuf {
    Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("..")
}

/// A file of this repository, as a command takes it.
fn path(name: &str) -> String {
    root().join(name).to_str().unwrap().to_owned()
}

fn small() -> String {
    path("static/check/cifar-basic.safetensors")
}

fn photo(name: &str) -> String {
    path(&format!("static/gallery/{name}.jpg"))
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Photos in class folders, as figures and bench-solvers take them.
fn set(folder: &Path, photos: &[(&str, &str)]) -> String {
    for (class, name) in photos {
        let class = folder.join("set").join(class);
        fs::create_dir_all(&class).unwrap();
        fs::copy(photo(name), class.join(format!("{name}.jpg"))).unwrap();
    }
    folder.join("set").to_str().unwrap().to_owned()
}

const PHOTOS: [(&str, &str); 4] =
    [("bird", "bird_owl"), ("bird", "bird_duck"), ("cat", "cat_kitten"), ("cat", "cat_chelsea")];

/// The contrast that the paper begins with: a change that nobody sees makes two photos one to a
/// standard network, and not to a robust one.
#[test]
fn a_collision_succeeds_on_the_standard_and_fails_on_the_robust_model() {
    let share = |model: &str| {
        let model = path(&format!("static/models/{model}.safetensors"));
        let (dog, fish) = (photo("dog_german_shepherd"), photo("fish_clownfish"));
        let rows = lines(&stdout(&[
            "collide", &model, &dog, &fish, "--eps", "1", "--steps", "20", "--json",
        ]));
        let number = |key: &str| rows[0][key].as_f64().unwrap();
        number("after") / number("before")
    };
    let (standard, robust) = (share("standard"), share("robust"));
    assert!(standard < 0.7, "the standard network keeps {standard} of the distance");
    assert!(robust > 0.85, "the robust network keeps {robust} of the distance");
}

#[test]
fn what_would_have_to_change_grows_with_epsilon() {
    let folder = tempfile::tempdir().unwrap();
    let (model, dog) = (path("static/models/standard.safetensors"), photo("dog_german_shepherd"));
    let out = folder.path().to_str().unwrap();
    let rows = lines(&stdout(&[
        "why-not", &model, &dog, "--class", "cat", "--eps", "0,0.5,2", "--out", out, "--json",
    ]));
    let confidence: Vec<f64> = rows.iter().map(|r| r["confidence"].as_f64().unwrap()).collect();
    assert!(confidence.is_sorted() && confidence[0] < 0.5 && confidence[2] > 0.9, "{confidence:?}");
    assert!(folder.path().join("cat-0.5.png").exists());
    let error = stderr(&["why-not", &model, &dog, "--class", "unicorn"]);
    assert!(error.contains("none of the model's classes: bird"), "{error}");
}

#[test]
fn photos_are_ranked_by_a_feature() {
    let (owl, cup) = (photo("bird_owl"), photo("ood_cup"));
    let rows = lines(&stdout(&["rank", &small(), &owl, &cup, "--features", "3,4", "--json"]));
    assert_eq!(rows.len(), 2);
    for row in rows {
        let value = |i: usize| row["photos"][i][1].as_f64().unwrap();
        assert!(value(0) >= value(1));
    }
    let error = stderr(&["rank", &small(), &owl, "--features", "32"]);
    assert!(error.contains("features 0 to 31"), "{error}");
}

#[test]
fn an_atlas_holds_every_feature() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("small.safetensors");
    fs::copy(small(), &model).unwrap();
    stdout(&["atlas", model.to_str().unwrap(), "--steps", "2", "--tile", "16"]);
    let atlas = fs::read(folder.path().join("small.atlas.json")).unwrap();
    let atlas: Value = serde_json::from_slice(&atlas).unwrap();
    assert_eq!(atlas["activations"].as_array().unwrap().len(), 32);
    assert_eq!(atlas["weights"][0].as_array().unwrap().len(), 32);
    let sheet = image::open(folder.path().join(atlas["sheet"].as_str().unwrap())).unwrap();
    assert_eq!((sheet.width(), sheet.height()), (32 * 16, 16));
    stdout(&["catalog", folder.path().to_str().unwrap()]);
    let index = fs::read_to_string(folder.path().join("index.json")).unwrap();
    assert!(index.contains("small.atlas.json"), "{index}");
}

#[test]
fn a_class_is_dreamed_up_and_a_region_holds() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let (model, owl) = (path("static/models/robust.safetensors"), photo("bird_owl"));
    let text = stdout(&["visualise", &model, "--classes", "frog", "--steps", "12", "--out", out]);
    let loss: f32 =
        text.split("cross-entropy ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(loss < 0.3, "{text}");

    // Features one after another, in the left half alone.
    let half = ["--region", "0,0,0.5,1", "--steps", "4", "--add", "2", "--out", out];
    let text = stdout(
        &[&["visualise", &small(), "--features", "3,7", "--photo", &owl], &half[..]].concat(),
    );
    let stage = text.lines().last().unwrap();
    assert!(stage.contains("added-7-02.png: feature 7 at ") && stage.ends_with("after 4 steps"));
    let open = |name: &str| image::open(folder.path().join(name)).unwrap().to_rgb8();
    let (first, last) = (open("added-3-00.png"), open("added-7-02.png"));
    let differs = |x: u32| (0..32).any(|y| first.get_pixel(x, y) != last.get_pixel(x, y));
    assert!((0..16).any(differs), "nothing was added");
    assert!(!(16..32).any(differs), "the change left its region");
    let wrong = ["visualise", &small(), "--features", "3", "--region", "0.5,0,0.2,1", "--out", out];
    assert!(stderr(&wrong).contains("left before right"));
}

#[test]
fn stages_that_were_saved_stay_where_a_run_is_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let (out, owl) = (folder.path().to_str().unwrap(), photo("bird_owl"));
    let (model, steps) = (small(), ["--add", "2", "--steps", "20000", "--out", out]);
    let arguments = [&["visualise", &model, "--features", "3", "--photo", &owl], &steps[..]];
    let mut command = Command::new(env!("CARGO_BIN_EXE_robust-reps"));
    command.args(arguments.concat());
    let output = interrupted(command, &folder.path().join("added-3-00.png"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code().is_some_and(|code| code != 0), "{errors}");
    assert!(errors.contains("interrupted after") && errors.contains("of 10000 steps"), "{errors}");
    assert!(!folder.path().join("added-3-01.png").exists());
}

#[test]
fn figures_are_made_once_and_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let data = set(folder.path(), &PHOTOS);
    let out = folder.path().join("out");
    let model = small();
    let few = ["--columns", "2", "--steps", "3", "--only", "2,13,15,21,contact"];
    let arguments =
        [&["figures", &model, &model, &data, "--out", out.to_str().unwrap()], &few[..]].concat();
    stdout(&arguments);
    for figure in ["02", "13", "15", "21"] {
        let picture = image::open(out.join(format!("figure-{figure}.png"))).unwrap();
        assert!(picture.width() > 200 && picture.height() > 100);
    }
    let contact = image::open(out.join("contact-robust.png")).unwrap();
    assert!(contact.height() > 400 && out.join("contact-standard.json").exists());
    let record = fs::read_to_string(out.join("figure-13.json")).unwrap();
    let record: Value = serde_json::from_str(&record).unwrap();
    assert!(record["numbers"]["from_noise"]["mean"]["relative_distance"].as_f64().unwrap() > 0.0);
    // What is there stays; what is missing is made.
    let written = |name: &str| fs::metadata(out.join(name)).unwrap().modified().unwrap();
    let before = written("figure-02.png");
    fs::remove_file(out.join("figure-21.json")).unwrap();
    stdout(&arguments);
    assert_eq!(written("figure-02.png"), before);
    assert!(out.join("figure-21.json").exists());
    // A picture that is not the record's, as a kill between the two leaves it, is made again.
    let whole = fs::read(out.join("figure-21.png")).unwrap();
    fs::copy(out.join("figure-13.png"), out.join("figure-21.png")).unwrap();
    stdout(&arguments);
    assert!(fs::read(out.join("figure-21.png")).unwrap() == whole);
    // A run at work has its folder to itself.
    let lock = fs::File::create(out.join("run.lock")).unwrap();
    lock.lock().unwrap();
    assert!(stderr(&arguments).contains("another run is at work"));
    let error = stderr(&["figures", &model, &model, "/nowhere", "--out", "/tmp/never"]);
    assert!(error.contains("does not exist"), "{error}");
}

#[test]
fn solvers_are_compared() {
    let folder = tempfile::tempdir().unwrap();
    let data = set(folder.path(), &PHOTOS);
    let out = folder.path().join("out");
    let few = ["--count", "2", "--steps", "5,15", "--plain-steps", "40", "--step-size", "0.5"];
    let text = stdout(
        &[&["bench-solvers", &small(), &data, "--out", out.to_str().unwrap()], &few[..]].concat(),
    );
    for solver in ["plain", "decay", "coarse", "momentum", "adam", "barzilai-borwein", "lbfgs"] {
        assert_eq!(text.matches(&format!("| {solver} |")).count(), 3, "{text}");
    }
    let rows: Value = serde_json::from_slice(&fs::read(out.join("solvers.json")).unwrap()).unwrap();
    let reached = |solver: &str, at: usize| {
        let row = rows.as_array().unwrap().iter().find(|row| row["solver"] == solver).unwrap();
        row["outcomes"][at]["mean"].as_f64().unwrap()
    };
    assert!(reached("lbfgs", 1) < reached("lbfgs", 0), "more steps, no nearer");
    assert!(reached("lbfgs", 1) < reached("plain", 1), "l-BFGS is no better than plain PGD");
    for name in
        ["solvers.md", "solvers-inversion-cifar-basic.svg", "solvers-feature-cifar-basic.png"]
    {
        assert!(out.join(name).exists(), "{name}");
    }
}

#[test]
fn one_classifier_paints() {
    let folder = tempfile::tempdir().unwrap();
    let out = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let model = out("model.safetensors");
    fs::copy(small(), &model).unwrap();
    let photos = ["bird_owl", "cat_kitten"].map(|name| PathBuf::from(photo(name)));
    let [owl, kitten] = [&photos[0], &photos[1]].map(|path| path.to_str().unwrap());
    let info: Value = serde_json::from_str(&stdout(&["info", &model, "--json"])).unwrap();
    let classes: Vec<&str> =
        info["classes"].as_array().unwrap().iter().map(|class| class.as_str().unwrap()).collect();

    // A class that is asked for becomes likelier, and is saved with how it came about.
    let few = ["--steps", "15", "--eps", "4", "--step-size", "0.5", "--json"];
    let made = |words: &[&str], name: &str| -> Vec<Value> {
        let out = out(name);
        let text = stdout(&[words, &["--out", &out], &few].concat());
        let rows: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for row in &rows {
            assert!(Path::new(row["image"].as_str().unwrap()).exists());
            assert!(row["after"].as_f64() > row["before"].as_f64(), "{name}: {row}");
            assert_eq!(row["steps"], 15);
        }
        rows
    };
    let class = ["--class", classes[1]];
    let drawn =
        made(&[&["sketch", &model, owl, kitten, "--animate"], &class[..]].concat(), "drawn");
    assert_eq!((drawn.len(), drawn[0]["class"].as_str()), (2, Some(classes[1])));
    assert!(Path::new(&out("drawn")).join("cat_kitten.gif").exists());
    made(&[&["translate", &model, owl], &class[..]].concat(), "translated");
    made(&["super-resolve", &model, owl, "--shrink", "4"], "sharpened");
    made(&["inpaint", &model, owl, kitten, "--hole", "0,0,0.5,1"], "filled");

    // Generated images start from draws of what a set of images looks like.
    let missing = stderr(&["generate", &model, "--out", &out("generated")]);
    assert!(missing.contains("robust-reps gaussians"), "{missing}");
    let images = folder.path().join("images");
    for (i, class) in classes.iter().enumerate() {
        fs::create_dir_all(images.join(class)).unwrap();
        fs::copy(&photos[i % 2], images.join(class).join("photo.jpg")).unwrap();
    }
    let coarse = ["--side", "4", "--rank", "4"];
    stdout(&[&["gaussians", &model, images.to_str().unwrap()], &coarse[..]].concat());
    let two = format!("{},{}", classes[0], classes[1]);
    let generated = made(&["generate", &model, "--classes", &two, "--count", "2"], "generated");
    assert_eq!(generated.len(), 4);

    let error = stderr(&["sketch", &model, owl, "--class", "unicorn", "--out", &out("never")]);
    assert!(error.contains("unicorn") && error.contains(classes[0]), "{error}");
    let error = stderr(&["inpaint", &model, owl, "--hole", "0.5,0,0.2,1", "--out", &out("never")]);
    assert!(error.contains("left before right"), "{error}");
    assert!(!Path::new(&out("never")).exists());
}
