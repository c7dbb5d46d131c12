//! Lists of what can be downloaded, and the files that stand beside a model.

#![no_main]

use libfuzzer_sys::fuzz_target;
use robust_core::model::atlas::Atlas;
use robust_core::model::catalog::{CatalogEntry, Engines};
use robust_core::model::gaussians::Gaussians;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(mut catalog) = serde_json::from_slice::<Vec<CatalogEntry>>(bytes) {
        // Numbers of a card may be too large for it, and infinity has no JSON.
        catalog.iter_mut().for_each(|entry| entry.card = None);
        let text = serde_json::to_vec(&catalog).unwrap_or_default();
        assert_eq!(serde_json::from_slice::<Vec<CatalogEntry>>(&text).ok(), Some(catalog));
    }
    let _ = serde_json::from_slice::<Engines>(bytes);
    let _ = serde_json::from_slice::<Atlas>(bytes);
    let _ = Gaussians::from_json(bytes, 9);
});
