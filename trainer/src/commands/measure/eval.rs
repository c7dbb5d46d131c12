//! `robust-reps eval`.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use robust_core::engine::Model;
use robust_core::model::card::Accuracy;
use robust_core::model::weights::Weights;
use serde::Serialize;

use super::{autoattack, inversions};
use crate::accuracy::{Attack, balanced_draw, measure};
use crate::autoattack::{Ball, Norm};
use crate::commands::arguments::{Computer, Form, ModelFile};
use crate::data::{ClassMap, Dataset, Request};
use crate::files;
use crate::ranges;
use crate::train::turn;

/// What to measure on what.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    model: ModelFile,
    /// Held-out images: folders or zip files of CLASS/image.jpg, or CIFAR-10's test_batch.bin
    #[arg(required = true)]
    data: Vec<PathBuf>,
    /// Measure a class-balanced draw of this many images [default: all]
    #[arg(long, value_parser = ranges::count)]
    limit: Option<usize>,
    /// Norm of the attacks
    #[arg(long, default_value = "l2")]
    norm: Norm,
    /// Radii of the attacks, as numbers or as 8/255 [default of PGD: 0.5,1,2 in l2, 4/255,8/255 in linf]
    #[arg(long, value_delimiter = ',', value_parser = ranges::radius)]
    eps: Vec<f32>,
    /// Steps of PGD
    #[arg(long, value_delimiter = ',', default_value = "20,100", value_parser = ranges::steps)]
    attack_steps: Vec<usize>,
    /// Random starts of PGD
    #[arg(long, default_value_t = 1, value_parser = ranges::count)]
    restarts: usize,
    #[command(flatten)]
    autoattack: autoattack::AutoAttack,
    #[command(flatten)]
    inversions: inversions::Inversions,
    /// Seed of the draw and of every start
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Join ImageNet's 1000 class folders to fewer classes
    #[arg(long)]
    classes: Option<ClassMap>,
    /// Write the results into the model file
    #[arg(long)]
    write: bool,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    computer: Computer,
}

#[derive(Serialize)]
struct Report {
    images: usize,
    clean: f32,
    balanced: f32,
    per_class: Vec<(String, Option<f32>)>,
    confusion: Vec<Vec<usize>>,
    robust: Vec<Robust>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    autoattack: Vec<autoattack::Report>,
    inversion: Option<inversions::Report>,
}

#[derive(Serialize)]
struct Robust {
    norm: Norm,
    eps: f32,
    steps: usize,
    accuracy: f32,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let weights = args.model.weights()?;
    let model =
        files::usable(Model::new(&weights, &args.computer.backend.device()?), &args.model.path)?;
    let card = weights.card();
    let judge = args.inversions.judge(&model)?;
    let request = Request { map: args.classes, ..Request::of_network(card, &args.data) };
    let set = Dataset::read(&request)?;
    let images = balanced_draw(&set, args.limit.unwrap_or(set.len()), args.seed);
    let clean = measure(&model, &set, &images, None)?;
    let mut robust = Vec::new();
    let norm = args.norm;
    for &eps in args.radii() {
        for &steps in &args.attack_steps {
            let standard = Attack::standard(Ball { norm, eps }, steps, args.seed);
            let attack = Attack { restarts: args.restarts, ..standard };
            let accuracy = measure(&model, &set, &images, Some(&attack))?.share();
            eprintln!("eps {eps}, {steps} steps: {:.1} %", 100.0 * accuracy);
            robust.push(Robust { norm, eps, steps, accuracy });
        }
    }
    let autoattack = args.autoattack.measure(&autoattack::Job {
        path: &args.model.path,
        model: &model,
        set: &set,
        images: &images,
        norm,
        eps: &args.eps,
        seed: args.seed,
    })?;
    let inversion = args.inversions.measure(&model, &set, args.seed, judge.as_ref())?;
    if let Some(note) = set.left_out() {
        eprintln!("{note}");
    }
    let report = Report {
        images: images.len(),
        clean: clean.share(),
        balanced: clean.balanced(),
        per_class: card.classes.iter().cloned().zip(clean.per_class()).collect(),
        confusion: clean.0,
        robust,
        autoattack,
        inversion,
    };
    if args.form.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print(&report);
    }
    if args.write {
        write(args, &weights, &report)?;
    }
    Ok(ExitCode::SUCCESS)
}

