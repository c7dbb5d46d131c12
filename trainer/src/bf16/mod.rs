//! Training in bf16, with f32 weights, on the processor's matrix units or vectors for it.
//!
//! A map of activations is held place by place, `[height][width][line of 32 channels][image]`, in
//! bf16, so that a tile's 16 rows are 16 images at a place, one after another, and a convolution's
//! tap is another place: its output is a sum of products over taps, without copies of anything
//! ([`product`]). So are the gradients of inputs, with weights turned, and, with images and channels
//! exchanged, those of weights ([`weight_gradient`]). What a sum goes through before it is written,
//! and what normalisations want to know of it, is computed while it is at hand.
//!
//! Sums, statistics, weights, logits, loss and the attacked images are f32. On a processor without
//! such units, plain loops compute the same, slowly ([`tile`]).

#![allow(clippy::needless_range_loop)] // Loops over lanes count: see `line`.

mod adversary;
mod blur;
mod filter;
mod head;
mod junction;
mod line;
mod network;
mod norm;
mod pass;
mod pool;
mod product;
mod shuffle;
mod state;
mod taps;
#[cfg(test)]
mod tests;
mod tile;
mod weight_gradient;

use robust_core::model::architecture::ResNetConfig;
use robust_core::settings::PgdSettings;

use adversary::{Normaliser, random_start};
use line::Wide;
use network::{Network, Plan};
use pass::{Memory, Pass};
use product::{Images, Multiplier};
use state::State;

pub use head::Verdict;
pub use network::Tensors;
pub use product::Tally;
pub use state::Rates;
pub use tile::Unit;

/// A network that learns.
pub struct Engine {
    network: Network,
    state: State,
    normaliser: Normaliser,
    multiplier: Multiplier,
    memory: Memory,
    /// Of the newest step, to be used again.
    gradient: Vec<Wide>,
    /// For the size of the newest images.
    plan: Option<(usize, Plan)>,
}

/// A batch as it comes from the data.
#[derive(Clone, Copy)]
pub struct Pictures<'a> {
    /// `[image][row][column][3]`, 0 to 255.
    pub bytes: &'a [u8],
    pub labels: &'a [usize],
    /// Side in pixels.
    pub size: usize,
}

impl Engine {
    /// A network with a file's tensors; images are normalised by `mean` and `std`.
    pub fn new<'a>(
        config: &ResNetConfig,
        tensor: impl Fn(&str) -> &'a [f32],
        [mean, std]: [[f32; 3]; 2],
        unit: Unit,
    ) -> Self {
        let network = Network::new(config);
        let state = State::new(network.read(tensor));
        Self {
            gradient: vec![Wide::default(); state.parameters.len()],
            normaliser: Normaliser { mean, std },
            multiplier: Multiplier::new(unit),
            memory: Memory::default(),
            plan: None,
            network,
            state,
        }
    }

    /// One update: attacks the images, then descends on what the attack made of them. All that is
    /// random depends on `seed` alone.
    pub fn step(
        &mut self,
        pictures: Pictures<'_>,
        attack: Option<PgdSettings>,
        smoothing: f32,
        rates: Rates,
        seed: u64,
    ) -> Verdict {
        let values: Vec<f32> = pictures.bytes.iter().map(|&v| f32::from(v) / 255.0).collect();
        let x = match attack {
            Some(settings) => self.attack(values, pictures.labels, pictures.size, settings, seed),
            None => values,
        };
        let verdict = self.differentiate(&x, pictures.labels, pictures.size, smoothing);
        self.state.step(&self.gradient, rates);
        verdict
    }

    /// What was multiplied since the last call.
    pub fn tally(&self) -> Tally {
        self.multiplier.take()
    }

    /// The tensors of a model file, and their moving averages.
    pub fn tensors(&self) -> [Tensors; 2] {
        let State { parameters, average, running, running_average, .. } = &self.state;
        [(parameters, running), (average, running_average)]
            .map(|(parameters, running)| self.network.write(parameters, running))
    }

    /// All that another step needs, as bytes.
    pub fn save(&self) -> Vec<u8> {
        let numbers = self.state.parts().into_iter().flatten().flat_map(|line| line.0);
        numbers.flat_map(f32::to_le_bytes).collect()
    }

    /// Takes what [`Engine::save`] gave; whether it is as long as it must be.
    #[must_use]
    pub fn restore(&mut self, bytes: &[u8]) -> bool {
        let (numbers, rest) = bytes.as_chunks();
        rest.is_empty() && self.state.fill(numbers.iter().copied().map(f32::from_le_bytes))
    }

    /// Attacked images, in evaluation mode and without gradients of parameters.
    fn attack(
        &mut self,
        centre: Vec<f32>,
        labels: &[usize],
        size: usize,
        settings: PgdSettings,
        seed: u64,
    ) -> Vec<f32> {
        let mut x = random_start(&centre, size, settings.constraint, seed);
        let images = Images { count: labels.len() };
        for _ in 0..settings.steps {
            let gradient = self.image_gradient(&x, labels, size);
            let how = (settings.constraint, settings.step_size);
            self.normaliser.step(&mut x, &centre, &gradient, size, images, how);
        }
        x
    }

    /// The gradient of the mean cross-entropy in evaluation mode, as the first convolution reads
    /// images.
    fn image_gradient(&mut self, x: &[f32], labels: &[usize], size: usize) -> Vec<Wide> {
        let (mut pass, normaliser, running, _) = self.begin(size, labels.len());
        let input = pass.read(&normaliser, x, size);
        let kept = pass.evaluate(input, running);
        let (_, of_representation, _) = pass.judge(&kept, labels, 0.0);
        let gradient = pass.back(&kept, &of_representation, None);
        let of_images = pass.of_images(&kept, &gradient);
        pass.memory.give(gradient);
        kept.free(pass.memory);
        of_images
    }

    /// Computes the gradient of all parameters in training mode; running statistics learn.
    fn differentiate(
        &mut self,
        x: &[f32],
        labels: &[usize],
        size: usize,
        smoothing: f32,
    ) -> Verdict {
        let (mut pass, normaliser, running, learnt) = self.begin(size, labels.len());
        let input = pass.read(&normaliser, x, size);
        let kept = pass.train(input, running);
        let (verdict, of_representation, representation) = pass.judge(&kept, labels, smoothing);
        pass.network.head.learn(&representation, &verdict.gradient, pass.images, learnt);
        let gradient = pass.back(&kept, &of_representation, Some(learnt));
        pass.memory.give(gradient);
        kept.free(pass.memory);
        verdict
    }

    /// A pass over `count` images of `size` pixels, with what it may change.
    fn begin(
        &mut self,
        size: usize,
        count: usize,
    ) -> (Pass<'_>, Normaliser, &mut [Wide], &mut [Wide]) {
        let plan = self.plan.take().filter(|(planned, _)| *planned == size);
        let (_, plan) = self.plan.insert(plan.unwrap_or_else(|| (size, self.network.plan(size))));
        let State { parameters, running, .. } = &mut self.state;
        let pass = Pass {
            network: &self.network,
            plan,
            multiplier: &self.multiplier,
            images: Images { count },
            parameters,
            memory: &mut self.memory,
        };
        (pass, self.normaliser, running, &mut self.gradient)
    }
}
