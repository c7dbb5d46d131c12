//! `cargo xtask serve` opens the page; `cargo xtask test` tests everything.

#![allow(clippy::print_stdout)] // A build tool talks to its user.

mod command;
mod manifest;
mod setup;

use std::env;
use std::process::ExitCode;

use anyhow::{Result, bail};

use command::{cargo, root, trunk};

const USAGE: &str = "\
cargo xtask serve     install what is missing, build the page, open it on localhost
cargo xtask test      run all tests, the browser's included
cargo xtask build     build the page into dist/
cargo xtask lint      formatting and lints of everything
cargo xtask manifest  list the built engines (the packager calls this)";

fn main() -> ExitCode {
    let task = env::args().nth(1).unwrap_or_default();
    let result = match task.as_str() {
        "serve" => serve(),
        "test" => test(),
        "build" => setup::page_tools().and_then(|()| trunk(&["build"])),
        "lint" => lint(),
        "manifest" => manifest::write(),
        _ => {
            println!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> Result<()> {
    setup::page_tools()?;
    println!("The first build takes a while (a quarter of an hour on two cores). Then it opens.");
    trunk(&["serve", "--open"])
}

/// Everything that can be wrong, the quick things first.
fn test() -> Result<()> {
    setup::page_tools()?;
    setup::browser()?;
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["test", "--release", "--workspace", "--exclude", "robust-tests"])?;
    trunk(&["build"])?;
    if !root().join("dist/engines.json").exists() {
        bail!("the page was built without engines.json: is the post_build hook in Trunk.toml?");
    }
    // One browser at a time: two would share two cores and one software graphics card.
    cargo(&["test", "--release", "--package", "robust-tests", "--", "--test-threads=1"])
}

fn lint() -> Result<()> {
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["clippy", "--release", "--workspace", "--all-targets", "--", "-Dwarnings"])?;
    for features in ["page", "cpu", "webgpu"] {
        let wasm = ["--target", "wasm32-unknown-unknown", "--package", "robust-web"];
        let features = ["--features", features, "--", "-Dwarnings"];
        cargo(&[&["clippy", "--release"], &wasm[..], &features[..]].concat())?;
    }
    Ok(())
}
