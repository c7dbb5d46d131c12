//! `robust-reps bench`.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use robust_core::engine::check::bench::measure;
use robust_core::report::Speed;
use serde::Serialize;

use crate::backend::{Backend, wait};
use crate::commands::arguments::{Form, ModelFile};
use crate::files;
use crate::ranges;

/// What to measure.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    model: ModelFile,
    /// Batch sizes, separated by commas
    #[arg(long, value_delimiter = ',', default_value = "1,4,8", value_parser = ranges::count)]
    batch: Vec<usize>,
    /// What to compute on [default: all that this build and the machine have]
    #[arg(long, value_delimiter = ',')]
    backend: Vec<Backend>,
    /// Seconds to measure at each batch size
    #[arg(long, default_value = "5", value_parser = ranges::seconds)]
    seconds: Duration,
    #[command(flatten)]
    form: Form,
}

#[derive(Serialize)]
struct BackendSpeed {
    backend: &'static str,
    #[serde(flatten)]
    speed: Speed,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    if !args.form.json {
        println!(
            "{:<8} {:>5} {:>9} {:>10} {:>9}",
            "backend", "batch", "steps/s", "images/s", "device MB"
        );
    }
    for backend in Backend::chosen(&args.backend) {
        let model = files::read_model(&args.model.path, &backend.device()?)?;
        for &batch in &args.batch {
            let started = Instant::now();
            let now = || started.elapsed().as_secs_f64();
            let speed = wait(measure(&model, batch, args.seconds.as_secs_f64(), now))?;
            print_row(&BackendSpeed { backend: backend.name(), speed }, args.form.json)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print_row(row: &BackendSpeed, json: bool) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string(row)?);
    } else {
        let Speed { batch, steps_per_second, images_per_second, device_bytes, .. } = row.speed;
        let device = device_bytes.map_or("-".into(), |bytes| format!("{:.0}", bytes as f64 / 1e6));
        println!(
            "{:<8} {batch:>5} {steps_per_second:>9.2} {images_per_second:>10.2} {device:>9}",
            row.backend
        );
    }
    Ok(())
}
