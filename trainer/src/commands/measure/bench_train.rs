//! `robust-reps bench-train`.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::Serialize;

use crate::backend::Backend;
use crate::commands::arguments::Form;
use crate::data::Dataset;
use crate::ranges;
use crate::train::{TrainConfig, Trial};

/// Images of the made-up data set.
const IMAGES: usize = 512;

/// What to measure.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: TrainConfig,
    /// Batch sizes
    #[arg(long, value_delimiter = ',', default_value = "32,128", value_parser = ranges::count)]
    batches: Vec<usize>,
    /// Steps of the attack
    #[arg(long, value_delimiter = ',', default_value = "0,1", value_parser = ranges::steps_or_zero)]
    attacks: Vec<usize>,
    /// Seconds per measurement
    #[arg(long, default_value = "10", value_parser = ranges::seconds)]
    seconds: Duration,
    /// What to compute on [default: all that this build and the machine have]
    #[arg(long, value_delimiter = ',')]
    backend: Vec<Backend>,
    #[command(flatten)]
    form: Form,
}

#[derive(Serialize)]
struct TrainingSpeed {
    backend: &'static str,
    precision: &'static str,
    batch: usize,
    attack_steps: usize,
    images_per_second: f64,
    /// Share of the time spent waiting for data.
    waiting: f64,
    /// GFLOP/s of matrix products, with what is computed as their sums are written (bf16 only).
    #[serde(skip_serializing_if = "Option::is_none")]
    gflops: Option<f64>,
    /// Share of the time spent in them.
    #[serde(skip_serializing_if = "Option::is_none")]
    products: Option<f64>,
    /// Largest memory of the process so far, in MB.
    peak_mb: Option<f64>,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    args.config.check()?;
    // At least one whole batch.
    let images = args.batches.iter().copied().fold(IMAGES, usize::max);
    let set = Arc::new(Dataset::painted(images, args.config.size));
    if !args.form.json {
        println!(
            "{:<8} {:<9} {:>5} {:>7} {:>10} {:>8} {:>8} {:>9} {:>8}",
            "backend",
            "precision",
            "batch",
            "attack",
            "images/s",
            "waiting",
            "GFLOP/s",
            "products",
            "peak MB"
        );
    }
    for backend in Backend::chosen(&args.backend) {
        for &batch in &args.batches {
            for &attack_steps in &args.attacks {
                let config = TrainConfig { batch, attack_steps, ..args.config.clone() };
                config.check()?;
                let config = config.decided(backend.is_processor())?;
                let mut trial = Trial::new(&config, &set, &backend.devices(config.replicas)?)?;
                // Kernels compile and memory is taken during the first steps.
                trial.steps(2, Duration::MAX)?;
                let _ = trial.tally();
                let started = Instant::now();
                let (images, waited) = trial.steps(usize::MAX, args.seconds)?;
                let seconds = started.elapsed().as_secs_f64();
                let tally = trial.tally();
                let row = TrainingSpeed {
                    backend: backend.name(),
                    precision: config.precision.name(),
                    batch,
                    attack_steps,
                    images_per_second: images as f64 / seconds,
                    waiting: waited.as_secs_f64() / seconds,
                    gflops: tally.map(|tally| tally.flops as f64 * 1e-9 / tally.seconds),
                    products: tally.map(|tally| tally.seconds / seconds),
                    peak_mb: peak_memory(),
                };
                print_row(&row, args.form.json)?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print_row(row: &TrainingSpeed, json: bool) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string(row)?);
        return Ok(());
    }
    let gflops = row.gflops.map_or("-".into(), |gflops| format!("{gflops:.0}"));
    let products = row.products.map_or("-".into(), |share| format!("{:.1} %", 100.0 * share));
    let memory = row.peak_mb.map_or("-".into(), |mb| format!("{mb:.0}"));
    println!(
        "{:<8} {:<9} {:>5} {:>7} {:>10.1} {:>6.1} % {gflops:>8} {products:>9} {memory:>8}",
        row.backend,
        row.precision,
        row.batch,
        row.attack_steps,
        row.images_per_second,
        100.0 * row.waiting
    );
    Ok(())
}

/// Where Linux tells it.
fn peak_memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024.0)
}
