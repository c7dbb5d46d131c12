//! Images: what a network sees, the photos it comes from, and how alike two of them are.

pub mod measure;
#[cfg(feature = "photo")]
pub mod photo;
mod pixels;
#[cfg(feature = "photo")]
pub mod strip;

pub use pixels::Pixels;
