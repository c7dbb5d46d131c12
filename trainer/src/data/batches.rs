//! Batches, prepared ahead of the device. What a batch holds follows from the seed and its number
//! alone, so that a run can go on anywhere.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use anyhow::{Context, Result};
use image::RgbImage;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::{Augment, Dataset};

/// How many batches wait at most.
const AHEAD: usize = 3;

/// Images and labels, ready to go to a device.
pub struct Batch {
    /// `[batch, size, size, 3]`.
    pub bytes: Vec<u8>,
    /// One an image.
    pub labels: Vec<usize>,
    /// Side of the images.
    pub size: usize,
}

impl Batch {
    /// `[batch, 3, size, size]` in [0, 1].
    pub fn planes(&self) -> Vec<f32> {
        let image = 3 * self.size * self.size;
        let images: Vec<Vec<f32>> = self.bytes.par_chunks(image).map(planes).collect();
        images.concat()
    }
}

/// Which images are drawn, in which order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Order {
    /// Seed of everything that is drawn.
    pub seed: u64,
    /// Images a batch; the rest of an epoch that fills none is dropped.
    pub batch: usize,
    /// 0: every image once an epoch. 1: all classes equally often. In between: classes in
    /// proportion to their size to the power of 1 minus this.
    pub balance: f32,
}

impl Order {
    /// Batches an epoch.
    pub fn batches(&self, images: usize) -> usize {
        images / self.batch
    }

    /// The images of an epoch, in order.
    pub fn epoch(&self, set: &Dataset, epoch: usize) -> Vec<usize> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(epoch as u64);
        let mut indices: Vec<usize> = (0..set.len()).collect();
        if self.balance <= 0.0 {
            indices.shuffle(&mut rng);
            return indices;
        }
        let counts = set.counts();
        let weight = |label: usize| (counts[label] as f64).powf(-f64::from(self.balance));
        let mut total = 0.0;
        let ends: Vec<f64> = set
            .labels()
            .iter()
            .map(|&label| {
                total += weight(label);
                total
            })
            .collect();
        let mut draw = || {
            let at = rng.random::<f64>() * total;
            ends.partition_point(|&end| end <= at).min(set.len() - 1)
        };
        (0..set.len()).map(|_| draw()).collect()
    }
}

/// The batches of one epoch, from any of them on.
pub struct Batches {
    receiver: Receiver<Batch>,
}

impl Batches {
    /// Starts preparing batch number `first` of `epoch` and those after it.
    ///
    /// # Errors
    ///
    /// Where the system gives no thread for it.
    pub fn prepare(
        set: &Arc<Dataset>,
        order: Order,
        augment: Augment,
        size: usize,
        epoch: usize,
        first: usize,
    ) -> Result<Self> {
        let (sender, receiver) = sync_channel(AHEAD);
        let set = set.clone();
        let prepare = move || {
            let indices = order.epoch(&set, epoch);
            for (number, chunk) in indices.chunks_exact(order.batch).enumerate().skip(first) {
                let step = epoch as u64 * order.batches(set.len()) as u64 + number as u64;
                let batch = batch(&set, chunk, augment, size, order.seed, step);
                // Nobody listens any more: the run has ended.
                if sender.send(batch).is_err() {
                    return;
                }
            }
        };
        thread::Builder::new().spawn(prepare).context("no thread to prepare images")?;
        Ok(Self { receiver })
    }
}

impl Iterator for Batches {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        self.receiver.recv().ok()
    }
}

fn batch(
    set: &Dataset,
    indices: &[usize],
    augment: Augment,
    size: usize,
    seed: u64,
    step: u64,
) -> Batch {
    let images: Vec<RgbImage> = indices
        .par_iter()
        .enumerate()
        .map(|(place, &index)| {
            // A stream of its own for every image of every step.
            let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0xa5a5_5a5a);
            rng.set_stream((step << 20) | place as u64);
            augment.apply(&set.image(index), size as u32, &mut rng)
        })
        .collect();
    let bytes = images.iter().flat_map(|image| image.as_raw()).copied().collect();
    Batch { bytes, labels: indices.iter().map(|&index| set.labels()[index]).collect(), size }
}

/// An image's bytes, `[height, width, 3]`, as planes in [0, 1].
pub fn planes(raw: &[u8]) -> Vec<f32> {
    (0..3).flat_map(|c| raw.iter().skip(c).step_by(3).map(|&v| f32::from(v) / 255.0)).collect()
}
