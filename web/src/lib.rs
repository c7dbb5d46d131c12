//! The page, its engines, what reads photos for them (`reader`), and what makes models of other programs'
//! checkpoints (`importer`).
//!
//! The page (`page`) never computes: each model has a worker (`worker`) with an engine of its
//! own, and the two talk in the messages of [`protocol`].

pub mod curve;
pub mod drawing;
#[cfg(feature = "importer")]
pub mod importer;
pub mod protocol;
#[cfg(feature = "reader")]
pub mod reader;
pub mod recovery;
#[cfg(any(feature = "engine", feature = "reader", feature = "importer"))]
mod scope;
pub mod turn;
pub mod zip;

#[cfg(feature = "page")]
pub mod page;

#[cfg(any(feature = "page", feature = "engine", feature = "reader", feature = "importer"))]
mod wire;

#[cfg(feature = "engine")]
pub mod worker;
