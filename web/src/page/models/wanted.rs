//! A network that a link asks for: by its address and its SHA-256.

use crate::page::sharing::url;

/// What the address says of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Where it is.
    pub address: String,
    /// SHA-256 of its file, in hexadecimal.
    pub sha256: String,
    /// Whether that is a path of this site. From elsewhere the page fetches nothing.
    pub local: bool,
}

impl Wanted {
    /// The network of `?model=ADDRESS&sha256=HEX`; none where one of them is missing or not such a thing.
    pub fn of_address() -> Option<Self> {
        let address = url::parameter("model")?;
        let sha256 = url::parameter("sha256")?.to_ascii_lowercase();
        let hash = sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
        let local = url::local_path("model").is_some();
        (hash && (local || address.starts_with("https://"))).then_some(Self {
            address,
            sha256,
            local,
        })
    }
}
