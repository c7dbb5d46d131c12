//! `robust-reps train`.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use crate::commands::arguments::Computer;
use crate::data::{Dataset, Request, Side};
use crate::files;
use crate::ranges;
use crate::train::{Job, Preset, TrainConfig, train};

/// What to train on, and how.
#[derive(clap::Args)]
#[command(args_override_self = true)]
pub struct Args {
    /// Training images: folders or zip files of CLASS/image.jpg, or CIFAR-10's data_batch_*.bin;
    /// several are joined
    #[arg(required = true)]
    data: Vec<PathBuf>,
    /// Training images to leave out: text files with one image per line, by the end of its path,
    /// CLASS/image.jpg
    #[arg(long)]
    leave_out: Vec<PathBuf>,
    /// Held-out images, in the same forms
    #[arg(long, required = true, num_args = 1..)]
    val: Vec<PathBuf>,
    /// Folder for the model, its checkpoint and its metrics
    #[arg(long)]
    out: PathBuf,
    /// Settings to start from; flags beside it win
    #[arg(long)]
    pub preset: Option<Preset>,
    #[command(flatten)]
    config: TrainConfig,
    /// Start from the weights of this model file, whose network may have fewer blocks per stage: new ones
    /// begin as the identity. If its classes differ, the last layer starts afresh; its downsampling may differ, too
    #[arg(long)]
    init: Option<PathBuf>,
    /// Continue from the checkpoint in --out, whose weights take precedence over --init
    #[arg(long)]
    resume: bool,
    /// Stop and save after this many minutes; --resume continues
    #[arg(long, value_parser = ranges::minutes)]
    time_limit: Option<Duration>,
    /// Minutes between two checkpoints
    #[arg(long, default_value = "5", value_parser = ranges::minutes)]
    save_every: Duration,
    /// Held-out images that are classified after each epoch
    #[arg(long, default_value_t = 512, value_parser = ranges::count)]
    watch: usize,
    /// Gigabytes that decoded images may take; a larger set is decoded as it is drawn
    #[arg(long, default_value = "4", value_parser = ranges::gigabytes)]
    memory: u64,
    /// Description of the data for the model's card [default: the paths]
    #[arg(long)]
    about_data: Option<String>,
    /// Description of the machine for the model's card [default: backend and threads]
    #[arg(long)]
    about_hardware: Option<String>,
    #[command(flatten)]
    computer: Computer,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    args.config.check()?;
    let mut config = args.config.decided(args.computer.backend.is_processor())?;
    let init = args.init.as_deref().map(files::read_weights).transpose()?;
    config.keep_downsampling(init.as_ref().map(|weights| &weights.card().architecture));
    let config = &config;
    let request = Request {
        paths: &args.data,
        side: Side::AtMost(config.largest_side()),
        leave_out: &args.leave_out,
        map: config.classes,
        classes: None,
        memory: args.memory,
    };
    let mut train_set = Dataset::read(&request)?;
    if let Some(first) = init.as_ref().map(|weights| &weights.card().classes) {
        train_set = train_set.ordered_as(first);
        if train_set.classes != *first {
            eprintln!(
                "The images' classes ({}) are not those of --init ({}): the last layer begins anew.",
                train_set.classes.join(", "),
                first.join(", ")
            );
        }
    }
    let held_out = Dataset::read(&Request {
        paths: &args.val,
        side: Side::Exactly(config.size),
        leave_out: &[],
        classes: Some(&train_set.classes),
        ..request
    })?;
    eprintln!(
        "{} training images of {} classes, {} held out",
        train_set.len(),
        train_set.classes.len(),
        held_out.len()
    );
    let paths: Vec<String> = args
        .data
        .iter()
        .map(|path| path.file_name().unwrap_or_default().to_string_lossy().into_owned())
        .collect();
    let counted = || format!("{}: {} images", paths.join(", "), train_set.len());
    let data = args.about_data.clone().unwrap_or_else(counted);
    let job = Job {
        config,
        train: Arc::new(train_set),
        held_out,
        out: &args.out,
        init,
        resume: args.resume,
        time_limit: args.time_limit,
        save_every: args.save_every,
        watch: args.watch,
        data,
        hardware: args.about_hardware.clone().unwrap_or_else(|| args.computer.backend.describe()),
        devices: args.computer.backend.devices(config.replicas)?,
    };
    if let Some(model) = train(&job)? {
        // The model is written, whether or not anyone reads where.
        let _ = writeln!(std::io::stdout(), "{}", model.display());
    }
    Ok(ExitCode::SUCCESS)
}
