//! What goes wrong outside the program, and what a person mistypes: each fault a message, none a panic,
//! and nothing lost.

#![allow(clippy::unwrap_used)]
#![cfg(unix)]

mod program;

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output};

use robust_core::model::weights::{Array, Precision, Weights};
use safetensors::tensor::{Dtype, TensorView};
use serde_json::Value;

use program::{run, stderr, stdout};

const PROGRAM: &str = env!("CARGO_BIN_EXE_robust-reps");

fn path(name: &str) -> String {
    let root = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("..");
    root.join(name).to_str().unwrap().to_owned()
}

fn model() -> String {
    path("static/check/cifar-basic.safetensors")
}

fn photo() -> String {
    path("static/gallery/cat_chelsea.jpg")
}

/// Runs the program in a shell, whose `$0` it is; the command must fail without a panic.
fn fails(script: &str, words: &[&str]) -> String {
    let output: Output =
        Command::new("sh").args(["-c", script, PROGRAM]).args(words).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{script} should fail");
    assert!(output.status.code() != Some(101) && !errors.contains("panicked"), "{errors}");
    errors
}

#[test]
fn numbers_out_of_range_are_named() {
    let (model, photo) = (model(), photo());
    let (model, photo) = (&*model, &*photo);
    let train = ["train", "nowhere", "--val", "nowhere", "--out", "nowhere"];
    let checkpoint = path("tests/fixtures/reference/cifar-basic.pt");
    let import = ["import", &checkpoint, "--out", "nowhere", "--stem", "cifar"];
    let [mean, std] =
        [["--mean", "0,0,0"], ["--std", "1,1,1"]].map(|one| [&import[..], &one].concat());
    let regions = ["NaN,0,1,1", "0,0,1", "0.5,0,0.5,1", "0,0,1,1.1", "a,0,1,1"];
    let cases: [(&[&str], &str, &[&str]); 26] = [
        (&["explain", model, photo], "--count", &["0", "4294967296", "x"]),
        (&["rank", model, photo, "--features", "1"], "--count", &["0", "4294967296", "-1"]),
        (&["visualise", model, "--features", "1", "--out", "nowhere"], "--region", &regions),
        (&["inpaint", model, photo, "--out", "nowhere"], "--hole", &regions),
        (&std, "--mean", &["NaN,0,0", "0,0", "x,0,0"]),
        (&mean, "--std", &["inf,1,1", "1", "1,1,x", "0,1,1", "-1,1,1"]),
        (&import, "--input-size", &["0", "7", "4294967296", "x"]),
        (&train, "--colour", &["NaN", "-1", "2"]),
        (&train, "--lr", &["NaN", "0", "-1", "inf", "x"]),
        (&train, "--momentum", &["NaN", "1", "-0.1", "x"]),
        (&train, "--milestones", &["-1", "x", "1,,2"]),
        (&train, "--weight-decay", &["NaN", "-1", "inf"]),
        (&["eval", model, "nowhere"], "--eps", &["0", "-1", "NaN", "inf", "1e-40"]),
        (&["eval", model, "nowhere"], "--attack-steps", &["0", "4294967296"]),
        (&["eval", model, "nowhere"], "--limit", &["0", "-3", "x"]),
        (&["invert", model, photo, "--out", "nowhere"], "--eps", &["NaN"]),
        (&["why-not", model, photo, "--class", "class 3"], "--eps", &["1e-40", "NaN", "-1"]),
        (&["collide", model, photo, photo], "--steps", &["0", "4294967296"]),
        (&["visualise", model, "--features", "1", "--out", "nowhere"], "--eps", &["NaN", "inf"]),
        (&["visualise", model, "--features", "1", "--out", "nowhere"], "--steps", &["0", "1e9"]),
        (&["bench", model], "--seconds", &["-1", "NaN", "inf"]),
        (&["bench-train"], "--seconds", &["-1", "NaN", "inf"]),
        (&train, "--time-limit", &["inf", "-1", "NaN"]),
        (&train, "--save-every", &["inf", "-1", "NaN"]),
        (&train, "--balance", &["NaN", "2"]),
        (&train, "--shift", &["-1", "NaN"]),
    ];
    for (words, flag, values) in cases {
        for value in values {
            let flag_value = format!("{flag}={value}");
            let errors = stderr(&[words, &[&*flag_value]].concat());
            assert!(errors.contains(flag.trim_start_matches('-')), "{flag_value}: {errors}");
            assert!(!errors.contains("nowhere"), "{flag_value} was taken: {errors}");
        }
    }
    let errors = stderr(&[&train[..], &["--widths", "0"]].concat());
    assert!(errors.contains("--widths"), "{errors}");
}

#[test]
fn names_may_be_any_bytes() {
    let name = OsStr::from_bytes(b"\xff.safetensors");
    let output = Command::new(PROGRAM).arg("info").arg(name).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("cannot read"), "{errors}");
}

