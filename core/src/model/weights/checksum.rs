//! What tells a damaged model file from a whole one: most flipped bits of a weight leave a number that
//! looks like any other.

use crc::{CRC_32_ISO_HDLC, Crc};

static CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// What stands in the description while its own checksum is computed.
pub(super) const BLANK: &str = "00000000";

/// The CRC-32 of the description, its checksum blank, and of every tensor's name and bytes, in order
/// of name; in hexadecimal.
pub(super) fn checksum(description: &str, tensors: &mut [(&str, &[u8])]) -> String {
    tensors.sort_by_key(|(name, _)| *name);
    let mut digest = CRC.digest();
    digest.update(description.as_bytes());
    for (name, bytes) in tensors {
        digest.update(name.as_bytes());
        digest.update(bytes);
    }
    format!("{:08x}", digest.finalize())
}
