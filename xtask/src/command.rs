//! Running other programs.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The repository's root: what cargo says when it runs this, since a build folder may serve several
/// checkouts.
pub fn root() -> PathBuf {
    let here =
        env::var_os("CARGO_MANIFEST_DIR").map_or(env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    here.parent().map_or(here.clone(), Path::to_path_buf)
}

/// Where builds go.
fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or(root().join("target"), PathBuf::from)
}

/// Where tools go that have no better place.
pub fn tools() -> PathBuf {
    target().join("tools")
}

/// A command in the root, with our tools before all others.
fn command(program: &str) -> Command {
    let ours = tools().join("node_modules/.bin");
    let inherited = env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(ours).chain(env::split_paths(&inherited));
    let path: OsString = env::join_paths(paths).unwrap_or(inherited.clone());
    let mut command = Command::new(program);
    command.current_dir(root()).env("PATH", path);
    command
}

/// Runs a command to its end and shows what it prints.
pub fn run(program: &str, arguments: &[&str]) -> Result<()> {
    run_with(&[], program, arguments)
}

/// The same, with variables added to its environment.
pub fn run_with(variables: &[(String, String)], program: &str, arguments: &[&str]) -> Result<()> {
    println!("> {program} {}", arguments.join(" "));
    let status = command(program)
        .args(arguments)
        .envs(variables.iter().cloned())
        .status()
        .with_context(|| format!("cannot start {program}: is it installed?"))?;
    if !status.success() {
        bail!("`{program} {}` failed ({status})", arguments.join(" "));
    }
    Ok(())
}

/// What a command prints; nothing where it is missing or fails.
pub fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = command(program).args(arguments).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs cargo.
pub fn cargo(arguments: &[&str]) -> Result<()> {
    run("cargo", arguments)
}

/// Runs the page's packager.
pub fn trunk(arguments: &[&str]) -> Result<()> {
    run("trunk", arguments)
}
