//! One module a subcommand, its arguments and what it does, in rooms by purpose.

mod arguments;
pub mod measure;
pub mod model;
pub mod paint;
pub mod paper;
pub mod photos;
