//! Links: everything that a shared view needs, in the fragment of a URL.
//!
//! A fragment never leaves the browser. It reads `VERSION.TEXT`, where the text is base64url
//! (no padding) of the content in postcard's encoding followed by its CRC-32, little endian.
//! Nothing in a link is trusted: [`Link::from_fragment`] gives a checked link or an error.

mod carried;
#[cfg(feature = "photo")]
mod embed;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crc::{CRC_32_ISO_HDLC, Crc, NoTable};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::settings::change::{COLLIDE_EPSILONS, Goal, MOST_ADDED};
use crate::settings::path::{PathSettings, STOPS};
use crate::settings::{Crop, SettingsError, Solver};

#[cfg(feature = "photo")]
pub(crate) use carried::KEYWORD;
pub use carried::link_of;
#[cfg(feature = "photo")]
pub use embed::{embed, open};

/// The version that this program writes.
const VERSION: u32 = 2;

/// Longest fragment that is looked at, in bytes.
const MAX_FRAGMENT: usize = 64 << 10;

/// Longest name of a model or a gallery photo.
const MAX_NAME: usize = 64;

/// Largest photo inside a link, in bytes.
const MAX_PHOTO: usize = 16 << 10;

/// Most steps that opening a link may cost: the authors' number.
const MAX_STEPS: usize = 10_000;

/// No representation is longer and no network has more classes.
const MAX_NUMBER: usize = 4096;

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
        start: LinkStart,
        /// The photo to collide with.
        other: Option<Stop>,
        /// What it is changed towards.
        goal: Goal,
    },
}

/// Where an image of a link starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum LinkStart {
    /// Noise around grey.
    Noise,
    /// Grey 0.5.
    Grey,
    /// A photo.
    Photo(Stop),
}

/// A path between photos.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PathLink {
    /// Name of the model in the catalog.
    pub model: String,
    /// The photos, in order.
    pub stops: Vec<Stop>,
    /// How the frames between them are computed.
    pub settings: PathSettings,
}

/// A photo of a path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Stop {
    /// A photo of the gallery.
    Gallery {
        /// Its file's name without extension.
        name: String,
        /// What the network sees of it.
        crop: Crop,
    },
    /// The square that the network sees, as a small JPEG or WebP file.
    Embedded(ByteBuf),
}

/// Why a link cannot be opened.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum LinkError {
    /// Some other text.
    #[error("this is not a link of Robust Reps")]
    Foreign,
    /// Written by a later version.
    #[error(
        "this link was made by a newer version ({0}) than this page knows ({VERSION}): reload it"
    )]
    Newer(u32),
    /// Cut short or altered on its way.
    #[error("this link is damaged or incomplete: ask for it again")]
    Damaged,
    /// Longer than any link.
    #[error("this link is too long to be one of Robust Reps")]
    TooLong,
    /// Says something that this program never writes.
    #[error("this link asks for something that cannot be: {0}")]
    Invalid(&'static str),
    /// A setting out of range.
    #[error("this link asks for something that cannot be: {0}")]
    Settings(#[from] SettingsError),
}

/// The CRC-32 that PNG and zip files use.
fn checksum(content: &[u8]) -> u32 {
    Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC).checksum(content)
}

impl Link {
    /// The fragment without `#`.
    ///
    /// # Errors
    ///
    /// [`LinkError`] where the content is not one that [`Link::from_fragment`] would accept.
    pub fn to_fragment(&self) -> Result<String, LinkError> {
        self.check()?;
        let mut bytes = postcard::to_allocvec(self).map_err(|_| LinkError::TooLong)?;
        bytes.extend(checksum(&bytes).to_le_bytes());
        let fragment = format!("{VERSION}.{}", URL_SAFE_NO_PAD.encode(bytes));
        if fragment.len() > MAX_FRAGMENT {
            return Err(LinkError::TooLong);
        }
        Ok(fragment)
    }

