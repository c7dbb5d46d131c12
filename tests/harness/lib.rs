//! A real browser on the built page, for tests that read like a visit.

mod driver;
mod site;
mod visit;

pub use site::{Site, dist};
pub use visit::Visit;
