//! What was made in this visit, and the steps that led there: everything can be had again, until the
//! page is closed.

mod described;
mod made;
mod save;
mod shown;
mod undo;
mod view;

pub use described::Described;
pub use made::History;
pub use shown::Shown;
pub use view::MadeHere;
