//! Model files.

#![no_main]

use libfuzzer_sys::fuzz_target;
use robust_core::model::weights::{Precision, Weights};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(weights) = Weights::from_bytes(bytes) {
        let written = weights.to_bytes(Precision::F32).map(|bytes| Weights::from_bytes(&bytes));
        assert!(written.is_ok_and(|again| again.is_ok_and(|again| again == weights)));
    }
});