#[test]
fn a_full_output_is_an_error_and_a_deaf_reader_is_none() {
    let errors = fails("exec \"$0\" \"$@\" >/dev/full", &["info", &model()]);
    assert!(errors.contains("cannot write to standard output"), "{errors}");
    // What cannot be said is no other failure.
    fails("exec \"$0\" \"$@\" 2>/dev/full", &["info", "nowhere"]);
}

#[test]
fn a_machine_without_threads_is_told() {
    let errors = fails("RUST_MIN_STACK=1000000000000000 exec \"$0\" \"$@\"", &["info", &model()]);
    assert!(errors.contains("threads"), "{errors}");
}

#[test]
fn writing_keeps_links_modes_and_devices() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (file, link, pipe) = (at("file.safetensors"), at("link.safetensors"), at("pipe"));
    fs::write(&file, "old").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    symlink(&file, &link).unwrap();
    let model = model();
    let average = |out: &Path| stdout(&["average", &model, &model, "--out", out.to_str().unwrap()]);
    average(&link);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::metadata(&file).unwrap().len() > 1000);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "a partial file was left");

    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read(pipe).unwrap().len()
    });
    average(&pipe);
    assert!(reader.join().unwrap() > 1000);
    assert!(!fs::metadata(&pipe).unwrap().is_file());
}

/// A copy of the model with the first numbers of its first convolution as large as f32 allows.
fn broken_model(folder: &Path) -> String {
    let mut bytes = fs::read(model()).unwrap();
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let tensors: Value = serde_json::from_slice(&bytes[8..header]).unwrap();
    let first = &tensors["conv1.weight"];
    let at = header + first["data_offsets"][0].as_u64().unwrap() as usize;
    assert_eq!(first["dtype"], "F32");
    for value in bytes[at..at + 27 * 4].chunks_exact_mut(4) {
        value.copy_from_slice(&3e38f32.to_le_bytes());
    }
    let path = folder.join("broken.safetensors");
    fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_network_that_computes_nothing_finite_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (broken, out) = (broken_model(folder.path()), folder.path().join("out"));
    let words = ["invert", &broken, &photo(), "--out", out.to_str().unwrap(), "--steps", "2"];
    let errors = stderr(&words);
    assert!(errors.contains("broken.safetensors") && errors.contains("not finite"), "{errors}");
}

/// A copy of the model whose representations are so large that no distance between two is finite.
fn large_model(folder: &Path) -> String {
    let weights = Weights::from_bytes(&fs::read(model()).unwrap()).unwrap();
    let last = weights.tensors().map(|(name, _)| name).filter(|name| name.ends_with("bn2.weight"));
    let last = last.max().unwrap().strip_suffix("weight").unwrap().to_owned();
    let scaled = |(name, array): (&str, &Array)| {
        let mut array = array.clone();
        if name == format!("{last}weight") || name == format!("{last}bias") {
            array.values.iter_mut().for_each(|value| *value *= 1e20);
        }
        (name.to_owned(), array)
    };
    let tensors = weights.tensors().map(scaled).collect();
    let weights = Weights::new(weights.card().clone(), tensors).unwrap();
    let path = folder.join("large.safetensors");
    fs::write(&path, weights.to_bytes(Precision::F32).unwrap()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn nothing_that_is_not_finite_counts_as_a_result() {
    let folder = tempfile::tempdir().unwrap();
    let (model, photo) = (large_model(folder.path()), photo());
    let other = path("static/gallery/bird_owl.jpg");
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (out, gif) = (at("out"), at("path.gif"));
    let commands: [&[&str]; 3] = [
        &["invert", &model, &photo, "--out", &out, "--steps", "2"],
        &["interpolate", &model, &photo, &other, "--out", &gif, "--frames", "3", "--steps", "2"],
        &["collide", &model, &photo, &other, "--steps", "2"],
    ];
    for words in commands {
        let errors = stderr(words);
        assert!(errors.contains("not finite"), "{words:?}: {errors}");
    }
    assert!(!Path::new(&gif).exists() && fs::read_dir(out).unwrap().count() == 0);
}

#[test]
fn a_file_without_a_checksum_is_imported_with_a_word_of_what_looks_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let weights = Weights::from_bytes(&fs::read(model()).unwrap()).unwrap();
    let import = |change: f32| {
        let bytes = |(name, array): (&str, &Array)| {
            let mut values = array.values.clone();
            if name == "conv1.weight" {
                values[5] += change;
            }
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            (name.to_owned(), (array.shape.clone(), bytes))
        };
        let tensors: Vec<_> = weights.tensors().map(bytes).collect();
        let views = tensors.iter().map(|(name, (shape, bytes))| {
            (name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap())
        });
        let file = folder.path().join("other.safetensors");
        fs::write(&file, safetensors::serialize(views, None).unwrap()).unwrap();
        let out = folder.path().join("out.safetensors");
        let words = ["import", file.to_str().unwrap(), "--out", out.to_str().unwrap()];
        let output = run(&[&words[..], &["--stem", "cifar", "--normaliser", "cifar10"]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stderr).unwrap()
    };
    let whole = import(0.0);
    assert!(whole.contains("no checksum") && whole.contains("none is unusually large"), "{whole}");
    let changed = import(1e30);
    assert!(changed.contains("tensor: 1, the first in \"conv1.weight\""), "{changed}");
}

/// A normaliser that strides of 0 make billions of numbers of.
#[test]
fn a_normaliser_as_large_as_memory_is_refused_by_its_shape() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = fs::File::open(path("tests/fixtures/reference/cifar-basic.pt")).unwrap();
    let mut checkpoint = zip::ZipArchive::new(checkpoint).unwrap();
    let file = folder.path().join("large.pt");
    let mut changed = zip::ZipWriter::new(fs::File::create(&file).unwrap());
    for i in 0..checkpoint.len() {
        let mut entry = checkpoint.by_index(i).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        if entry.name().ends_with("data.pkl") {
            let find = |part: &[u8], from: usize| {
                from + bytes[from..].windows(part.len()).position(|window| window == part).unwrap()
            };
            // In the pickle, (3, 1, 1) is an extent or a stride each behind a K, then 0x87.
            let name = find(b"normalizer.new_mean", 0);
            let shape = find(b"K\x03K\x01K\x01\x87", name);
            let strides = find(b"K\x01K\x01K\x01\x87", shape + 7);
            bytes.splice(strides..strides + 6, *b"K\0K\0K\0");
            bytes.splice(shape + 2..shape + 4, *b"J\0\0\0\x30");
        }
        let stored = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored);
        changed.start_file(entry.name(), stored).unwrap();
        changed.write_all(&bytes).unwrap();
    }
    changed.finish().unwrap();
    let out = folder.path().join("out.safetensors");
    let words = ["import", file.to_str().unwrap(), "--out", out.to_str().unwrap()];
    // Of 4 GB of addresses, 9 GB of numbers take more than there are.
    let errors = fails(
        "ulimit -v 4000000; exec \"$0\" \"$@\"",
        &[&words[..], &["--stem", "cifar"]].concat(),
    );
    assert!(errors.contains("new_mean") && errors.contains("three values"), "{errors}");
}

