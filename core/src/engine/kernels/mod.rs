//! The operations that Burn's backends are given beside their own.

pub mod convolution;
pub mod normalisation;
pub(crate) mod products;
#[cfg(feature = "flex")]
mod slices;
#[cfg(feature = "flex")]
mod threads;
