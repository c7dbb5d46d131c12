//! Which device computes.

use anyhow::Result;
#[cfg(any(feature = "wgpu", feature = "cuda"))]
use anyhow::ensure;
use burn::tensor::Device;
#[cfg(any(feature = "wgpu", feature = "cuda"))]
use burn::tensor::DeviceType;
use clap::ValueEnum;
use robust_core::engine::TaskError;

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

    /// Those that were asked for; where none was, all of this build that the machine has, with a
    /// word on the others.
    pub fn chosen(asked: &[Self]) -> Vec<Self> {
        if !asked.is_empty() {
            return asked.to_vec();
        }
        let left_out = |backend: Self, why| eprintln!("{} is left out: {why:#}", backend.name());
        let there =
            |backend: &Self| backend.device().map_err(|why| left_out(*backend, why)).is_ok();
        Self::value_variants().iter().copied().filter(there).collect()
    }

    /// Whether the processor computes.
    pub fn is_processor(self) -> bool {
        matches!(self, Backend::Cpu)
    }

    /// Backend and threads, for a model's card.
    pub fn describe(self) -> String {
        match self {
            Backend::Cpu => format!("the processor, {} thread(s)", rayon::current_num_threads()),
            #[cfg(any(feature = "wgpu", feature = "cuda"))]
            other => format!("a graphics card ({})", other.name()),
        }
    }

    /// As many devices as a batch is shared by. On a processor, which is one, each is for a part
    /// of its cores.
    ///
    /// # Errors
    ///
    /// Where the machine has fewer cards, or they cannot be told apart (wgpu).
    pub fn devices(self, count: usize) -> Result<Vec<Device>> {
        match self {
            #[cfg(feature = "cuda")]
            Backend::Cuda => {
                let cards = Device::enumerate(DeviceType::Cuda).into_vec();
                ensure!(count <= cards.len(), "there are {} CUDA cards, not {count}", cards.len());
                Ok(cards.into_iter().take(count).collect())
            }
            #[cfg(feature = "wgpu")]
            Backend::Wgpu if count > 1 => anyhow::bail!("several cards are for --backend cuda"),
            _ => Ok(vec![self.device()?; count]),
        }
    }

    /// Its default device.
    ///
    /// # Errors
    ///
    /// Where the machine has no such card, or no driver for it.
    pub fn device(self) -> Result<Device> {
        match self {
            Backend::Cpu => Ok(Device::flex()),
            #[cfg(feature = "wgpu")]
            Backend::Wgpu => {
                let cards = Device::enumerate(DeviceType::Vulkan);
                ensure!(
                    !cards.is_empty(),
                    "no Vulkan driver was found here: install the one of your graphics card, or \
                     compute on the processor with --backend cpu"
                );
                Ok(Device::vulkan(burn::tensor::DeviceKind::DefaultDevice))
            }
            #[cfg(feature = "cuda")]
            Backend::Cuda => {
                ensure!(
                    !Device::enumerate(DeviceType::Cuda).is_empty(),
                    "no CUDA card was found here: compute on the processor with --backend cpu"
                );
                Ok(Device::cuda(0))
            }
        }
    }
}

/// Waits for what a device computes.
pub fn wait<T>(computed: impl Future<Output = Result<T, TaskError>>) -> Result<T> {
    Ok(pollster::block_on(computed)?)
}
