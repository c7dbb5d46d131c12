//! Optimising images: objectives ([`objective`]), solvers ([`pgd`]) and the step-by-step run ([`Run`]).

pub mod objective;
pub mod pgd;
mod run;

pub use run::{Report, Run, Watch, drive};
