//! The folder of a run, which one run has at a time, and whose results nobody replaces unasked.

use std::fs::{self, File, TryLockError};
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Makes the folder and keeps other runs out of it for as long as the file lives, which ends with
/// the program, however that ends.
///
/// # Errors
///
/// Where the folder cannot be made, or another run is at work in it.
pub fn hold(folder: &Path) -> Result<File> {
    let name = folder.display();
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {name}"))?;
    let lock = folder.join("run.lock");
    let cannot = || format!("cannot write {}", lock.display());
    let file = File::create(&lock).with_context(cannot)?;
    match file.try_lock() {
        Ok(()) => {
            sweep(folder);
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            bail!("another run is at work in {name}: wait for its end, or choose another --out")
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(cannot),
    }
}

/// Waits until no other run writes into the folder of `path`, and has others wait for as long as the
/// file lives: files that belong together are written together. Where a system cannot lock a
/// folder, nobody waits.
pub fn turn(path: &Path) -> Option<File> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = File::open(folder.unwrap_or(Path::new("."))).ok()?;
    folder.lock().ok()?;
    Some(folder)
}

/// Removes what a run that was killed had begun to write, as large as a checkpoint each. Where that
/// cannot be done, nothing is in the way.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') && name.ends_with(".partial") {
            drop(fs::remove_file(entry.path()));
        }
    }
}

/// The same for a training run.
///
/// # Errors
///
/// The same, and where a new run would replace what an earlier one left there.
pub fn claim(folder: &Path, resume: bool) -> Result<File> {
    let file = hold(folder)?;
    let name = folder.display();
    let left = ["model.safetensors", "checkpoint.bin"];
    let left = left.into_iter().find(|file| !resume && folder.join(file).exists());
    if let Some(left) = left {
        bail!(
            "{name} holds an earlier run's {left}: go on with that run by --resume, choose another \
             --out, or remove the file"
        );
    }
    Ok(file)
}
