//! Projected gradient descent over images, as the authors run it.
//!
//! Each image of a batch takes its own steps: gradient, step, projection, repeat. A [`Pgd`] does
//! one step at a time and never waits for the device, so whoever drives it may stop, pause or
//! look between any two steps; [`Pgd::run`] is the usual driver.

mod barzilai_borwein;
mod constraint;
mod curvature;
mod lbfgs;
mod smoothing;
mod solver;
mod start;

use std::ops::ControlFlow;

use burn::tensor::{ExecutionError, Tensor, TensorData, Transaction};

pub use start::{noise, random_start};

use crate::engine::Model;
use crate::engine::solve::objective::{Direction, Objective};
use crate::image::Pixels;
use crate::settings::PgdSettings;
use solver::{Memory, Moment};

/// A run of projected gradient descent (or ascent) on a batch of images.
pub struct Pgd<'a, O> {
    model: &'a Model,
    objective: O,
    settings: PgdSettings,
    centre: Tensor<4>,
    x: Tensor<4>,
    best: Option<Best>,
    memory: Memory,
    /// 1 where the image may change, else 0, `[1, 1, height, width]`.
    region: Option<Tensor<4>>,
    /// Losses `[batch]` of the steps that no [`Report`] has told of yet, still on the device.
    unread: Vec<Tensor<1>>,
    done: usize,
}

struct Best {
    x: Tensor<4>,
    loss: Tensor<1>,
}

/// A region that belongs to images of another size.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the region that may change has {found} pixels, and the image has {wanted}")]
pub struct RegionError {
    found: usize,
    wanted: usize,
}

/// What happened since the last report.
#[derive(Clone, Debug)]
pub struct Report {
    /// Steps done so far.
    pub step: usize,
    /// For each step since the last report, the loss of each image before that step. For an
    /// inversion this is the relative representation distance.
    pub losses: Vec<Vec<f32>>,
    /// The current images.
    pub images: Vec<Pixels>,
}

impl Report {
    /// The newest loss of each image; empty before the first step.
    pub fn latest(&self) -> &[f32] {
        self.losses.last().map_or(&[], Vec::as_slice)
    }
}

impl<'a, O: Objective> Pgd<'a, O> {
    /// Starts from `start`, constrained around `centre` (both `[batch, 3, height, width]`).
    pub fn new(
        model: &'a Model,
        objective: O,
        settings: PgdSettings,
        start: Tensor<4>,
        centre: Tensor<4>,
    ) -> Self {
        Self {
            model,
            objective,
            settings,
            centre,
            x: start,
            best: None,
            memory: Memory::new(settings.solver),
            region: None,
            unread: Vec::new(),
            done: 0,
        }
    }

    /// Starts from the centre of the constraint set.
    pub fn from_centre(
        model: &'a Model,
        objective: O,
        settings: PgdSettings,
        x: Tensor<4>,
    ) -> Self {
        Self::new(model, objective, settings, x.clone(), x)
    }

    /// Changes only the pixels that `region` names, row by row.
    ///
    /// # Errors
    ///
    /// [`RegionError`] where it is not as large as the images.
    pub fn within(mut self, region: &[bool]) -> Result<Self, RegionError> {
        let [_, _, height, width] = self.x.dims();
        if region.len() != height * width {
            return Err(RegionError { found: region.len(), wanted: height * width });
        }
        let values: Vec<f32> = region.iter().map(|&free| f32::from(u8::from(free))).collect();
        let data = TensorData::new(values, [1, 1, height, width]);
        self.region = Some(Tensor::from_data(data, self.model.device()));
        Ok(self)
    }

    /// The same run with its objective behind a pointer, so that runs of several kinds are one type.
    pub fn boxed(self) -> Pgd<'a, Box<dyn Objective>>
    where
        O: 'static,
    {
        let Self { model, objective, settings, centre, x, best, memory, region, unread, done } =
            self;
        let objective: Box<dyn Objective> = Box::new(objective);
        Pgd { model, objective, settings, centre, x, best, memory, region, unread, done }
    }

    /// Side of the images in pixels.
    pub fn size(&self) -> usize {
        self.x.dims()[2]
    }

    /// Steps done so far.
    pub fn steps_done(&self) -> usize {
        self.done
    }

    /// Steps in all.
    pub fn steps(&self) -> usize {
        self.settings.steps
    }

    /// Whether all steps are done.
    pub fn is_done(&self) -> bool {
        self.done >= self.settings.steps
    }

