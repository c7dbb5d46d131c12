//! What the page does, on files.

pub mod collide;
pub mod explain;
mod frames;
pub mod interpolate;
pub mod invert;
pub mod link;
pub mod open;
pub mod rank;
pub mod visualise;
pub mod why_not;
