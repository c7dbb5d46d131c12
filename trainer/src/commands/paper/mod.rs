//! The paper's figures, and the sheet of all features.

pub mod atlas;
pub mod figures;
