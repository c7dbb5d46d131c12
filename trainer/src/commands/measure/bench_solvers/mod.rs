//! `robust-reps bench-solvers`: what each solver reaches in how many steps.

mod report;
mod tasks;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::ValueEnum;
use indicatif::ProgressBar;
use robust_core::engine::Model;
use robust_core::image::Pixels;
use robust_core::settings::Solver;
use serde::{Deserialize, Serialize};

use crate::accuracy::balanced_draw;
use crate::commands::arguments::{Computer, ModelFile};
use crate::data::{Dataset, Request};
use crate::files;
use crate::ranges;
use crate::train::hold;
use tasks::{Outcome, Task};

/// What to compare on what.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    model: ModelFile,
    /// Held-out photos: folders or zip files of CLASS/image.jpg
    #[arg(required = true)]
    photos: Vec<PathBuf>,
    /// A second model to compare on, such as a standard one
    #[arg(long)]
    standard: Option<PathBuf>,
    /// Folder for solvers.md, solvers.json, the plots and the pictures side by side
    #[arg(long)]
    out: PathBuf,
    /// Photos (pairs of photos, features) per task: a class-balanced draw
    #[arg(long, default_value_t = 8, value_parser = ranges::count)]
    count: usize,
    /// What is computed
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "inversion,interpolation,feature"
    )]
    tasks: Vec<Task>,
    /// Solvers to compare with plain PGD [default: all]
    #[arg(long, value_enum, value_delimiter = ',')]
    solvers: Vec<Solver>,
    /// Step counts at which results are compared
    #[arg(long, value_delimiter = ',', default_value = "25,50,100,200,500,1000", value_parser = ranges::steps)]
    steps: Vec<usize>,
    /// Steps of the run of plain PGD that serves as the reference
    #[arg(long, default_value_t = 10_000, value_parser = ranges::steps)]
    plain_steps: usize,
    /// Length of a plain step, from which the others' follow
    #[arg(long, default_value_t = 1.0, value_parser = ranges::length)]
    step_size: f32,
    /// Seed of the draw and of the starts
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    computer: Computer,
}

/// One solver's results for one task on one model.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct SolverResults {
    model: String,
    task: Task,
    solver: Solver,
    step_size: f32,
    outcomes: Vec<Outcome>,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    if args.count == 0 || args.steps.contains(&0) || args.step_size <= 0.0 {
        bail!("--count, --steps and --step-size must be above 0");
    }
    let _hold = hold(&args.out)?;
    let device = args.computer.backend.device()?;
    let mut models = vec![files::read_model(&args.model.path, &device)?];
    if let Some(standard) = &args.standard {
        models.push(files::read_model(standard, &device)?);
    }
    let photos = photos(args, &models[0])?;
    let mut marks = args.steps.clone();
    marks.sort_unstable();
    marks.dedup();
    let others: Vec<Solver> = match args.solvers.is_empty() {
        true => Solver::value_variants().to_vec(),
        false => args.solvers.clone(),
    };
    let others = others.into_iter().filter(|solver| *solver != Solver::Plain);
    let solvers: Vec<Solver> = std::iter::once(Solver::Plain).chain(others).collect();
    let bar = ProgressBar::new((models.len() * args.tasks.len() * solvers.len()) as u64);
    let mut rows = Vec::new();
    for model in &models {
        for &task in &args.tasks {
            let mut pictures = Vec::new();
            for &solver in &solvers {
                let mut marks = marks.clone();
                if solver == Solver::Plain && args.plain_steps > marks[marks.len() - 1] {
                    marks.push(args.plain_steps);
                }
                let subject = tasks::Subject { model, photos: &photos, seed: args.seed };
                let traced = subject.trace(task, solver, args.step_size, &marks)?;
                let model = model.card().name.clone();
                let (outcomes, images): (Vec<Outcome>, Vec<Vec<Pixels>>) =
                    traced.into_iter().unzip();
                pictures.push((solver, images));
                rows.push(SolverResults {
                    model,
                    task,
                    solver,
                    step_size: args.step_size,
                    outcomes,
                });
                // After every solver: hours of work must not depend on the last one.
                report::write(&args.out, &rows)?;
                bar.inc(1);
            }
            report::pictures(&args.out, model, task, &photos, &marks, &pictures)?;
        }
    }
    bar.finish_and_clear();
    print!("{}", report::markdown(&rows));
    Ok(ExitCode::SUCCESS)
}

fn photos(args: &Args, model: &Model) -> Result<Vec<Pixels>> {
    let request = Request { classes: None, ..Request::of_network(model.card(), &args.photos) };
    let set = Dataset::read(&request)?;
    let drawn = balanced_draw(&set, args.count, args.seed);
    let photos = set.pixels(&drawn)?;
    if photos.len() < 2 {
        bail!("at least two photos are needed");
    }
    Ok(photos)
}