impl Args {
    /// Radii of PGD.
    fn radii(&self) -> &[f32] {
        match self.norm {
            _ if !self.eps.is_empty() => &self.eps,
            Norm::L2 => &[0.5, 1.0, 2.0],
            Norm::Linf => &[4.0 / 255.0, 8.0 / 255.0],
        }
    }
}

fn write(args: &Args, weights: &Weights, report: &Report) -> Result<()> {
    let _turn = turn(&args.model.path);
    let file = files::read(&args.model.path)?;
    let now = Weights::from_bytes(&file)?;
    if !now.tensors().eq(weights.tensors()) {
        bail!(
            "{} has become another model while this one was measured: measure that one",
            args.model.path.display()
        );
    }
    let mut card = now.card().clone();
    let n = report.images;
    let accuracy = |on: String, value: f32| Accuracy { on, value };
    card.accuracies = vec![
        accuracy(format!("clean, {n} held-out images"), report.clean),
        accuracy(format!("clean, every class alike, {n} held-out images"), report.balanced),
    ];
    for Robust { norm, eps, steps, accuracy: value } in &report.robust {
        let attack = format!("{steps}-step PGD at epsilon {eps} ({})", norm.name());
        card.accuracies.push(accuracy(format!("against {attack}, {n} images"), *value));
    }
    for report in &report.autoattack {
        let against = format!("against {}, {n} images", report.describe());
        card.accuracies.push(accuracy(against, report.accuracy));
    }
    card.accuracies.extend(report.inversion.iter().flat_map(inversions::Report::accuracies));
    let file = Weights::with_card(&file, &card)?;
    // The card as readable text, beside the model. An earlier one is put aside first: whatever happens, no text is left
    // beside a model that it does not describe.
    let path = args.model.path.with_extension("md");
    let aside =
        path.with_file_name(format!(".{}.partial", path.file_name().unwrap_or_default().display()));
    let had = path.exists();
    if had {
        fs::rename(&path, &aside).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if let Err(error) = files::write(&args.model.path, &file) {
        if had {
            drop(fs::rename(&aside, &path));
        }
        return Err(error);
    }
    let text = crate::commands::model::info::describe(&card);
    let text = format!("# Model card: {}\n\n```text\n{text}```\n", card.name);
    files::write(&path, text.as_bytes())?;
    // Harmless if it stays.
    drop(fs::remove_file(aside));
    Ok(())
}

fn print(report: &Report) {
    println!("{} images", report.images);
    println!("clean     {:5.1} %", 100.0 * report.clean);
    println!("balanced  {:5.1} %", 100.0 * report.balanced);
    for Robust { eps, steps, accuracy, .. } in &report.robust {
        println!("eps {eps:<4} {steps:>3} steps  {:5.1} %", 100.0 * accuracy);
    }
    autoattack::print(&report.autoattack);
    let width = report.per_class.iter().map(|(class, _)| class.len()).max().unwrap_or(0);
    println!("\nclass, accuracy, and what its images were called:");
    for ((class, share), row) in report.per_class.iter().zip(&report.confusion) {
        let share = share.map_or("-".into(), |share| format!("{:.1} %", 100.0 * share));
        let counts: Vec<String> = row.iter().map(|count| format!("{count:>5}")).collect();
        println!("{class:<width$} {share:>7} {}", counts.join(""));
    }
    if let Some(inversion) = &report.inversion {
        inversion.print();
    }
}
