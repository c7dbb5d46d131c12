//! What the page and the command line share, in two halves.
//!
//! What is described, and needs no tensors:
//!
//! * [`settings`]: what a person can set, for each task;
//! * [`image`]: the pixels that a network sees, photos that become them, and how two images compare;
//! * [`model`]: the one file a model lives in, its card, architecture, atlas and catalog;
//! * [`report`]: what a task or a measurement found;
//! * [`link`]: all of that in the fragment of an address.
//!
//! What a run holds its images to, in words and in numbers alike, in [`constraint`].
//!
//! What computes, in [`engine`]: kernels, the network, solvers, tasks and checks. What reads networks of
//! other programs, in `import`.
//!
//! Images are RGB in [0, 1], `[batch, 3, height, width]`, f32. Equations and tables are those of
//! "Learning Perceptually-Aligned Representations via Adversarial Robustness" (2019).

pub mod constraint;
pub mod image;
pub mod link;
pub mod model;
pub mod report;
pub mod settings;

#[cfg(feature = "engine")]
pub mod engine;
#[cfg(feature = "import")]
pub mod import;

#[cfg(feature = "engine")]
pub use burn;
