//! `cargo xtask serve` opens the page; `cargo xtask test` tests everything.

#![allow(clippy::print_stdout)] // A build tool talks to its user.

mod check;
mod command;
mod package;
mod setup;

use std::env;
use std::process::ExitCode;

use anyhow::{Result, bail};

use command::{cargo, root, run_with, trunk};

const USAGE: &str = "\
cargo xtask serve        install what is missing, build the page, open it on localhost
cargo xtask test         check everything and run all tests, the browser's included
cargo xtask test native  only the tests that need no browser
cargo xtask check        formatting, lints, documentation, spelling, licences
cargo xtask build        build the page into dist/
cargo xtask package      finish what the packager has put together (it calls this)";

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let result = match words[..] {
        ["serve"] => serve(),
        ["test"] => test_all(),
        ["test", "native"] => test_native(check::NATIVE_FEATURES, &[]),
        ["check"] => check::check(),
        ["build"] => setup::page_tools().and_then(|()| trunk(&["build"])),
        ["package"] => package::finish(),
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
    println!("The first build takes about twenty minutes on two cores. Then the page opens.");
    // What is in dist/ is what is published: without the packager's own script for reloading.
    trunk(&["serve", "--open", "--no-autoreload", "true"])
}

/// Burn is built once here too: the trainer with its graphics backend computes on processors as well.
fn test_all() -> Result<()> {
    setup::browser()?;
    let vulkan = setup::vulkan()?;
    check::check()?;
    test_native(&check::everything_native(), &vulkan)?;
    test_browser()
}

fn test_native(features: &str, variables: &[(String, String)]) -> Result<()> {
    // Together, so that Burn is built once, with the features of all.
    let packages = ["robust-core", "robust-trainer", "robust-web"];
    let named = packages.iter().flat_map(|package| ["--package", package]);
    let words = ["test"].into_iter().chain(named).chain(["--features", features]);
    run_with(variables, "cargo", &words.collect::<Vec<_>>())
}

fn test_browser() -> Result<()> {
    setup::page_tools()?;
    trunk(&["build"])?;
    if !root().join("dist/offline.js").exists() {
        bail!("the page was built without offline.js: is the post_build hook in Trunk.toml?");
    }
    // One browser at a time: two would share two cores and one software graphics card.
    cargo(&["test", "--package", "robust-tests", "--", "--test-threads=1"])
}
