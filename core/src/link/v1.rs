//! The links of version 1: paths alone, by plain PGD. Read, and never written again.

use serde::Deserialize;

use super::v2::{self, PathLink, Stop};
use crate::settings;
use crate::settings::path::PathSettings;

/// All that a link could show.
#[derive(Deserialize)]
pub(super) enum Link {
    Path(Path),
}

#[derive(Deserialize)]
pub(super) struct Path {
    model: String,
    stops: Vec<Stop>,
    settings: Settings,
}

#[derive(Deserialize)]
struct Settings {
    frames: usize,
    steps: usize,
    step_size: f32,
    epsilon: f32,
    #[serde(with = "v2::PathStart")]
    start: settings::path::PathStart,
    seed: u64,
}

impl From<Link> for super::Link {
    fn from(Link::Path(path): Link) -> Self {
        let Settings { frames, steps, step_size, epsilon, start, seed } = path.settings;
        let solver = settings::Solver::Plain;
        let settings = PathSettings { frames, steps, step_size, epsilon, start, seed, solver };
        Self::Path(PathLink { model: path.model, stops: path.stops, settings })
    }
}
