//! Two photos or more, joined by a path of images, and its link.

mod fade;
mod path;
mod player;
mod save;
mod share;
mod stops;
mod video;
mod view;

pub use path::Morph;
pub use save::hear_saved;
pub use view::MorphView;
