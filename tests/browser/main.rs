//! What a visitor does, done in a real Chromium.

#![allow(clippy::unwrap_used, clippy::panic)]

mod cpu;
mod explain;
mod features;
mod files;
mod gestures;
mod morph;
mod numbers;
mod webgpu;

use std::path::{Path, PathBuf};

/// A photo on this machine's disk.
fn photo(name: &str) -> PathBuf {
    Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../static/gallery").join(name)
}
