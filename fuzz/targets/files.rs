//! What the reader of checkpoints uses of the trainer.

use std::fs;
use std::path::Path;

use anyhow::Result;

pub fn read(path: &Path) -> Result<Vec<u8>> {
    Ok(fs::read(path)?)
}
