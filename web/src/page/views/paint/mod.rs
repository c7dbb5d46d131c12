//! One robust classifier that paints: a drawing becomes what the network knows, live.

mod easel;
mod link;
mod run;
mod state;
mod strokes;
mod tools;
mod view;

pub use state::Paint;
pub use view::VIEW;
