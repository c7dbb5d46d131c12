//! `robust-reps verify`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use robust_core::engine::check::verify::{KeyReport, Reference, verify};

use crate::commands::arguments::{Computer, Form, ModelFile};
use crate::files;

/// What to compare with what.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    model: ModelFile,
    /// Reference file: inputs and results of the same weights in the authors' package
    reference: PathBuf,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    computer: Computer,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let model = args.model.on(&args.computer)?;
    let bytes = files::read(&args.reference)?;
    let cannot = || format!("cannot use {}", args.reference.display());
    let reference = Reference::from_bytes(&bytes).with_context(cannot)?;
    let print = async |report: &KeyReport| {
        if !args.form.json {
            println!("{report}");
        }
    };
    if !args.form.json {
        println!("{:<3} {:>9} {:>9}  key", "", "max abs", "max rel");
    }
    let verification =
        pollster::block_on(verify(&model, &reference, print)).with_context(cannot)?;
    if args.form.json {
        println!("{}", serde_json::to_string(&verification)?);
    }
    Ok(if verification.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
