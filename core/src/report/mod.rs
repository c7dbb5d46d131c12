//! What tasks and measurements found, as messages and files carry it.

mod bench;
mod explain;

pub use bench::{Speed, WARM_UP};
pub use explain::{Contribution, Explanation, ranking};
