//! What a network has learnt, and how it learns: stochastic gradient descent with momentum.

use rayon::prelude::*;

use super::line::Wide;

/// Lines that a core takes at once.
const PART: usize = 1 << 10;

/// Weights in f32, with all that another step needs.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    pub parameters: Vec<Wide>,
    pub momentum: Vec<Wide>,
    /// Moving average of the parameters.
    pub average: Vec<Wide>,
    /// Running statistics, and their moving average.
    pub running: Vec<Wide>,
    pub running_average: Vec<Wide>,
}

/// How far a step goes.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    pub lr: f32,
    pub momentum: f32,
    pub weight_decay: f32,
    /// Share of the past in the moving average.
    pub average: f32,
}

impl State {
    /// Before the first step.
    pub fn new([parameters, running]: [Vec<Wide>; 2]) -> Self {
        let momentum = vec![Wide::default(); parameters.len()];
        Self {
            momentum,
            average: parameters.clone(),
            running_average: running.clone(),
            parameters,
            running,
        }
    }

    /// One step along the gradient, in one pass over memory. Running statistics have learnt already.
    pub fn step(&mut self, gradient: &[Wide], rates: Rates) {
        let Rates { lr, momentum, weight_decay, average: decay } = rates;
        let parts = self
            .parameters
            .par_chunks_mut(PART)
            .zip(self.momentum.par_chunks_mut(PART))
            .zip(self.average.par_chunks_mut(PART))
            .zip(gradient.par_chunks(PART));
        parts.for_each(|(((parameters, velocities), averages), gradients)| {
            let weights = parameters.iter_mut().zip(velocities).zip(averages).zip(gradients);
            for (((p, v), average), g) in weights {
                v.update(|v, i| p.0[i] * weight_decay + g.0[i] + v * momentum);
                p.update(|p, i| p - v.0[i] * lr);
                average.update(|average, i| average * decay + p.0[i] * (1.0 - decay));
            }
        });
        for (average, newest) in self.running_average.iter_mut().zip(&self.running) {
            average.update(|average, i| average * decay + newest.0[i] * (1.0 - decay));
        }
    }

    /// Its parts, in the order of their fields.
    pub fn parts(&self) -> [&Vec<Wide>; 5] {
        let Self { parameters, momentum, average, running, running_average } = self;
        [parameters, momentum, average, running, running_average]
    }

    /// Takes its parts back out of numbers, one after another; whether they are as many.
    #[must_use]
    pub fn fill(&mut self, mut numbers: impl Iterator<Item = f32>) -> bool {
        let Self { parameters, momentum, average, running, running_average } = self;
        let mut whole = true;
        for line in [parameters, momentum, average, running, running_average].into_iter().flatten()
        {
            for number in &mut line.0 {
                let next = numbers.next();
                whole &= next.is_some();
                *number = next.unwrap_or_default();
            }
        }
        whole && numbers.next().is_none()
    }
}
