//! What a visitor does, done in a real Chromium.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod accessible;
mod background;
mod cpu;
mod device;
mod explain;
mod features;
mod files;
mod gallery;
mod gestures;
mod history;
mod keep;
mod morph;
mod networks;
mod numbers;
mod offline;
mod onward;
mod paint;
mod privacy;
mod reader;
mod snapshots;
mod soak;
mod tabs;
mod wanderer;
mod webgpu;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use robust_tests::Visit;

/// The fragment of every view, and what is true once it is shown with something in it.
const VIEWS: [(&str, &str); 7] = [
    ("morph", "document.querySelector('#share')?.disabled === false"),
    ("explain", "document.querySelector('#robust-feature-0')"),
    ("features", "document.querySelectorAll('.atlas-tile .tile').length > 30"),
    ("add", "document.querySelector('#robust-added')"),
    ("collide", "document.querySelector('#robust-collision')"),
    ("paint", "document.querySelector('#drawing')"),
    ("", "document.querySelector('#original-image')"),
];

/// A photo on this machine's disk.
fn photo(name: &str) -> PathBuf {
    Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../static/gallery").join(name)
}

/// The link that the view at hand shares.
async fn shared_link(visit: &Visit) -> Result<String> {
    visit.wait_until("a link", "document.querySelector('#share')?.disabled === false", 30).await?;
    visit.click("#share").await?;
    let link = visit.script("return document.querySelector('#link').value;").await?;
    visit.click("#share").await?;
    Ok(link.as_str().context("a link is text")?.to_owned())
}

/// The part of a link after `#`.
fn fragment(link: &str) -> &str {
    link.rsplit_once('#').map_or("", |(_, fragment)| fragment)
}

/// Largest difference of two pictures' values, and their mean.
fn difference(a: &[u8], b: &[u8]) -> (u8, f64) {
    assert_eq!(a.len(), b.len());
    let differences = || a.iter().zip(b).map(|(a, b)| a.abs_diff(*b));
    let sum: f64 = differences().map(f64::from).sum();
    (differences().max().unwrap_or_default(), sum / a.len() as f64)
}
