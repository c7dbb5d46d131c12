//! The paper's uses of a representation, each prepared as a run.

mod add;
pub mod change;
pub mod explain;
pub mod invert;
pub mod paint;
pub mod path;

pub use add::Additions;
