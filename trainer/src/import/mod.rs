//! Networks that other programs have trained.

mod state_dict;

pub use state_dict::StateDict;