    /// Loss `[batch]` of `x` and the gradient of the batch's mean loss with respect to `x`.
    pub fn loss_and_gradient(model: &Model, objective: &O, x: Tensor<4>) -> (Tensor<1>, Tensor<4>) {
        let x = x.autodiff().require_grad();
        let loss = loss_of(model, objective, &x);
        let mut gradients = loss.clone().mean().backward();
        // No path from the image to the loss means a gradient of zero.
        let gradient = x.grad_remove(&mut gradients);
        let gradient = gradient.unwrap_or_else(|| x.clone().without_autodiff().zeros_like());
        (loss.without_autodiff(), gradient)
    }

    /// One step. Queues work on the device and returns without waiting for it.
    pub fn step(&mut self) {
        let (loss, gradient) = Self::loss_and_gradient(self.model, &self.objective, self.x.clone());
        if self.settings.best {
            self.keep_best(loss.clone());
        }
        let gradient = match &self.region {
            Some(region) => gradient * region.clone(),
            None => gradient,
        };
        // The gradient is the mean's; an image's own is `batch` times as long.
        let batch = loss.dims()[0] as f32;
        let gradient = match (self.objective.direction(), &self.memory) {
            (Direction::Minimise, Memory::Plain) => gradient,
            (Direction::Maximise, Memory::Plain) => -gradient,
            (Direction::Minimise, _) => gradient * batch,
            (Direction::Maximise, _) => gradient * -batch,
        };
        let PgdSettings { constraint, step_size, steps, .. } = self.settings;
        let x = self.memory.step(Moment {
            x: self.x.clone(),
            gradient,
            loss: loss.clone(),
            distance: self.objective.is_distance(),
            step_size,
            share: self.done as f32 / steps as f32,
            constraint,
        });
        self.x = self.memory.interior(constraint.project(x, self.centre.clone()));
        self.unread.push(loss);
        self.done += 1;
    }

    /// Does all steps that are left, one after another.
    pub fn finish(&mut self) {
        while !self.is_done() {
            self.step();
        }
    }

    fn keep_best(&mut self, loss: Tensor<1>) {
        let Some(best) = self.best.take() else {
            self.best = Some(Best { x: self.x.clone(), loss });
            return;
        };
        let better = match self.objective.direction() {
            Direction::Minimise => loss.clone().lower(best.loss.clone()),
            Direction::Maximise => loss.clone().greater(best.loss.clone()),
        };
        let [batch] = better.dims();
        let image = better.clone().reshape([batch, 1, 1, 1]).expand(self.x.dims());
        self.best = Some(Best {
            x: best.x.mask_where(image, self.x.clone()),
            loss: best.loss.mask_where(better, loss),
        });
    }

    /// Loss of each of the current images, `[batch]`.
    pub fn loss(&self) -> Tensor<1> {
        loss_of(self.model, &self.objective, &self.x)
    }

    /// The current images, or the best ones so far where the settings say so.
    pub fn images(&mut self) -> Tensor<4> {
        if self.settings.best {
            // The last iterate has not been judged yet.
            self.keep_best(self.loss());
        }
        self.best.as_ref().map_or(&self.x, |best| &best.x).clone()
    }

    /// Waits for the device and reads the losses since the last report and the images.
    ///
    /// # Errors
    ///
    /// Where the device failed (a lost graphics card, no memory).
    pub async fn report(&mut self) -> Result<Report, ExecutionError> {
        let images = self.images();
        let [batch, _, size, _] = images.dims();
        let steps = std::mem::take(&mut self.unread);
        let mut reads = Transaction::default().register(images);
        if !steps.is_empty() {
            reads = reads.register(Tensor::cat(steps, 0));
        }
        let mut data = reads.execute_async().await?.into_iter();
        let mut floats = || -> Vec<f32> {
            data.next().map(|data| data.iter::<f32>().collect()).unwrap_or_default()
        };
        let images = floats()
            .chunks_exact(3 * size * size)
            .filter_map(|values| Pixels::new(size, values.to_vec()))
            .collect();
        let losses = floats().chunks_exact(batch).map(<[f32]>::to_vec).collect();
        Ok(Report { step: self.done, losses, images })
    }

    /// Runs until done or until `observe` breaks. It is asked before the first step and after
    /// each one, may await (to pause, or to let others run), and takes a [`Pgd::report`] whenever
    /// it wants one. Dropping the future cancels the run between two steps as well.
    ///
    /// # Errors
    ///
    /// Whatever `observe` returns.
    pub async fn run<E>(
        &mut self,
        mut observe: impl AsyncFnMut(&mut Self) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        while observe(self).await?.is_continue() && !self.is_done() {
            self.step();
        }
        Ok(())
    }
}

/// All terms of the loss of every image, `[batch]`.
fn loss_of<O: Objective>(model: &Model, objective: &O, x: &Tensor<4>) -> Tensor<1> {
    let loss = objective.loss(&model.forward(x.clone(), objective.last_relu()));
    match objective.of_images(x) {
        Some(term) => loss + term,
        None => loss,
    }
}

#[cfg(test)]
mod tests;