#[test]
fn a_photo_is_known_by_its_content_whatever_its_name_ends_in() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (png, jpeg, heic) = (at("a.jpg"), at("b.png"), at("c.jpg"));
    image::open(photo()).unwrap().save_with_format(&png, image::ImageFormat::Png).unwrap();
    fs::copy(photo(), &jpeg).unwrap();
    fs::write(&heic, b"\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0\0\x08mdat").unwrap();
    // Both hold the same pixels.
    let activation = |photo: &str| {
        let row = stdout(&["rank", &model(), photo, "--features", "1", "--json"]);
        serde_json::from_str::<Value>(&row).unwrap()["photos"][0][1].clone()
    };
    assert_eq!(activation(&png), activation(&jpeg));
    let avif = path("tests/fixtures/photos/cat.avif");
    for (file, named) in [(&heic, "c.jpg: this is a HEIC image"), (&avif, "this is an AVIF image")]
    {
        let errors = stderr(&["rank", &model(), file, "--features", "1"]);
        assert!(errors.contains(named) && errors.contains("save it as JPEG"), "{errors}");
    }
}

#[test]
fn a_catalog_is_believed_only_where_the_file_is_the_one_it_lists() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (models, out) = (at("."), at("out"));
    fs::copy(model(), at("model.safetensors")).unwrap();
    stdout(&["catalog", &models]);
    let link = stdout(&["link", &model(), &photo(), &photo(), "--frames", "3", "--steps", "1"]);
    let open = ["open", link.trim(), "--out", &out, "--models", &models];
    stdout(&open);

    let index = fs::read_to_string(at("index.json")).unwrap();
    fs::write(at("index.json"), index.replace("model.safetensors", "../model.safetensors"))
        .unwrap();
    assert!(stderr(&open).contains("not a file beside it"));
    fs::write(at("index.json"), index).unwrap();
    stdout(&["export", &model(), "--out", &at("model.safetensors"), "--precision", "f16"]);
    assert!(stderr(&open).contains("is not the file that"));
}

#[test]
fn a_file_made_of_next_to_nothing_takes_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let zip = folder.path().join("bomb.zip");
    let mut archive = zip::ZipWriter::new(fs::File::create(&zip).unwrap());
    archive.start_file("cat/0.png", zip::write::SimpleFileOptions::default()).unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..100 {
        archive.write_all(&zeros).unwrap();
    }
    archive.finish().unwrap();
    let errors = stderr(&["eval", &model(), zip.to_str().unwrap()]);
    assert!(errors.contains("cat/0.png is larger than any photo"), "{errors}");

    // None of them is too large, and all together are read in place: they are no images, and said to be none.
    let mut archive = zip::ZipWriter::new(fs::File::create(&zip).unwrap());
    for i in 0..10 {
        let name = format!("class {i}/0.png");
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        for _ in 0..8 {
            archive.write_all(&zeros).unwrap();
        }
    }
    archive.finish().unwrap();
    let errors = stderr(&["eval", &model(), zip.to_str().unwrap()]);
    assert!(errors.contains("bomb.zip: class 0/0.png") && errors.contains("10 of 10"), "{errors}");
}
