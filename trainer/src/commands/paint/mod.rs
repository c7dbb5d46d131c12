//! What one robust classifier can make (Santurkar et al. 2019): images of a class, from a draw, a
//! drawing, another photo, a small photo, or a photo with a hole.

pub mod generate;
pub mod inpaint;
mod make;
pub mod sketch;
pub mod super_resolve;
pub mod translate;

pub use make::{classes, gaussians, region};
