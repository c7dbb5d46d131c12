//! For inputs of few channels: all that a kernel covers side by side, as if they were channels.

use super::collected;
use super::gather::Gather;
use crate::engine::kernels::convolution::After;
use crate::engine::kernels::convolution::layer::Layer;
use crate::engine::kernels::threads::{for_each, for_each_chunk};

/// Rows that a core makes at once.
const BLOCK: usize = 64;

/// `[targets][taps * in]` of `x`, `[pixels][in]`; `gather` is the forward pass's, in order.
pub fn collect(layer: &Layer, gather: &Gather, x: &[f32]) -> Vec<f32> {
    let depth = layer.channels[0];
    let row = layer.taps() * depth;
    let mut patches = vec![0.0; gather.len() * row];
    for_each_chunk(&mut patches, BLOCK * row, |block, rows| {
        for (i, patch) in rows.chunks_exact_mut(row).enumerate() {
            let target = gather.target(block * BLOCK + i);
            for tap in &gather.taps {
                if let Some(source) = gather.source(&target, tap) {
                    let place = &mut patch[tap.number * depth..][..depth];
                    place.copy_from_slice(&x[source * depth..][..depth]);
                }
            }
        }
    });
    patches
}

/// The transpose of [`collect`], `[pixels][in]`: every pixel is the sum of all numbers of the
/// patches that came from it. `phases` are those of the backward pass.
pub fn scatter(
    layer: &Layer,
    phases: &[Gather],
    patches: &[f32],
    after: &After<&[f32]>,
) -> Vec<f32> {
    let (depth, taps) = (layer.channels[0], layer.taps());
    collected(phases, depth, after, |out| {
        for gather in phases {
            for_each(1, gather.len(), |_, targets| {
                for target in targets.map(|index| gather.target(index)) {
                    let mut sum = [0.0; Layer::THICK];
                    for tap in &gather.taps {
                        if let Some(source) = gather.source(&target, tap) {
                            let values = &patches[(source * taps + tap.number) * depth..][..depth];
                            sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
                        }
                    }
                    // SAFETY: a gather has no pixel twice.
                    #[allow(unsafe_code)]
                    unsafe {
                        out.write(target.pixel, 0, &mut sum[..depth]);
                    };
                }
            });
        }
    })
}
