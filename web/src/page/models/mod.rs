//! The networks that a visitor can choose from, and bring.

mod form;
mod import;
pub mod kept;
mod list;
mod load;
mod state;
mod wanted;

pub use import::is_network;
pub use list::Networks;
pub use load::Loading;
pub use state::Models;
