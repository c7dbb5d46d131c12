//! What all of these commands share: their flags, the run, and what they save and print.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, anyhow, ensure};
use robust_core::engine::Model;
use robust_core::engine::solve::objective::Objective;
use robust_core::engine::solve::pgd::Pgd;
use robust_core::engine::solve::{Report, Run};
use robust_core::engine::tasks::change::{confidences, synthesise};
use robust_core::image::Pixels;
use robust_core::image::photo::to_png;
use robust_core::image::strip::to_gif;
use robust_core::model::card::Card;
use robust_core::model::gaussians::Gaussians;
use robust_core::settings::paint::Making;
use robust_core::settings::{Constraint, PgdSettings};
use serde::Serialize;

use crate::backend::wait;
use crate::commands::arguments::{Computer, Form, OutFolder};
use crate::interrupt::Interrupt;
use crate::progress::follow;
use crate::{files, ranges};

/// Images that are made together: a thousand would take a machine's memory.
const BATCH: usize = 32;

/// Frames of an animation, its first and last included.
const FRAMES: usize = 21;

/// Flags of every command that makes images.
#[derive(clap::Args)]
pub struct Make {
    #[command(flatten)]
    out: OutFolder,
    /// Steps [default: the authors' number]
    #[arg(long, value_parser = ranges::steps)]
    steps: Option<usize>,
    /// How far an image may go from its start, in the l2 norm [default: the authors', scaled to the image's side]
    #[arg(long = "eps", value_parser = ranges::length)]
    epsilon: Option<f32>,
    /// Length of a step [default: the authors', scaled to the image's side]
    #[arg(long, value_parser = ranges::length)]
    step_size: Option<f32>,
    /// Also save an animation of how each image came about
    #[arg(long)]
    animate: bool,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    computer: Computer,
}

/// What came of one image.
#[derive(Serialize)]
struct Made<'a> {
    image: PathBuf,
    class: &'a str,
    /// Probability that the network gives the class, of the start and of the result.
    before: f32,
    after: f32,
    steps: usize,
    seconds: f64,
}

impl Make {
    /// The model of a file, on the device that was asked for.
    pub fn model(&self, path: &Path) -> Result<Model> {
        files::read_model(path, &self.computer.backend.device()?)
    }

    /// The settings of `making` for the model's size, with what the flags say.
    pub fn settings(&self, model: &Model, making: Making) -> PgdSettings {
        let mut settings = making.settings(model.card().input_size);
        settings.steps = self.steps.unwrap_or(settings.steps);
        settings.step_size = self.step_size.unwrap_or(settings.step_size);
        if let Some(epsilon) = self.epsilon {
            settings.constraint = Constraint::L2 { epsilon };
        }
        settings
    }

    /// Each image towards a class of its own, and all files saved.
    pub fn towards(
        &self,
        model: &Model,
        making: Making,
        starts: &[Pixels],
        classes: &[usize],
        names: &[String],
    ) -> Result<()> {
        let settings = self.settings(model, making);
        for ((starts, classes), names) in
            starts.chunks(BATCH).zip(classes.chunks(BATCH)).zip(names.chunks(BATCH))
        {
            if Interrupt::listen().asked() {
                break;
            }
            let pgd = synthesise(model, starts, classes, settings)?;
            self.run(model, pgd, starts, classes, names)?;
        }
        Ok(())
    }

