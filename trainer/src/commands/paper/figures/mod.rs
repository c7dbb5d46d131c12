//! `robust-reps figures`: every figure of the paper for models and data of one's own.

mod contact;
mod explanations;
mod features;
mod inversions;
mod making;
mod paths;
mod subject;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::commands::arguments::Computer;
use crate::data::{Dataset, Request};
use crate::files;
use crate::interrupt::Interrupt;
use crate::ranges;
use crate::sheet::Sheet;
use crate::train::hold;
use subject::Subject;

/// Which models and photos.
#[derive(clap::Args)]
pub struct Args {
    /// Robust model file
    model: PathBuf,
    /// Standard model file
    standard: PathBuf,
    /// Held-out photos: folders or zip files of CLASS/image.jpg
    #[arg(required = true)]
    data: Vec<PathBuf>,
    /// Folder for figure-NN.png, contact-robust.png, contact-standard.png and a .json beside each;
    /// existing ones are kept
    #[arg(long)]
    out: PathBuf,
    /// Photos of classes never trained on, in the same forms; those of CIFAR-10's classes go into figure 14
    #[arg(long)]
    ood: Vec<PathBuf>,
    /// Only these: figures by number, "contact" for the two contact sheets, "making" for what the
    /// networks generate, draw, fill, sharpen and translate, which is in no figure of the paper
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Images in a row
    #[arg(long, default_value_t = 6, value_parser = ranges::side)]
    columns: usize,
    /// Steps of an inversion, by the fast solver
    #[arg(long, default_value_t = 100, value_parser = ranges::steps)]
    steps: usize,
    /// Seed of the choice of photos and features, and of the noise
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// An independent standard network, which says what it sees in the images of "making"
    #[arg(long)]
    judge: Option<PathBuf>,
    #[command(flatten)]
    computer: Computer,
}

/// A picture with the numbers behind it.
struct Drawn {
    sheet: Sheet,
    numbers: Value,
}

type Draw = fn(&Subject) -> Result<Drawn>;

/// Number, title and maker of every figure; 7 is an interpolation like 17.
const FIGURES: [(usize, &str, Draw); 20] = [
    (2, "Different photos, alike to a network", explanations::collisions),
    (3, "What features look for, from noise and photos", features::patterns),
    (4, "Maximised from grey, and the photos that activate most and least", features::activating),
    (5, "Inverted from different starts", inversions::seeds),
    (6, "Inverted from noise, in and out of distribution", inversions::embeddings),
    (7, "A path between two photos, robust", paths::first),
    (8, "A feature added: one chosen for its class, one at random", features::added),
    (9, "Heaviest features accentuated, right and wrong predictions", explanations::accentuated),
    (10, "Features from noise, robust", features::from_noise),
    (11, "Features from photos, robust", features::from_photos),
    (12, "Features from noise and photos, standard", features::standard),
    (13, "Inverted from photos and noise, robust", inversions::robust),
    (14, "Inverted CIFAR-10 photos", inversions::cifar),
    (15, "Inverted patterns and classes never trained on", inversions::out_of_distribution),
    (16, "Inverted from photos and noise, standard", inversions::standard),
    (17, "Paths between photos, robust", paths::robust),
    (18, "Paths between photos, standard", paths::standard),
    (19, "Features added to photos", features::several_added),
    (20, "A feature added step by step", features::progressively),
    (21, "The plain gradient, robust and standard", explanations::saliencies),
];

/// Each model at a glance, for its card.
const SHEETS: [(&str, &str, Draw); 2] = [
    ("contact-robust", "The robust model at a glance", contact::robust),
    ("contact-standard", "The standard model at a glance", contact::standard),
];

/// What the authors' next paper makes with one classifier; only where it is asked for.
const MAKINGS: [(&str, &str, Draw); 5] = [
    ("making-generate", "Images of each class", making::generated),
    ("making-sketch", "Drawings turned into each class", making::sketched),
    ("making-inpaint", "A part of photos grown again", making::filled),
    ("making-super-resolve", "Photos made four times smaller, sharpened", making::sharpened),
    ("making-translate", "Photos turned into the next class", making::translated),
];

/// A picture to be made.
struct Picture {
    /// Name of its file.
    name: String,
    /// Above it.
    title: String,
    draw: Draw,
}

