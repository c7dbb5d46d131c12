//! Changing images: what for ([`objective`]), how ([`pgd`]), and step by step ([`Run`]).

pub mod objective;
pub mod pgd;
mod run;

pub use run::{Report, Run, Watch, drive};
