//! Where model files come from, what they say, and where they go.

pub mod average;
pub mod catalog;
pub mod examples;
pub mod export;
pub mod gaussians;
pub mod import;
pub mod info;
pub mod serve;
mod torch;
pub mod train;
