//! Whether this device computes correctly, which a few numbers tell.

use burn::tensor::Device;
use robust_core::engine::Model;
use robust_core::engine::check::verify::{Reference, VerifyError, verify};

use super::{failed, time};
use crate::protocol::Fault;

/// What the device gets wrong of a reference to `weights`, in words, if anything.
pub(super) async fn prove(
    device: &Device,
    weights: &[u8],
    reference: &[u8],
) -> Result<Option<String>, Fault> {
    let model = Model::from_bytes(weights, device).map_err(|error| error.to_string())?;
    let reference = Reference::from_bytes(reference).map_err(|error| error.to_string())?;
    let verification = verify(&model, &reference, async |_| time::next_turn().await).await;
    let verification = verification.map_err(|error| match error {
        VerifyError::Task(error) => failed(error),
        error => error.to_string().into(),
    })?;
    let wrong = verification.keys.iter().find(|key| key.is_wrong());
    Ok(wrong.map(|key| format!("{} off by {:.0} %", key.key, 100.0 * key.max_rel)))
}
