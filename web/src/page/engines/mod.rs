//! What computes for the page: a worker for each network, the place where the page shows its work, and
//! what becomes of both when a device is lost.

pub mod adapter;
pub mod background;
pub mod engine;
pub mod place;
pub mod recover;
pub mod shown;
pub mod slot;
pub mod state;
