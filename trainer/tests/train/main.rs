//! Training as its user meets it, on a data set that the test paints itself.

#![allow(clippy::unwrap_used)]

mod attack;
mod blurs;
mod files;
#[cfg(any(feature = "cuda", feature = "wgpu"))]
mod graphics;
#[path = "../program/interrupt.rs"]
mod interrupt;
#[path = "../program/kill.rs"]
mod kill;
mod kills;
mod stage;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use stage::{SMALL, Stage, program, run, strs, succeed};

fn evaluate(stage: &Stage, model: &str) -> Value {
    let val = stage.path("val");
    let more =
        ["--eps", "0.5", "--attack-steps", "20", "--invert", "4", "--invert-steps", "5", "--json"];
    serde_json::from_str(&succeed(&[&["eval", model, &val], &more[..]].concat())).unwrap()
}

#[test]
fn a_tiny_set_is_learnt_with_and_without_an_adversary() {
    let stage = Stage::new(48);
    let kinds = [("2", "robust"), ("0", "standard")];
    for ((attack, role), precision) in
        kinds.into_iter().flat_map(|kind| ["f32", "bf16"].map(|p| (kind, p)))
    {
        let out = stage.path(&format!("{role}-{precision}"));
        let flags =
            ["--epochs", "6", "--eps", "0.5", "--attack-steps", attack, "--precision", precision];
        let words = stage.train(&out, &flags);
        succeed(&strs(&words));
        let model = format!("{out}/model.safetensors");
        let report = evaluate(&stage, &model);
        assert!(report["clean"].as_f64().unwrap() > 0.9, "{role} in {precision}: {report}");
        assert!(report["robust"][0]["accuracy"].as_f64() <= report["clean"].as_f64());
        assert!(report["inversion"]["matched"].is_number());
        let card: Value = serde_json::from_str(&succeed(&["info", &model, "--json"])).unwrap();
        assert_eq!(card["role"], role);
        let recipe = card["training"]["recipe"].as_str().unwrap();
        assert_eq!(recipe.contains("bf16"), precision == "bf16", "{recipe}");
        assert_eq!(card["classes"][1], "middle");
        assert!(fs::read_to_string(format!("{out}/curves.svg")).unwrap().contains("polyline"));

        let page = format!("{out}/page.safetensors");
        succeed(&["export", &model, "--out", &page, "--precision", "i8", "--name", "page"]);
        assert!(fs::metadata(&page).unwrap().len() < fs::metadata(&model).unwrap().len());
        assert!(succeed(&["info", &page]).contains("page"));
    }
}

#[test]
fn a_killed_run_goes_on_to_the_same_bits() {
    killed_and_resumed("f32");
}

#[test]
fn a_killed_run_in_bf16_goes_on_to_the_same_bits() {
    killed_and_resumed("bf16");
}

fn killed_and_resumed(precision: &str) {
    let stage = Stage::new(24);
    let flags = ["--epochs", "4", "--save-every", "0", "--precision", precision];
    let whole = stage.path("whole");
    succeed(&strs(&stage.train(&whole, &flags)));

    let parts = stage.path("parts");
    let mut child: Child =
        program(&strs(&stage.train(&parts, &flags))).stderr(Stdio::null()).spawn().unwrap();
    let checkpoint = Path::new(&parts).join("checkpoint.bin");
    let started = Instant::now();
    while !checkpoint.exists() {
        assert!(started.elapsed() < Duration::from_secs(60), "no checkpoint was written");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!Path::new(&parts).join("model.safetensors").exists(), "killed too late to tell");

    // Another part ends by its time limit, and the last one goes to the end.
    let limited = [&flags[..], &["--resume", "--time-limit", "0"]].concat();
    succeed(&strs(&stage.train(&parts, &limited)));
    let resumed = [&flags[..], &["--resume"]].concat();
    succeed(&strs(&stage.train(&parts, &resumed)));
    let model = |folder: &str| fs::read(Path::new(folder).join("model.safetensors")).unwrap();
    assert!(model(&whole) == model(&parts), "the resumed run ended with other weights");

    let other = [&flags[..], &["--resume", "--lr", "0.2"]].concat();
    let output = run(&strs(&stage.train(&parts, &other)));
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("other settings"));

    let other = if precision == "f32" { "bf16" } else { "f32" };
    let output = run(&strs(&stage.train(&parts, &["--resume", "--precision", other])));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && errors.contains(&format!("--precision {precision}")),
        "{errors}"
    );
}

