//! `robust-reps`: trains, imports, inspects and runs networks whose representations people can
//! read. Everything that the page does, on files.

#[macro_use]
mod output;

mod accuracy;
mod autoattack;
mod backend;
mod bf16;
mod commands;
mod data;
mod files;
mod import;
mod interrupt;
mod judge;
mod plot;
mod principal;
mod progress;
mod ranges;
mod sheet;
mod site;
mod torch;
mod train;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use commands::measure::{bench, bench_solvers, bench_train, eval, verify};
use commands::model::{
    average, catalog, examples, export, gaussians, import as importing, info, serve,
    train as training,
};
use commands::paint::{generate, inpaint, sketch, super_resolve, translate};
use commands::paper::{atlas, figures};
use commands::photos::{
    collide, explain, interpolate, invert, link, open, rank, visualise, why_not,
};

/// See what a neural network sees: invert representations of robust and standard networks.
#[derive(Parser)]
#[command(version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train a network on images, against an adversary or without one
    Train(Box<training::Args>),
    /// Measure a model on held-out images: accuracy, robustness, quality of its inversions
    Eval(eval::Args),
    /// Turn a PyTorch checkpoint into a model file that this program and the page run
    Import(importing::Args),
    /// Print what a model file holds
    Info(info::Args),
    /// Recompute the numbers of a reference file and print how far off they are
    Verify(verify::Args),
    /// Turn a network's representation of photos back into images
    Invert(invert::Args),
    /// Join photos by a path of images, and save it
    Interpolate(interpolate::Args),
    /// Print a link that shows a path between photos to whoever opens it
    Link(link::Args),
    /// Compute what a link shows
    Open(open::Args),
    /// Say why a network predicts what it predicts: the features that weigh most, magnified
    Explain(explain::Args),
    /// Show what features of the representation stand for, add them to a photo, or dream up a class
    Visualise(visualise::Args),
    /// Visualise every feature of the representation on one sheet, for the page
    Atlas(atlas::Args),
    /// Sort photos by how strongly they activate features of the representation
    Rank(rank::Args),
    /// Show what would have to change for a photo to be taken for another class
    WhyNot(why_not::Args),
    /// Look for a near-copy of one photo that has another photo's representation
    Collide(collide::Args),
    /// Generate images of a class, each from a draw of the class's Gaussian
    Generate(generate::Args),
    /// Turn drawings into images of a class
    Sketch(sketch::Args),
    /// Turn photos of one class into another
    Translate(translate::Args),
    /// Sharpen small photos towards what the network sees in them
    SuperResolve(super_resolve::Args),
    /// Fill a hole in photos
    Inpaint(inpaint::Args),
    /// Make every figure of the paper for two models and some photos
    Figures(figures::Args),
    /// Measure how many steps of projected gradient descent run per second, by batch size
    Bench(bench::Args),
    /// Compare solvers: how far each gets in how many steps
    BenchSolvers(bench_solvers::Args),
    /// Measure training: images per second by backend, batch and attack
    BenchTrain(Box<bench_train::Args>),
    /// Fit a Gaussian to small versions of each class's images, for generated ones to start from
    Gaussians(gaussians::Args),
    /// Invert some photos for the page's list of networks
    Examples(examples::Args),
    /// Write the mean of several networks' weights
    Average(average::Args),
    /// Write a model for the page and check that it survived, or write it for PyTorch
    Export(export::Args),
    /// Write the index.json that tells the page which models a folder holds
    Catalog(catalog::Args),
    /// Serve the built page with your own models, on this machine only
    Serve(serve::Args),
}

fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    let mut command = Cli::parse_from(&words).command;
    if let Command::Train(args) = &command
        && let Some(preset) = args.preset
    {
        // Once more, with what it stands for.
        command = Cli::parse_from(preset.before(&words)).command;
    }
    // Here rather than at the first use, which would panic.
    if let Err(error) = rayon::ThreadPoolBuilder::new().build_global() {
        eprintln!("error: the system gives this program no threads: {error}");
        return ExitCode::FAILURE;
    }
    if !matches!(command, Command::Train(_)) {
        // `robust-reps info model | head` ends as other programs do; training outlives its reader.
        sigpipe::reset();
    }
    let result = match command {
        Command::Train(args) => training::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Import(args) => importing::run(&args),
        Command::Info(args) => info::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Invert(args) => invert::run(&args),
        Command::Interpolate(args) => interpolate::run(&args),
        Command::Link(args) => link::run(&args),
        Command::Open(args) => open::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Visualise(args) => visualise::run(&args),
        Command::Atlas(args) => atlas::run(&args),
        Command::Rank(args) => rank::run(&args),
        Command::WhyNot(args) => why_not::run(&args),
        Command::Collide(args) => collide::run(&args),
        Command::Generate(args) => generate::run(&args),
        Command::Sketch(args) => sketch::run(&args),
        Command::Translate(args) => translate::run(&args),
        Command::SuperResolve(args) => super_resolve::run(&args),
        Command::Inpaint(args) => inpaint::run(&args),
        Command::Figures(args) => figures::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::BenchSolvers(args) => bench_solvers::run(&args),
        Command::BenchTrain(args) => bench_train::run(&args),
        Command::Gaussians(args) => gaussians::run(&args),
        Command::Examples(args) => examples::run(&args),
        Command::Average(args) => average::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Catalog(args) => catalog::run(&args),
        Command::Serve(args) => serve::run(&args),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
