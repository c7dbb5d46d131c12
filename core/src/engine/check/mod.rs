//! Whether a device computes the authors' numbers, and how fast.

pub mod bench;
pub mod verify;
