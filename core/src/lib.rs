//! What the page and the command line share.
//!
//! The pieces, from the outside in:
//!
//! * [`photo`] turns a file into the [`pixels::Pixels`] that a network sees;
//! * [`weights`] reads and writes the one file a model lives in, [`card`] is its description,
//!   [`architecture`] its shape;
//! * [`model`] runs it: representation and logits from one forward pass, [`convolution`] by convolution;
//! * [`objective`] says what an image should be changed towards and [`pgd`] changes it;
//! * [`measure`] says how well an inversion went, [`verify`] whether the numbers are right;
//! * [`features`] shows, adds and weighs coordinates of a representation, [`change`] changes
//!   photos towards other [`goal`]s;
//! * [`morph`] and [`interpolation`] join photos by a path, [`link`] shares one;
//! * [`settings`] and [`catalog`] are all that the page itself needs.
//!
//! Images are RGB in [0, 1], `[batch, 3, height, width]`, f32. Equations and tables are those of
//! "Learning Perceptually-Aligned Representations via Adversarial Robustness" (2019).

pub mod architecture;
pub mod atlas;
pub mod card;
pub mod catalog;
pub mod explanation;
pub mod goal;
pub mod link;
pub mod measure;
pub mod morph;
pub mod pixels;
pub mod settings;
pub mod speed;

#[cfg(feature = "weights")]
pub mod weights;

#[cfg(feature = "photo")]
pub mod photo;
#[cfg(feature = "photo")]
pub mod strip;

#[cfg(feature = "engine")]
pub mod bench;
#[cfg(feature = "engine")]
pub mod change;
#[cfg(feature = "engine")]
pub mod convolution;
#[cfg(feature = "engine")]
pub mod features;
#[cfg(all(test, feature = "flex"))]
mod fixture;
#[cfg(feature = "engine")]
pub mod interpolation;
#[cfg(feature = "engine")]
pub mod inversion;
#[cfg(feature = "engine")]
pub mod model;
#[cfg(feature = "engine")]
pub mod network;
#[cfg(feature = "engine")]
pub mod normalisation;
#[cfg(feature = "engine")]
pub mod objective;
#[cfg(feature = "engine")]
pub mod pgd;
#[cfg(feature = "engine")]
mod products;
#[cfg(feature = "flex")]
mod slices;
#[cfg(feature = "flex")]
mod threads;
#[cfg(feature = "engine")]
pub mod verify;

#[cfg(feature = "engine")]
pub use burn;
