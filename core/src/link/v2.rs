//! The links of version 2, which this program writes.
//!
//! What postcard writes of an enum is the place of its variant, and of a struct its fields in their
//! order. So nothing here may be taken out or change its place; new variants go to the end. Settings
//! have a mirror here each, which holds their order in a link, so that they can be sorted, named and
//! extended as the program likes: the compiler tells where a mirror no longer shows its original.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::RegionLink;
use crate::settings;

/// Where an image of a link starts.
pub type LinkStart = settings::Start<Stop>;

/// How many kinds of links there are; those of a later program have higher numbers.
pub(super) const KINDS: u32 = 7;

/// What a link shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Link {
    /// A path between photos.
    Path(PathLink),
    /// Why a photo is what it is.
    Explain {
        /// The photo.
        photo: Stop,
        /// The class that is explained, or the predicted one.
        class: Option<usize>,
    },
    /// An image changed towards a goal.
    Change {
        /// The image that is changed.
        #[serde(with = "Start")]
        start: LinkStart,
        /// The photo to collide with.
        other: Option<Stop>,
        /// What it is changed towards.
        #[serde(with = "Goal")]
        goal: settings::change::Goal,
    },
    /// A drawing, and what is made of it.
    Drawing(DrawingLink),
    /// A photo whose representation is inverted.
    Invert {
        /// The photo.
        photo: Stop,
        /// How it is inverted.
        #[serde(with = "InvertSettings")]
        settings: settings::InvertSettings,
        /// Where the image starts.
        #[serde(with = "Start")]
        start: LinkStart,
    },
    /// Why a photo is what it is, and what would have to change for it to be something else.
    WhyNot {
        /// The photo.
        photo: Stop,
        /// The class that is explained, or the predicted one.
        class: Option<usize>,
        /// The class that it is not.
        other: usize,
    },
    /// An image changed towards a goal in a way that [`Link::Change`] does not tell.
    ChangeBy {
        /// The image that is changed.
        #[serde(with = "Start")]
        start: LinkStart,
        /// The photo to collide with.
        other: Option<Stop>,
        /// What it is changed towards.
        #[serde(with = "Goal")]
        goal: settings::change::Goal,
        /// Whether it takes the authors' steps.
        authors: bool,
        /// The part of the image that may change; all of it if there is none.
        region: Option<RegionLink>,
    },
}

/// A path between photos.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PathLink {
    /// Name of the model in the catalog.
    pub model: String,
    /// The photos, in order.
    pub stops: Vec<Stop>,
    /// How the frames between them are computed.
    #[serde(with = "PathSettings")]
    pub settings: settings::path::PathSettings,
}

/// A drawing, and what is made of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DrawingLink {
    /// What was drawn on.
    pub sheet: SheetLink,
    /// What was drawn, in order.
    pub strokes: Vec<StrokeLink>,
    /// What is made of it.
    #[serde(with = "Making")]
    pub making: settings::paint::Making,
    /// How far it may go, in hundredths of as far as its steps could.
    pub reach: u8,
    /// What it is to become; nothing is made where there is no aim.
    pub aim: Option<AimLink>,
}

/// What was drawn on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SheetLink {
    /// One colour, `0xRRGGBB`.
    Colour(u32),
    /// Noise of this seed.
    Noise(u32),
    /// A photo.
    Photo(Stop),
}

/// What an image is to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AimLink {
    /// What the network sees in it.
    Seen,
    /// A class.
    Class(usize),
    /// A class, from the draws of its Gaussian with this seed, whatever was drawn.
    Dream {
        /// The class.
        class: usize,
        /// Seed of the draws.
        seed: u32,
    },
}

/// A stroke through some places.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StrokeLink {
    /// What it leaves.
    pub ink: InkLink,
    /// Its width, in hundredths of the image's side.
    pub width: u8,
    /// Across and down by turns, as [`StrokeLink::place`] writes them.
    pub places: ByteBuf,
}

impl StrokeLink {
    /// A share of the image's side in a byte, from an eighth before the image to an eighth behind
    /// it, so that a stroke can leave the image and come back.
    pub fn place(share: f32) -> u8 {
        (share * 204.0 + 25.5).round() as u8
    }

    /// The share that a byte stands for.
    pub fn share(place: u8) -> f32 {
        (f32::from(place) - 25.5) / 204.0
    }
}

/// What a stroke leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InkLink {
    /// A colour, `0xRRGGBB`.
    Colour(u32),
    /// What the sheet had there.
    Sheet,
    /// A hole, which grows again.
    Hole,
}

/// A photo of a link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Stop {
    /// A photo of the gallery.
    Gallery {
        /// Its file's name without extension.
        name: String,
        /// What the network sees of it.
        #[serde(with = "Crop")]
        crop: settings::Crop,
    },
    /// The square that the network sees, as a small JPEG or WebP file.
    Embedded(ByteBuf),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "settings::Start<Stop>")]
enum Start {
    Noise,
    Grey,
    Photo(Stop),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "settings::Crop")]
enum Crop {
    Centre,
    Square { x: f32, y: f32, side: f32 },
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "settings::InvertSettings")]
struct InvertSettings {
    steps: usize,
    step_size: f32,
    epsilon: f32,
    seed: u64,
    #[serde(with = "Solver")]
    solver: settings::Solver,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "settings::path::PathSettings")]
struct PathSettings {
    frames: usize,
    steps: usize,
    step_size: f32,
    epsilon: f32,
    #[serde(with = "PathStart")]
    start: settings::path::PathStart,
    seed: u64,
    #[serde(with = "Solver")]
    solver: settings::Solver,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "settings::path::PathStart")]
pub(super) enum PathStart {
    Blend,
    Noise,
    Grey,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "settings::Solver")]
enum Solver {
    Plain,
    Decay,
    Coarse,
    Momentum,
    Adam,
    BarzilaiBorwein,
    Lbfgs,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "settings::change::Goal")]
enum Goal {
    Feature(usize),
    Class(usize),
    Add(Vec<usize>),
    Collide { epsilon: f32 },
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "settings::paint::Making")]
enum Making {
    Generate,
    Sketch,
    Translate,
    SuperResolve,
    Inpaint,
    Feature,
}