#[test]
fn bf16_is_for_one_network_on_the_processor() {
    let stage = Stage::new(12);
    let out = stage.path("out");
    let output = run(&strs(&stage.train(&out, &["--precision", "bf16", "--replicas", "2"])));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && errors.contains("leave out --replicas"), "{errors}");
}

#[test]
fn what_a_list_names_is_left_out() {
    let stage = Stage::new(12);
    let (list, out) = (stage.path("list.txt"), stage.path("out"));
    let words = stage.train(&out, &["--epochs", "1", "--leave-out", &list]);
    fs::write(&list, "top/000.png\nelsewhere/bottom/011.png\ntop/of-another-set.png\n").unwrap();
    let output = run(&strs(&words));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    assert!(told.contains("2 images left out, of the 3"), "{told}");
    assert!(told.contains("34 training images of 3 classes, 30 held out"), "{told}");

    fs::write(&list, "top/of-another-set.png\n").unwrap();
    let output = run(&strs(&words));
    assert!(!output.status.success());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("names none of the images") && told.contains("bottom/000.png"), "{told}");
}

#[test]
fn a_judge_says_what_it_recognises() {
    let stage = Stage::new(48);
    let train = |name: &str, more: &[&str]| {
        let out = stage.path(name);
        succeed(&strs(&stage.train(&out, &[&["--epochs", "6"], more].concat())));
        format!("{out}/model.safetensors")
    };
    let model = train("robust", &["--eps", "0.5", "--eps-from", "0.2", "--late-attack-steps", "2"]);
    let judge = train("judge", &["--attack-steps", "0", "--seed", "1"]);
    let val = stage.path("val");
    let judged = |judge: &str| {
        let more = ["--eps", "0.5", "--attack-steps", "1", "--invert", "6", "--invert-steps", "2"];
        run(&[&["eval", &model, &val, "--judge", judge, "--json"], &more[..]].concat())
    };
    let output = judged(&judge);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let recognised = &report["inversion"]["recognised"];
    // The same draw, classified by the judge.
    let more = ["--limit", "6", "--invert", "0", "--attack-steps", "1", "--eps", "1", "--json"];
    let of_judge = succeed(&[&["eval", &judge, &val], &more[..]].concat());
    let of_judge: Value = serde_json::from_str(&of_judge).unwrap();
    assert_eq!(recognised["photos"], of_judge["clean"], "{recognised}");
    // Noise that took two steps is no photo yet.
    assert!(recognised["inversions"].as_f64() < recognised["photos"].as_f64(), "{recognised}");
    let output = judged(&model);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("standard network"));
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let stage = Stage::new(12);
    let model = |threads: &str, replicas: &str, precision: &str| {
        let out = stage.path(&format!("{threads}-{replicas}-{precision}"));
        let of = ["--replicas", replicas, "--precision", precision];
        let more = [&["--epochs", "2", "--about-hardware", "a machine"], &of[..]].concat();
        let words = stage.train(&out, &more);
        let done = program(&strs(&words)).env("RAYON_NUM_THREADS", threads).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        fs::read(Path::new(&out).join("model.safetensors")).unwrap()
    };
    for (replicas, precision) in [("1", "f32"), ("3", "f32"), ("1", "bf16")] {
        let [one, three] = ["1", "3"].map(|threads| model(threads, replicas, precision));
        assert!(one == three, "{replicas} in {precision}: the weights differ");
    }
}

#[test]
fn a_resumed_run_keeps_what_it_took_from_its_first_weights() {
    let (first, second) = (Stage::new(12), Stage::new(20));
    let start = first.path("start");
    succeed(&strs(&first.train(&start, &["--epochs", "1"])));
    let init = format!("{start}/model.safetensors");
    let flags = ["--epochs", "2", "--init", &init];
    let (whole, parts) = (second.path("whole"), second.path("parts"));
    succeed(&strs(&second.train(&whole, &flags)));
    let limited = [&flags[..], &["--time-limit", "0"]].concat();
    succeed(&strs(&second.train(&parts, &limited)));
    succeed(&strs(&second.train(&parts, &["--epochs", "2", "--resume"])));
    let model = |folder: &str| fs::read(Path::new(folder).join("model.safetensors")).unwrap();
    assert!(model(&whole) == model(&parts), "the resumed run ended with another model");
}

