//! How large images are, as they are asked for and as they are read.

/// What the side of an image is brought to, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// This one: smaller images are enlarged.
    Exactly(usize),
    /// Its own, or this one where that is longer.
    AtMost(usize),
}

impl Side {
    /// The side of an image that has `own` pixels a side.
    pub fn of(self, own: u32) -> u32 {
        match self {
            Side::Exactly(size) => size as u32,
            Side::AtMost(size) => own.min(size as u32),
        }
    }

    /// The longest that an image can come to have.
    pub fn longest(self) -> u32 {
        match self {
            Side::Exactly(size) | Side::AtMost(size) => size as u32,
        }
    }
}
