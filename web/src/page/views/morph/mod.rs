//! Two photos or more, joined by a path of images, and its link.

mod fade;
mod path;
mod player;
mod save;
mod stops;
mod video;
mod view;

pub use fade::preview;
pub use path::{GONE, Morph, PathChosen};
pub use save::{hear_saved, offer};
pub use view::VIEW;
