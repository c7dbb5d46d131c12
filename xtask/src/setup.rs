//! Installs what is missing. Nothing that is there in a usable version is touched.

use std::env;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::command::{cargo, output, run, run_with, tools};

/// The exact version that the `wasm-bindgen` crate in Cargo.toml needs.
const WASM_BINDGEN: &str = "0.2.130";

/// The newest trunk that builds with the Rust version in Cargo.toml.
const TRUNK: &str = "0.21.14";

/// Release of wasm-opt. Debian's 108 writes files that fail in the browser.
const BINARYEN: &str = "132";

/// The oldest wasm-opt that is left alone.
const OLDEST_BINARYEN: u32 = 120;

/// Rules of accessibility, which the browser's tests apply.
const AXE: &str = "4.14.1";

/// What `cargo xtask check` takes. Both are released often, and a newer one finds more: these are the
/// newest that build with the Rust version in Cargo.toml, so that the gate says the same everywhere.
const TYPOS: &str = "1.52.0";
const CARGO_DENY: &str = "0.20.2";

/// What building for the page takes.
pub fn wasm_target() -> Result<()> {
    let targets = output("rustup", &["target", "list", "--installed"]).unwrap_or_default();
    if targets.contains("wasm32-unknown-unknown") {
        return Ok(());
    }
    run("rustup", &["target", "add", "wasm32-unknown-unknown"])
        .context("the page needs Rust's WebAssembly target")
}

/// What building and packaging the page takes.
pub fn page_tools() -> Result<()> {
    wasm_target()?;
    if !has("wasm-bindgen", WASM_BINDGEN) {
        cargo(&["install", "wasm-bindgen-cli", "--version", WASM_BINDGEN])?;
    }
    if !has("trunk", "trunk 0.2") {
        // Without its own downloads, which need TLS.
        install(&["trunk", "--version", TRUNK, "--no-default-features"])?;
    }
    wasm_opt()
}

/// What checking the code takes, beyond Rust's own tools.
pub fn check_tools() -> Result<()> {
    if !has("typos", TYPOS) {
        install(&["typos-cli", "--version", TYPOS])?;
    }
    if !has("cargo-deny", CARGO_DENY) {
        install(&["cargo-deny", "--version", CARGO_DENY])?;
    }
    Ok(())
}

fn has(program: &str, version: &str) -> bool {
    output(program, &["--version"]).is_some_and(|text| text.contains(version))
}

/// Installs a program without its costly link-time optimisation: a third of the wait, and none of
/// them has much to compute here.
fn install(what: &[&str]) -> Result<()> {
    let light = [("LTO", "off"), ("OPT_LEVEL", "1"), ("CODEGEN_UNITS", "16")];
    let light =
        light.map(|(key, value)| (format!("CARGO_PROFILE_RELEASE_{key}"), value.to_owned()));
    run_with(&light, "cargo", &[&["install", "--locked"], what].concat())
}

fn wasm_opt() -> Result<()> {
    // "wasm-opt version 132 (version_132)"
    let text = output("wasm-opt", &["--version"]).unwrap_or_default();
    let version = text.split_whitespace().find_map(|word| word.parse::<u32>().ok());
    if version.is_some_and(|version| version >= OLDEST_BINARYEN) {
        return Ok(());
    }
    npm(&format!("binaryen@{BINARYEN}"))
}

/// Installs a package among our tools.
fn npm(package: &str) -> Result<()> {
    if output("npm", &["--version"]).is_none() {
        debian(&["npm"])
            .with_context(|| format!("{package} comes through npm: install Node.js"))?;
    }
    let folder = tools();
    std::fs::create_dir_all(&folder)?;
    run("npm", &["install", "--prefix", &folder.to_string_lossy(), package])
}

/// What the browser's tests take: a real Chromium and its driver, and axe's rules of accessibility.
pub fn browser() -> Result<()> {
    let missing = |program: &str| output(program, &["--version"]).is_none();
    if missing("chromedriver") || (missing("chromium") && missing("google-chrome")) {
        debian(&["chromium", "chromium-driver"]).context(
            "the page's tests drive a real browser: install Chromium and the ChromeDriver of the \
             same version, so that `chromium` and `chromedriver` are on the PATH",
        )?;
    }
    if !tools().join("node_modules/axe-core/axe.min.js").exists() {
        npm(&format!("axe-core@{AXE}"))?;
    }
    Ok(())
}

/// Where Chromium's packages put the software driver that it computes WebGPU with.
const SOFTWARE_VULKAN: [&str; 3] =
    ["/usr/lib/chromium", "/usr/lib/chromium-browser", "/opt/google/chrome"];

/// The environment in which Vulkan computes in software, the same everywhere; the driver that
/// `VK_DRIVER_FILES` names goes before.
pub fn vulkan() -> Result<Vec<(String, String)>> {
    if !output("/sbin/ldconfig", &["-p"]).is_some_and(|list| list.contains("libvulkan.so.1")) {
        debian(&["libvulkan1"])
            .context("the trainer's tests on a graphics backend need the Vulkan loader")?;
    }
    if env::var_os("VK_DRIVER_FILES").is_some() {
        return Ok(Vec::new());
    }
    let files = SOFTWARE_VULKAN.map(|folder| format!("{folder}/vk_swiftshader_icd.json"));
    let Some(found) = files.iter().find(|file| Path::new(file).exists()) else {
        bail!(
            "the trainer's tests on a graphics backend need Chromium's software driver, which is at \
             none of {}; name it, or a graphics card's, in VK_DRIVER_FILES",
            files.join(", ")
        );
    };
    // The second name is for loaders from before 2022.
    let names = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"];
    Ok(names.map(|name| (name.to_owned(), found.clone())).to_vec())
}

/// Installs packages of Debian and its kin.
fn debian(packages: &[&str]) -> Result<()> {
    if output("apt-get", &["--version"]).is_none() {
        bail!("there is no apt-get here to install {} with", packages.join(" and "));
    }
    let root = output("id", &["-u"]).is_some_and(|id| id.trim() == "0");
    let prefix: &[&str] = if root { &["apt-get"] } else { &["sudo", "apt-get"] };
    let apt = |rest: &[&str]| run(prefix[0], &[&prefix[1..], rest].concat());
    apt(&["update"])?;
    apt(&[&["install", "--yes", "--no-install-recommends"], packages].concat())
}
