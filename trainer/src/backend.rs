//! Which device computes.

use anyhow::{Result, anyhow};
use burn::tensor::{Device, ExecutionError};
use clap::ValueEnum;

/// What computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// The processor
    Cpu,
    /// A graphics card through Vulkan (a build with `--features wgpu`)
    #[cfg(feature = "wgpu")]
    Wgpu,
    /// An NVIDIA card through CUDA (a build with `--features cuda`)
    #[cfg(feature = "cuda")]
    Cuda,
}

impl Backend {
    /// The backend's name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Backend::Cpu => "cpu",
            #[cfg(feature = "wgpu")]
            Backend::Wgpu => "wgpu",
            #[cfg(feature = "cuda")]
            Backend::Cuda => "cuda",
        }
    }

    /// Backend and threads, for a model's card.
    pub fn describe(self) -> String {
        match self {
            Backend::Cpu => format!("the processor, {} thread(s)", rayon::current_num_threads()),
            #[cfg(any(feature = "wgpu", feature = "cuda"))]
            other => format!("a graphics card ({})", other.name()),
        }
    }

    /// Its default device.
    pub fn device(self) -> Device {
        match self {
            Backend::Cpu => Device::flex(),
            #[cfg(feature = "wgpu")]
            Backend::Wgpu => Device::wgpu(burn::tensor::DeviceKind::DefaultDevice),
            #[cfg(feature = "cuda")]
            Backend::Cuda => Device::cuda(0),
        }
    }
}

/// Waits for what a device computes.
pub fn wait<T>(computed: impl Future<Output = Result<T, ExecutionError>>) -> Result<T> {
    pollster::block_on(computed).map_err(|error| anyhow!("the device failed: {error:?}"))
}