#[test]
fn weights_of_other_classes_begin_a_run_with_a_new_last_layer() {
    let stage = Stage::new(12);
    let start = stage.path("start");
    succeed(&strs(&stage.train(&start, &["--epochs", "1"])));
    for set in ["train", "val"] {
        let class = |name: &str| stage.0.path().join(set).join(name);
        fs::rename(class("middle"), class("centre")).unwrap();
    }
    let (init, out) = (format!("{start}/model.safetensors"), stage.path("out"));
    let output = run(&strs(&stage.train(&out, &["--epochs", "1", "--init", &init])));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{errors}");
    let told = "(bottom, centre, top) are not those of --init (bottom, middle, top)";
    assert!(errors.contains(told), "{errors}");
    let model = format!("{out}/model.safetensors");
    assert!(succeed(&["info", &model]).contains("bottom, centre, top"));
}

#[test]
fn images_that_are_decoded_as_they_are_drawn_train_to_the_same_bits() {
    let stage = Stage::new(12);
    let model = |name: &str, memory: &str| {
        let out = stage.path(name);
        let words = stage.train(&out, &["--epochs", "2", "--memory", memory]);
        let output = run(&strs(&words));
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{errors}");
        (fs::read(Path::new(&out).join("model.safetensors")).unwrap(), errors)
    };
    assert!(model("decoded", "1").0 == model("drawn", "0").0, "the weights differ");

    fs::write(stage.0.path().join("train/top/broken.png"), "no image").unwrap();
    let (_, errors) = model("broken", "0");
    assert_eq!(errors.matches("broken.png").count(), 1, "{errors}");
    assert!(errors.contains("1 images could not be read"), "{errors}");
}

#[test]
fn a_disk_that_is_full_costs_nothing_that_was_saved() {
    let stage = Stage::new(12);
    // Metrics that cannot be written are named, and are no reason to end.
    let blocked = stage.path("blocked");
    fs::create_dir_all(format!("{blocked}/curves.svg")).unwrap();
    let output = run(&strs(&stage.train(&blocked, &["--epochs", "1"])));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && errors.contains("curves.svg"), "{errors}");

    let file = stage.path("train/top/000.png");
    let output = run(&strs(&stage.train(&format!("{file}/out"), &["--epochs", "1"])));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && errors.contains("000.png"), "{errors}");

    let out = stage.path("out");
    let flags = ["--epochs", "3", "--save-every", "0"];
    succeed(&strs(&stage.train(&out, &[&flags[..], &["--time-limit", "0"]].concat())));
    let checkpoint = || fs::read(Path::new(&out).join("checkpoint.bin")).unwrap();
    let before = checkpoint();
    // No file may grow beyond a kilobyte, and the signal that says so is ignored: a write fails
    // as it does where no space is left.
    let words = stage.train(&out, &[&flags[..], &["--resume"]].concat());
    let limited = "ulimit -f 1; trap '' XFSZ; exec \"$0\" \"$@\"";
    let program = env!("CARGO_BIN_EXE_robust-reps");
    let mut command = Command::new("sh");
    // In a build for graphics cards too, whose driver would need files of its own.
    command.args(["-c", limited, program]).args(&words).env("BURN_DEVICE", "flex");
    let output = command.output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && errors.contains("intact"), "{errors}");
    assert!(!errors.contains("panicked"), "{errors}");
    assert!(checkpoint() == before, "the checkpoint was touched");
    succeed(&strs(&words));
}

#[test]
fn speed_is_measured_by_batch_and_attack() {
    let more =
        ["--batches", "8,16", "--attacks", "0,2", "--seconds", "0.2", "--backend", "cpu", "--json"];
    let rows = succeed(&[&["bench-train"], &SMALL[..], &more[..]].concat());
    let rows: Vec<Value> = rows.lines().map(|row| serde_json::from_str(row).unwrap()).collect();
    let kinds: Vec<_> = rows.iter().map(|r| (&r["batch"], &r["attack_steps"])).collect();
    assert_eq!(
        format!("{kinds:?}"),
        "[(Number(8), Number(0)), (Number(8), Number(2)), \
         (Number(16), Number(0)), (Number(16), Number(2))]"
    );
    assert!(rows.iter().all(|row| row["images_per_second"].as_f64().unwrap() > 0.0));
}

