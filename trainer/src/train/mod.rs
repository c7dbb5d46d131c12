//! Training, equation (3): data → attack → update, with all that a long run needs.

mod checkpoint;
mod claim;
mod config;
mod learner;
mod progress;
mod replicas;
mod run;
mod schedule;
mod trial;

pub use config::{TrainConfig, with_preset};
pub use run::{Job, train};
pub use trial::Trial;
