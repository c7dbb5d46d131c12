//! The paper's uses of a representation, each prepared as a run.

pub mod change;
pub mod explain;
pub mod invert;
pub mod paint;
pub mod path;