#[test]
fn bad_data_is_named_before_training() {
    let stage = Stage::new(4);
    let out = stage.path("out");
    fs::write(stage.0.path().join("train/top/broken.png"), "no image").unwrap();
    let complain = |words: &[String]| {
        let output = run(&strs(words));
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(!text.contains("panicked"), "{text}");
        (output.status.success(), text)
    };
    let quick = ["--epochs", "1", "--batch", "4", "--attack-steps", "0"];
    let (ok, text) = complain(&stage.train(&out, &quick));
    assert!(ok && text.contains("broken.png") && text.contains("1 of 13 images"), "{text}");

    // What has been trained is not replaced unasked.
    let (ok, text) = complain(&stage.train(&out, &quick));
    assert!(!ok && text.contains("model.safetensors") && text.contains("--resume"), "{text}");

    let out = stage.path("other");
    let (ok, text) = complain(&stage.train(&out, &["--batch", "1000"]));
    assert!(!ok && text.contains("more than the 12 training images"), "{text}");

    // A run at work has its folder to itself.
    let lock = fs::File::create(Path::new(&out).join("run.lock")).unwrap();
    lock.lock().unwrap();
    let (ok, text) = complain(&stage.train(&out, &quick));
    assert!(!ok && text.contains("another run is at work"), "{text}");
    drop(lock);

    let (ok, text) =
        complain(&stage.train(&out, &["--lr", "1e30", "--epochs", "9", "--batch", "4"]));
    assert!(!ok && text.contains("not finite"), "{text}");

    // A preset's own settings, written either way.
    for preset in [&["--preset", "restricted9-128"][..], &["--preset=restricted9-128"]] {
        let words = [preset, &["--widths", "4,4,4,4,4"]].concat();
        let (ok, text) = complain(&stage.train(&out, &words));
        assert!(!ok && text.contains("the 4 of resnet18"), "{text}");
    }

    fs::rename(stage.0.path().join("val/top"), stage.0.path().join("val/cats")).unwrap();
    let (ok, text) = complain(&stage.train(&out, &quick));
    assert!(!ok && text.contains("\"cats\" is not one of"), "{text}");

    fs::remove_dir_all(stage.0.path().join("val/cats")).unwrap();
    let (ok, text) = complain(&stage.train(&out, &quick));
    assert!(!ok && text.contains("\"top\" is missing"), "{text}");

    for unknown in [&["--preset", "imagenet22k"][..], &["--preset=imagenet22k"]] {
        let (ok, text) = complain(&stage.train(&out, unknown));
        assert!(!ok && text.contains("restricted-imagenet"), "{text}");
    }

    let missing = stage.path("nowhere");
    let words = ["train", &missing, "--val", &missing, "--out", &out].map(str::to_owned);
    let (ok, text) = complain(&words);
    assert!(!ok && text.contains("does not exist"), "{text}");
}

#[test]
fn a_run_neither_goes_on_without_its_images_nor_with_others() {
    let stage = Stage::new(12);
    let out = stage.path("out");
    let flags = ["--epochs", "2000", "--memory", "0", "--attack-steps", "0"];
    let mut child = program(&strs(&stage.train(&out, &flags)));
    let child = child.stderr(Stdio::piped()).spawn().unwrap();
    let started = Instant::now();
    let metrics = Path::new(&out).join("metrics.jsonl");
    while fs::read(&metrics).map_or(0, |rows| rows.len()) == 0 {
        assert!(started.elapsed() < Duration::from_secs(60), "the run did not begin");
        std::thread::sleep(Duration::from_millis(5));
    }
    let (class, away) = (stage.path("train/top"), stage.path("away"));
    fs::rename(&class, &away).unwrap();
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && errors.contains("--resume"), "{errors}");

    // The run goes on with the same images and not with others.
    fs::rename(&away, &class).unwrap();
    let resumed = [&flags[..], &["--resume", "--time-limit", "0"]].concat();
    succeed(&strs(&stage.train(&out, &resumed)));
    fs::remove_file(format!("{class}/003.png")).unwrap();
    let output = run(&strs(&stage.train(&out, &resumed)));
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && errors.contains("other images"), "{errors}");
}
