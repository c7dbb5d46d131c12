//! Pieces of the page that several views put together.

pub mod authors;
pub mod canvas;
pub mod chart;
pub mod controls;
pub mod frame;
pub mod panel;
pub mod select;
pub mod term;
pub mod wipe;
