//! Changing one image towards a goal: a feature or class (equation 4), features added (equation 7),
//! another photo's representation (equations 1 and 2).

mod add;
mod atlas;
mod brush;
mod collide;
mod link;
mod state;
mod tiles;

pub use add::VIEW as ADD;
pub use atlas::VIEW as ATLAS;
pub use collide::VIEW as COLLIDE;
pub use state::{Change, ChangeChosen};
pub use tiles::{AtlasSheet, Tile};
