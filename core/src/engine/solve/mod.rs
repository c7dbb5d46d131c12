//! Changing images: what for ([`objective`]), and how ([`pgd`]).

pub mod objective;
pub mod pgd;
