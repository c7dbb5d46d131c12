//! What `import` reads: PyTorch's checkpoints and foreign safetensors files, whole and tensor by tensor,
//! from a file as the command line does and from memory as the page does.

#![no_main]

pub mod files;
#[allow(dead_code, unused_imports)]
#[path = "../../trainer/src/import.rs"]
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
    let _ = import::checkpoint(&path, None);
    let _ = robust_core::import::Checkpoint::from_bytes(bytes, None);
    let there = import::by_library(&path).unwrap_or_default();
    let here = robust_core::import::tensors(bytes).unwrap_or_default();
    for tensor in there.into_values().chain(here.into_values()) {
        let numbers = tensor.shape.iter().try_fold(1usize, |all, extent| all.checked_mul(*extent));
        if numbers.is_some_and(|numbers| numbers <= MOST) {
            let _ = (tensor.values)();
        }
    }
});
