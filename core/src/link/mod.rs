//! Links: everything that a shared view needs, in the fragment of a URL.
//!
//! A fragment never leaves the browser. It reads `VERSION.TEXT`, where the text is base64url
//! (no padding) of the content in postcard's encoding followed by its CRC-32, little endian.
//! Nothing in a link is trusted: [`Link::from_fragment`] gives a checked link or an error.
//!
//! What a version holds is a file of its own (`v2` is written, `v1` is only read), and apart from
//! the settings of the program, so that these can change while every link ever made still opens.
//!
//! # Adding a kind of link
//!
//! 1. `v2.rs`: a variant at the end of [`Link`], and one more in `KINDS`. A field that is a setting of
//!    the program gets a mirror below, as `Goal` has.
//! 2. `check.rs`: what it may ask for.
//! 3. `tests/mod.rs`: a line in `link()`, which draws links of all kinds; `tests/stored.rs`: an example,
//!    whose text is kept in `tests/fixtures/links` from then on.
//!
//! Older programs say of a kind that they do not know that the page has to be reloaded. Only a change
//! of what is already there takes a new version: `v3.rs` with the types of today, and a `From` of
//! `v2`'s, as `v1.rs` has one.

mod carried;
mod check;
#[cfg(feature = "photo")]
mod embed;
mod region;
mod v1;
mod v2;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crc::{CRC_32_ISO_HDLC, Crc, NoTable};
use serde::de::DeserializeOwned;

use crate::settings::SettingsError;

#[cfg(feature = "photo")]
pub(crate) use carried::KEYWORD;
pub use carried::link_of;
#[cfg(feature = "photo")]
pub use embed::{embed, open};
pub use region::RegionLink;
pub use v2::{
    AimLink, DrawingLink, InkLink, Link, LinkStart, PathLink, SheetLink, Stop, StrokeLink,
};

/// The version that this program writes.
const VERSION: u32 = 2;

/// Longest fragment that is looked at, in bytes.
const MAX_FRAGMENT: usize = 64 << 10;

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
    /// Of a kind that only later programs know.
    #[error("this link shows something that only a newer version of this page knows: reload it")]
    NewKind,
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
        let link = match version {
            1 => read::<v1::Link>(content)?.into(),
            _ if kind(content) >= Some(v2::KINDS) => return Err(LinkError::NewKind),
            _ => read::<Link>(content)?,
        };
        link.check().map(|()| link)
    }
}

/// All of the content as one version's link.
fn read<T: DeserializeOwned>(content: &[u8]) -> Result<T, LinkError> {
    match postcard::take_from_bytes(content) {
        Ok((link, [])) => Ok(link),
        _ => Err(LinkError::Damaged),
    }
}

/// The number of a link's kind, with which its content begins.
fn kind(content: &[u8]) -> Option<u32> {
    postcard::from_bytes(content).ok()
}

/// The CRC-32 that PNG and zip files use.
pub fn checksum(content: &[u8]) -> u32 {
    Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC).checksum(content)
}

#[cfg(test)]
mod tests;
