//! What must hold of the code before any of it runs: the gate that `cargo xtask test` opens with.

use anyhow::Result;

use crate::command::{cargo, run, run_with};
use crate::setup;

/// The features of the native tests.
pub const NATIVE_FEATURES: &str = "robust-core/cli,robust-core/flex,robust-core/photo";

/// The same with the trainer's graphics backend.
pub fn everything_native() -> String {
    format!("{NATIVE_FEATURES},robust-trainer/wgpu")
}

/// What the page is made of: its own program, the two engines, what reads photos, and what imports networks.
const WASM_FEATURES: [&str; 5] = ["page", "cpu", "webgpu", "importer", "reader"];

/// Formatting, lints and documentation of everything, spelling, and what may be depended on.
pub fn check() -> Result<()> {
    cargo(&["fmt", "--all", "--check"])?;
    setup::check_tools()?;
    run("typos", &[])?;
    // Not its fourth check: known vulnerabilities come from a database on GitHub, and this one also
    // runs where only a package registry can be reached. The workflow `check` asks it there.
    cargo(&["deny", "check", "bans", "licenses", "sources"])?;
    setup::wasm_target()?;
    lint(&["--workspace", "--features", &everything_native()], &["--all-targets"])?;
    for features in WASM_FEATURES {
        let wasm = ["--target", "wasm32-unknown-unknown", "--package", "robust-web"];
        lint(&[&wasm[..], &["--features", features]].concat(), &[])?;
    }
    Ok(())
}

/// Clippy, then the documentation, which needs of the dependencies what clippy has just made.
fn lint(what: &[&str], targets: &[&str]) -> Result<()> {
    cargo(&[&["clippy"], what, targets, &["--", "-Dwarnings"]].concat())?;
    let strict = [("RUSTDOCFLAGS".to_owned(), "-Dwarnings".to_owned())];
    run_with(&strict, "cargo", &[&["doc", "--no-deps"], what].concat())
}
