//! Changing one image towards a goal: a feature or class (equation 4), features added (equation 7),
//! another photo's representation (equations 1 and 2).

mod add;
mod atlas;
mod brush;
mod collide;
mod state;
mod tiles;

pub use add::AddView;
pub use atlas::AtlasView;
pub use collide::CollideView;
pub use state::Change;
pub use tiles::{AtlasSheet, Tile};