/// The pictures that are asked for.
fn wanted(only: &[String]) -> Vec<Picture> {
    let asked = |name: &str| only.is_empty() || only.iter().any(|only| only == name);
    let figures = FIGURES.iter().filter(|(number, ..)| asked(&number.to_string()));
    let figures = figures.map(|(number, title, draw)| Picture {
        name: format!("figure-{number:02}"),
        title: format!("Figure {number}: {title}"),
        draw: *draw,
    });
    let sheets = SHEETS.iter().filter(|_| asked("contact"));
    let makings = MAKINGS.iter().filter(|_| only.iter().any(|only| only == "making"));
    let sheets = sheets.chain(makings).map(|(name, title, draw)| Picture {
        name: (*name).into(),
        title: (*title).into(),
        draw: *draw,
    });
    figures.chain(sheets).collect()
}

/// What lies beside a picture: what it was made of, and its numbers.
#[derive(Serialize, Deserialize)]
struct Record {
    title: String,
    made_of: String,
    /// SHA-256 of the picture: a run that was killed may have left another's.
    picture: String,
    numbers: Value,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let device = args.computer.backend.device()?;
    let robust = files::read_weights(&args.model)?;
    let standard = files::read_weights(&args.standard)?;
    let card = robust.card();
    let request = Request { classes: None, ..Request::of_network(card, &args.data) };
    let data = Dataset::read(&request)?;
    let elsewhere = match args.ood.is_empty() {
        true => None,
        false => Some(Dataset::read(&Request { paths: &args.ood, ..request })?),
    };
    let made_of = made_of(args)?;
    let subject = Subject::new([&robust, &standard], &device, data, elsewhere, args)?;
    let pictures = wanted(&args.only);
    if pictures.is_empty() {
        bail!("--only names none of the figures, 2 to 21, \"contact\" nor \"making\"");
    }
    let _hold = hold(&args.out)?;
    let interrupt = Interrupt::listen();
    let bar = ProgressBar::new(pictures.len() as u64)
        .with_style(ProgressStyle::with_template("{bar:32} {pos}/{len} pictures  {msg}")?);
    for Picture { name, title, draw } in pictures {
        let [picture, record] = ["png", "json"].map(|form| args.out.join(format!("{name}.{form}")));
        if interrupt.asked() {
            return Ok(stopped(&name));
        }
        bar.set_message(title.clone());
        if !is_made(&picture, &record, &made_of) {
            let drawn = match draw(&subject) {
                // Half a picture is none: the same command begins it again.
                Err(_) if interrupt.asked() => return Ok(stopped(&name)),
                drawn => drawn.with_context(|| name.clone())?,
            };
            // What it was made of must have been there.
            subject.data.check_readable()?;
            subject.elsewhere.iter().try_for_each(Dataset::check_readable)?;
            let mut sheet = drawn.sheet;
            sheet.title = title.clone();
            let png = sheet.to_png()?;
            files::write(&picture, &png)?;
            let content = Record {
                title,
                made_of: made_of.clone(),
                picture: files::sha256(&png),
                numbers: drawn.numbers,
            };
            // Last: it says that the picture is whole.
            files::write(&record, serde_json::to_string_pretty(&content)?.as_bytes())?;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    println!("{} pictures are in {}", bar.position(), args.out.display());
    Ok(ExitCode::SUCCESS)
}

/// Says how a run that was stopped goes on.
fn stopped(next: &str) -> ExitCode {
    eprintln!("Stopped. The same command goes on with {next}.");
    ExitCode::FAILURE
}

/// Whatever decides what figures look like.
fn made_of(args: &Args) -> Result<String> {
    let model =
        |path: &Path| -> Result<String> { Ok(files::sha256(&files::read(path)?)[..12].into()) };
    Ok(format!(
        "models {} and {}{}, data {:?}, other data {:?}, {} columns, {} steps, seed {}",
        model(&args.model)?,
        model(&args.standard)?,
        match &args.judge {
            Some(judge) => format!(", judge {}", model(judge)?),
            None => String::new(),
        },
        names(&args.data),
        names(&args.ood),
        args.columns,
        args.steps,
        args.seed
    ))
}

fn names(paths: &[PathBuf]) -> Vec<String> {
    let name = |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    paths.iter().map(name).collect()
}

fn is_made(picture: &Path, record: &Path, made_of: &str) -> bool {
    let (Ok(png), Ok(text)) = (fs::read(picture), fs::read(record)) else { return false };
    serde_json::from_slice::<Record>(&text)
        .is_ok_and(|record| record.made_of == made_of && record.picture == files::sha256(&png))
}
