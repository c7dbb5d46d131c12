//! What computes, from the inside out:
//!
//! * [`kernels`]: the loops that a step spends its time on, for each of Burn's backends;
//! * [`network`]: the residual network made of them, and [`Model`], which adds the normaliser;
//! * [`solve`]: projected gradient descent, its solvers, and the objectives it descends on;
//! * [`tasks`]: the paper's uses of a representation;
//! * [`check`]: whether the numbers are right, and how fast they come.

pub mod check;
pub(crate) mod error;
#[cfg(all(test, feature = "flex"))]
pub(crate) mod fixture;
pub mod kernels;
mod model;
pub mod network;
pub mod solve;
pub mod tasks;

pub use error::TaskError;
pub use model::Model;
