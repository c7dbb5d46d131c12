//! What a model is: its shape, its description, its tensors, and what lies beside its file.

pub mod architecture;
pub mod atlas;
pub mod card;
pub mod catalog;
pub mod gaussians;
#[cfg(feature = "weights")]
pub mod weights;
