//! A batch shared between copies of the network, each on a device, or on cores, of its own.

use std::panic::resume_unwind;

use anyhow::{Context, Result};
use burn::module::Module;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::{Device, Int, Tensor};
use rayon::{ThreadPool, ThreadPoolBuilder};
use robust_core::engine::network::ResNet;

/// What computes the parts of a batch.
pub struct Replicas(Vec<Replica>);

struct Replica {
    device: Device,
    /// The processor's cores are divided; the only copy takes the program's own threads.
    cores: Option<ThreadPool>,
}

/// A batch, or the part of it that one copy of the network is given.
#[derive(Clone)]
pub struct Share {
    /// `[batch, 3, height, width]`.
    pub images: Tensor<4>,
    /// Where an attack begins.
    pub start: Option<Tensor<4>>,
    /// `[batch]`.
    pub labels: Tensor<1, Int>,
}

/// What a copy found about its part.
pub struct Found {
    /// Mean loss of the part's images times the part's share of the batch, `[1]`.
    pub loss: Tensor<1>,
    /// Images classified correctly as they were attacked, `[1]`.
    pub correct: Tensor<1>,
    pub gradients: GradientsParams,
}

impl Replicas {
    /// One copy a device, of which there is at least one. Where there are several, each has its
    /// part of the processor's cores.
    ///
    /// # Errors
    ///
    /// Where the system gives no more threads.
    pub fn new(devices: &[Device]) -> Result<Self> {
        let cores = rayon::current_num_threads().div_ceil(devices.len());
        let pool = || ThreadPoolBuilder::new().num_threads(cores).build();
        let replica = |device: &Device| {
            let cores = (devices.len() > 1).then(pool).transpose();
            let cores =
                cores.context("the system gives no threads for the copies of the network")?;
            Ok(Replica { device: device.clone(), cores })
        };
        devices.iter().map(replica).collect::<Result<_>>().map(Self)
    }

    /// Sums of what `find` finds about the parts of a batch with a copy of `network` each, at the
    /// same time, on the first device. `find` is given its part's share of the batch, by which it
    /// weights loss and gradients.
    ///
    /// The first copy is the network itself: its running statistics, from its part of the batch,
    /// are those that stay.
    pub fn sum(
        &self,
        network: &ResNet,
        batch: Share,
        find: impl Fn(&ResNet, Share, f32, &Device) -> Found + Sync,
    ) -> Found {
        let (home, others) = (&self.0[0].device, &self.0[1..]);
        if others.is_empty() {
            return find(network, batch, 1.0, home);
        }
        // Made before any copy runs: running statistics change as the first one does.
        let copies = others.iter().map(|other| network.valid().fork(&other.device).train());
        let copies: Vec<ResNet> = std::iter::once(network.clone()).chain(copies).collect();
        let jobs = self.0.iter().zip(&copies).zip(batch.divide(self.0.len()));
        let find = &find;
        let found: Vec<Found> = std::thread::scope(|scope| {
            let threads = jobs.map(|((Replica { device, cores }, copy), (part, weight))| {
                let work = move || find(copy, part.to(device), weight, device);
                scope.spawn(move || match cores {
                    Some(cores) => cores.install(work),
                    None => work(),
                })
            });
            let threads: Vec<_> = threads.collect();
            let found = threads.into_iter().map(|thread| thread.join());
            found.map(|found| found.unwrap_or_else(|panic| resume_unwind(panic))).collect()
        });
        let mut gradients = GradientsAccumulator::new();
        let (mut losses, mut correct) = (Vec::new(), Vec::new());
        for part in found {
            gradients.accumulate(network, part.gradients.to_device(home, network));
            losses.push(part.loss.to_device(home));
            correct.push(part.correct.to_device(home));
        }
        let sum = |values| Tensor::cat(values, 0).sum();
        Found { loss: sum(losses), correct: sum(correct), gradients: gradients.grads() }
    }
}

impl Share {
    /// Parts as equal as can be, and the share of the images that each has.
    fn divide(&self, parts: usize) -> Vec<(Self, f32)> {
        let [count] = self.labels.dims();
        let part = |i: usize| {
            let (from, to) = (i * count / parts, (i + 1) * count / parts);
            let length = to - from;
            let images = |all: &Tensor<4>| all.clone().narrow(0, from, length);
            let share = Self {
                images: images(&self.images),
                start: self.start.as_ref().map(images),
                labels: self.labels.clone().narrow(0, from, length),
            };
            (share, length as f32 / count as f32)
        };
        (0..parts).map(part).collect()
    }

    fn to(self, device: &Device) -> Self {
        Self {
            images: self.images.to_device(device),
            start: self.start.map(|start| start.to_device(device)),
            labels: self.labels.to_device(device),
        }
    }
}
