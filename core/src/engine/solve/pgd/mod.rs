//! Projected gradient descent over images, as the authors run it.
//!
//! Each image of a batch takes its own steps: gradient, step, projection, repeat.

mod barzilai_borwein;
mod curvature;
mod lbfgs;
mod smoothing;
mod solver;
mod start;

use burn::tensor::{Tensor, TensorData, Transaction};

pub use start::noise;

use crate::engine::error::{as_large, finite, next_floats, one_each};
use crate::engine::solve::objective::{Direction, Objective};
use crate::engine::solve::run::{Report, Run};
use crate::engine::{Model, TaskError};
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
    /// [`TaskError::Region`] where it is not as large as the images.
    pub fn within(mut self, region: &[bool]) -> Result<Self, TaskError> {
        let [_, _, height, width] = self.x.dims();
        as_large(region, height * width)?;
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

    /// Goes on from the current images, as if they were the start, for another objective: with all
    /// steps and a memory of nothing.
    pub fn restart(&mut self, objective: O) {
        let x = self.images();
        self.objective = objective;
        self.centre = x.clone();
        self.x = x;
        self.best = None;
        self.memory = Memory::new(self.settings.solver);
        self.done = 0;
    }

    /// Goes on from `images`, to which `done` steps have led in another run of the same settings; the
    /// constraint stays around its centre, and the solver remembers nothing.
    ///
    /// # Errors
    ///
    /// [`TaskError`] where these are other images in number or size than the run's.
    pub fn resume(&mut self, images: &[Pixels], done: usize) -> Result<(), TaskError> {
        let x = self.model.batch(images)?;
        let [batch, _, size, _] = self.x.dims();
        one_each(images, "places in the run", batch)?;
        if x.dims()[2] != size {
            return Err(TaskError::Sizes(size, x.dims()[2]));
        }
        self.best = None;
        self.memory = Memory::new(self.settings.solver);
        self.x = self.memory.interior(x);
        self.unread.clear();
        self.done = done.min(self.settings.steps);
        Ok(())
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

    /// The same, once the device has computed it.
    ///
    /// # Errors
    ///
    /// [`TaskError::Device`], and [`TaskError::NotFinite`].
    pub async fn losses(&self) -> Result<Vec<f32>, TaskError> {
        finite(self.loss().into_data_async().await?.iter().collect())
    }

    /// The current images, or the best ones so far where the settings say so.
    pub fn images(&mut self) -> Tensor<4> {
        if self.settings.best {
            // The last iterate has not been judged yet.
            self.keep_best(self.loss());
        }
        self.best.as_ref().map_or(&self.x, |best| &best.x).clone()
    }
}

impl<O: Objective> Run for Pgd<'_, O> {
    fn steps(&self) -> usize {
        self.settings.steps
    }

    fn steps_done(&self) -> usize {
        self.done
    }

    fn step(&mut self) {
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

    async fn report(&mut self) -> Result<Report, TaskError> {
        let images = self.images();
        let [batch, _, size, _] = images.dims();
        let steps = std::mem::take(&mut self.unread);
        let mut reads = Transaction::default().register(images);
        let anew = !steps.is_empty();
        if anew {
            reads = reads.register(Tensor::cat(steps, 0));
        }
        let mut data = reads.execute_async().await?.into_iter();
        let image = |values: &[f32]| Pixels::new(size, values.to_vec()).ok_or(TaskError::NoResult);
        let images: Vec<Pixels> = next_floats(&mut data)?
            .chunks(3 * size * size)
            .map(image)
            .collect::<Result<_, TaskError>>()?;
        if images.len() != batch {
            return Err(TaskError::NoResult);
        }
        let losses = match anew {
            true => next_floats(&mut data)?.chunks(batch).map(<[f32]>::to_vec).collect(),
            false => Vec::new(),
        };
        Ok(Report { step: self.done, losses, images })
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
