//! One module a subcommand: its arguments and what it does.

pub mod atlas;
pub mod average;
pub mod bench;
pub mod bench_solvers;
pub mod bench_train;
pub mod catalog;
pub mod collide;
pub mod eval;
pub mod explain;
pub mod export;
pub mod figures;
pub mod import;
pub mod info;
pub mod interpolate;
pub mod invert;
pub mod link;
pub mod open;
pub mod rank;
pub mod train;
pub mod verify;
pub mod visualise;
pub mod why_not;
