//! One module per subcommand, with its arguments and what it does, in folders by purpose.

mod arguments;
pub mod measure;
pub mod model;
pub mod paint;
pub mod paper;
pub mod photos;
