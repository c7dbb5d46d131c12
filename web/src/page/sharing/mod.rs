//! What leaves the page, where a visitor wants it: addresses that show the same to others, and pictures to
//! keep.

pub mod keep;
pub mod link;
pub mod share;
pub mod url;