    /// Reads a fragment, with or without `#`, or the whole link that ends in it.
    ///
    /// # Errors
    ///
    /// [`LinkError`] says what is wrong.
    pub fn from_fragment(text: &str) -> Result<Self, LinkError> {
        let text = text.trim();
        let fragment = text.rsplit_once('#').map_or(text, |(_, fragment)| fragment);
        if fragment.len() > MAX_FRAGMENT {
            return Err(LinkError::TooLong);
        }
        let (version, text) = fragment.split_once('.').ok_or(LinkError::Foreign)?;
        let version = match version.parse() {
            Ok(version @ 1..) => version,
            _ => return Err(LinkError::Foreign),
        };
        if version > VERSION {
            return Err(LinkError::Newer(version));
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| LinkError::Damaged)?;
        let (content, sum) = bytes.split_last_chunk().ok_or(LinkError::Damaged)?;
        if checksum(content) != u32::from_le_bytes(*sum) {
            return Err(LinkError::Damaged);
        }
        let mut content = content.to_vec();
        if version == 1 {
            // Paths were all there was, and plain PGD the only solver: the one byte they lack.
            content.push(Solver::Plain as u8);
        }
        match postcard::take_from_bytes::<Self>(&content) {
            Ok((link, [])) => link.check().map(|()| link),
            _ => Err(LinkError::Damaged),
        }
    }

    fn check(&self) -> Result<(), LinkError> {
        match self {
            Link::Path(link) => link.check(),
            Link::Explain { photo, class } => {
                photo.check()?;
                check_numbers(class.as_slice())
            }
            Link::Change { start, other, goal } => {
                if let LinkStart::Photo(photo) = start {
                    photo.check()?;
                }
                other.iter().try_for_each(Stop::check)?;
                check_goal(goal)
            }
        }
    }
}

fn check_numbers(numbers: &[usize]) -> Result<(), LinkError> {
    if numbers.iter().any(|number| *number >= MAX_NUMBER) {
        return Err(LinkError::Invalid("a number that no network has"));
    }
    Ok(())
}

fn check_goal(goal: &Goal) -> Result<(), LinkError> {
    match goal {
        Goal::Feature(number) | Goal::Class(number) => check_numbers(&[*number]),
        Goal::Add(features) if !(1..=MOST_ADDED).contains(&features.len()) => {
            Err(LinkError::Invalid("no features to add, or too many"))
        }
        Goal::Add(features) => check_numbers(features),
        Goal::Collide { epsilon } if !COLLIDE_EPSILONS.contains(epsilon) => {
            Err(LinkError::Invalid("a radius out of range"))
        }
        Goal::Collide { .. } => Ok(()),
    }
}

impl PathLink {
    fn check(&self) -> Result<(), LinkError> {
        self.settings.check()?;
        if self.settings.steps > MAX_STEPS {
            return Err(LinkError::Invalid("more than 10,000 steps"));
        }
        if !STOPS.contains(&self.stops.len()) {
            return Err(LinkError::Invalid("a path of fewer than 2 or more than 8 photos"));
        }
        if !is_name(&self.model) {
            return Err(LinkError::Invalid("a model whose name cannot be one"));
        }
        self.stops.iter().try_for_each(Stop::check)
    }
}

impl Stop {
    fn check(&self) -> Result<(), LinkError> {
        let share = |v: f32| (0.0..=1.0).contains(&v);
        match self {
            Stop::Gallery { name, .. } if !is_name(name) => {
                Err(LinkError::Invalid("a gallery photo whose name cannot be one"))
            }
            Stop::Gallery { crop: Crop::Square { x, y, side }, .. }
                if !(share(*x) && share(*y) && share(*side)) =>
            {
                Err(LinkError::Invalid("a crop outside its photo"))
            }
            Stop::Embedded(bytes) if bytes.len() > MAX_PHOTO => {
                Err(LinkError::Invalid("a photo too large for a link"))
            }
            _ => Ok(()),
        }
    }
}

/// Names become parts of paths: letters, digits, `-` and `_`, as in our own files.
fn is_name(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=MAX_NAME).contains(&name.len()) && name.chars().all(letter)
}

#[cfg(test)]
mod tests;
