//! For inputs of few channels: all that a kernel covers side by side, as if they were channels.

use super::gather::{Gather, PADDING};

/// `[targets][taps * depth]` of `x`, `[pixels][depth]`, in the order of the targets' numbers.
pub fn collect(gather: &Gather, x: &[f32], depth: usize) -> Vec<f32> {
    let row = gather.taps.len() * depth;
    let mut patches = vec![0.0; gather.targets.len() * row];
    let sources = gather.sources.chunks_exact(gather.taps.len());
    for (target, sources) in gather.targets.iter().zip(sources) {
        let patch = patches[*target as usize * row..][..row].chunks_exact_mut(depth);
        for (place, source) in patch.zip(sources).filter(|(_, source)| **source != PADDING) {
            place.copy_from_slice(&x[*source as usize * depth..][..depth]);
        }
    }
    patches
}

/// The transpose of [`collect`]: adds every number of the patches to the pixel that it came from.
pub fn scatter(gather: &Gather, patches: &[f32], x: &mut [f32], depth: usize) {
    let row = gather.taps.len() * depth;
    let sources = gather.sources.chunks_exact(gather.taps.len());
    for (target, sources) in gather.targets.iter().zip(sources) {
        let patch = patches[*target as usize * row..][..row].chunks_exact(depth);
        for (values, source) in patch.zip(sources).filter(|(_, source)| **source != PADDING) {
            let pixel = &mut x[*source as usize * depth..][..depth];
            pixel.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        }
    }
}
