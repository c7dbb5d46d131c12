//! What `import` reads: PyTorch's checkpoints and foreign safetensors files, whole and tensor by tensor.

#![no_main]

pub mod files;
#[allow(dead_code, unused_imports)]
#[path = "../../trainer/src/import/mod.rs"]
mod import;

use std::fs;

use libfuzzer_sys::fuzz_target;

/// Most numbers of a tensor that are asked for, so that a run's time is in reading, not in filling memory.
const MOST: usize = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    let path = std::env::temp_dir().join(format!("fuzz-{}.pt", std::process::id()));
    if fs::write(&path, bytes).is_err() {
        return;
    }
    let _ = import::Checkpoint::read(&path, None);
    for tensor in import::file::read(&path).unwrap_or_default().into_values() {
        let numbers = tensor.shape.iter().try_fold(1usize, |all, extent| all.checked_mul(*extent));
        if numbers.is_some_and(|numbers| numbers <= MOST) {
            let _ = (tensor.values)();
        }
    }
});
