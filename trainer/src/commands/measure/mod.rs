//! How good a model is, how exact the numbers, how fast the steps.

mod autoattack;
pub mod bench;
pub mod bench_solvers;
pub mod bench_train;
pub mod eval;
mod inversions;
pub mod verify;