    /// Runs to the end, or until Ctrl-C; saves and prints what was reached.
    pub fn run<O: Objective>(
        &self,
        model: &Model,
        mut pgd: Pgd<'_, O>,
        starts: &[Pixels],
        classes: &[usize],
        names: &[String],
    ) -> Result<()> {
        std::fs::create_dir_all(&self.out.path)
            .with_context(|| format!("cannot make the folder {}", self.out.path.display()))?;
        let started = Instant::now();
        let before = wait(confidences(model, starts))?;
        let marks: Vec<usize> =
            (0..FRAMES).map(|frame| pgd.steps() * frame / (FRAMES - 1)).collect();
        let mut films = vec![Vec::new(); starts.len()];
        let film = |report: &Report| {
            for (film, image) in films.iter_mut().zip(&report.images) {
                film.push(image.clone());
            }
        };
        let due = |step| self.animate && marks.contains(&step);
        let Report { images, step: steps, .. } = follow(&mut pgd, due, film)?;
        let after = wait(confidences(model, &images))?;
        let seconds = started.elapsed().as_secs_f64();
        for (i, (image, name)) in images.iter().zip(names).enumerate() {
            let path = self.out.path.join(format!("{name}.png"));
            files::write(&path, &to_png(image)?)?;
            if self.animate {
                files::write(&path.with_extension("gif"), &to_gif(&films[i])?)?;
            }
            let class = classes[i];
            let made = Made {
                image: path,
                class: &model.card().classes[class],
                before: before[i][class],
                after: after[i][class],
                steps,
                seconds,
            };
            self.print(&made)?;
        }
        Ok(())
    }

    fn print(&self, made: &Made<'_>) -> Result<()> {
        if self.form.json {
            println!("{}", serde_json::to_string(made)?);
            return Ok(());
        }
        let Made { image, class, before, after, steps, .. } = made;
        let [before, after] = [before, after].map(|share| 100.0 * share);
        println!("{}: {class} {before:.0} -> {after:.0} %, {steps} steps", image.display());
        Ok(())
    }
}

/// The number of a class that the model knows.
pub fn class(model: &Model, name: &str) -> Result<usize> {
    model.card().class(name).map_err(|message| anyhow!(message))
}

/// The class that was asked for, or the one that the network sees in each image.
pub fn classes(model: &Model, images: &[Pixels], asked: Option<&str>) -> Result<Vec<usize>> {
    match asked {
        Some(name) => Ok(vec![class(model, name)?; images.len()]),
        None => {
            let seen = wait(confidences(model, images))?;
            Ok(seen.iter().map(|row| robust_core::engine::tasks::explain::largest(row)).collect())
        }
    }
}

/// The file of Gaussians of a model's classes.
pub fn gaussians(path: &Path, card: &Card) -> Result<Gaussians> {
    let file = files::read(path).context(
        "an image starts from a draw of its class's Gaussian: `robust-reps gaussians` makes them of \
         training images",
    )?;
    Gaussians::from_json(&file, card.classes.len())
        .with_context(|| format!("cannot use {}", path.display()))
}

/// Photos as the model sees them, and names for what becomes of them.
pub fn photos(model: &Model, paths: &[PathBuf]) -> Result<(Vec<Pixels>, Vec<String>)> {
    let size = model.card().input_size;
    let read = |path: &PathBuf| files::read_square(path, size);
    let images = paths.iter().map(read).collect::<Result<Vec<Pixels>>>()?;
    Ok((images, files::unique_names(paths)))
}

/// `left,top,right,bottom` in shares of an image's side, as `flag` has them: which of its pixels lie
/// inside.
pub fn region(sides: &[f32], size: usize, flag: &str) -> Result<Vec<bool>> {
    let &[left, top, right, bottom] = sides else {
        anyhow::bail!("{flag} takes four numbers: left,top,right,bottom, not {}", sides.len());
    };
    ensure!(
        0.0 <= left && left < right && right <= 1.0 && 0.0 <= top && top < bottom && bottom <= 1.0,
        "{flag} takes left,top,right,bottom from 0 to 1, left before right, top before bottom"
    );
    let inside = |at: usize, from: f32, to: f32| {
        let share = (at as f32 + 0.5) / size as f32;
        from <= share && share < to
    };
    let free = |i: usize| inside(i % size, left, right) && inside(i / size, top, bottom);
    Ok((0..size * size).map(free).collect())
}
