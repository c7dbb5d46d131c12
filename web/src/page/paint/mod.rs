//! One robust classifier that paints: a drawing becomes what the network knows, live.

mod easel;
mod run;
mod state;
mod tools;
mod view;

pub use state::Paint;
pub use view::PaintView;
