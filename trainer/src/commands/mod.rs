//! One module a subcommand: its arguments and what it does.

pub mod bench;
pub mod catalog;
pub mod import;
pub mod info;
pub mod invert;
pub mod verify;
