//! A real browser on the built page, for tests that read like a visit.

mod console;
mod debugger;
mod driver;
mod site;
mod visit;

pub use debugger::{Debugger, Target};
pub use site::{Site, dist};
pub use visit::{Hand, Visit};
