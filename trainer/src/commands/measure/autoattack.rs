//! AutoAttack as a part of `eval`: its flags, its progress bar, and the file by which it goes on.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use robust_core::engine::Model;
use serde::{Deserialize, Serialize};

use crate::autoattack::suite::{Suite, Verdict, Watcher, accuracies};
use crate::autoattack::{Attack, Ball, DLR_CLASSES, Effort, Example, Norm};
use crate::data::{Dataset, planes};
use crate::files;
use crate::interrupt::Interrupt;
use crate::ranges;

/// The attacks of its standard version, in order.
const STANDARD: [&str; 4] = ["apgd-ce", "apgd-t", "fab-t", "square"];

/// What to attack with.
#[derive(clap::Args)]
pub struct AutoAttack {
    /// Also measure accuracy as the field reports it, by AutoAttack: four attacks, each on the images that
    /// are still classified correctly after the ones before [default radius: 0.5 in l2, 8/255 in linf]
    #[arg(long)]
    autoattack: bool,
    /// AutoAttack's attacks, in this order
    #[arg(long, value_delimiter = ',', default_value = "apgd-ce,apgd-t,fab-t,square")]
    attacks: Vec<Attack>,
    /// Steps of AutoAttack's APGD and FAB; its standard is 100
    #[arg(long, default_value_t = 100, value_parser = ranges::steps)]
    autoattack_steps: usize,
    /// Queries of AutoAttack's Square; its standard is 5000
    #[arg(long, default_value_t = 5000, value_parser = ranges::steps)]
    queries: usize,
    /// Where AutoAttack keeps which attack has fooled which image; a run that was stopped goes on from it
    /// [default: beside the model, as NAME.autoattack-NORM.json]
    #[arg(long)]
    state: Option<PathBuf>,
}

/// What is attacked, and how it is measured.
pub struct Job<'a> {
    /// The model's file and what was read from it.
    pub path: &'a Path,
    /// On its device.
    pub model: &'a Model,
    /// Where the images come from.
    pub set: &'a Dataset,
    /// Which of them.
    pub images: &'a [usize],
    /// How distance is measured.
    pub norm: Norm,
    /// The radii, if any were asked for.
    pub eps: &'a [f32],
    /// Seed of all draws.
    pub seed: u64,
}

/// Robust accuracy at one radius.
#[derive(Serialize)]
pub struct Report {
    /// How distance is measured.
    pub norm: Norm,
    /// The radius.
    pub eps: f32,
    /// Steps of APGD and FAB, and queries of Square.
    steps: usize,
    queries: usize,
    clean: f32,
    /// Accuracy after each attack; of the last, AutoAttack's.
    after: Vec<After>,
    /// What is right after all of them.
    pub accuracy: f32,
}

#[derive(Serialize)]
struct After {
    attack: Attack,
    accuracy: f32,
}

/// What a run was of; another one's verdicts say nothing about it.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Of {
    model: String,
    images: String,
    norm: Norm,
    attacks: Vec<Attack>,
    effort: Effort,
}

/// The file.
#[derive(Serialize, Deserialize)]
struct State {
    of: Of,
    radii: Vec<Radius>,
}

#[derive(Serialize, Deserialize)]
struct Radius {
    eps: f32,
    verdicts: Vec<Verdict>,
}

impl AutoAttack {
    /// Measures, where that was asked for.
    ///
    /// # Errors
    ///
    /// Where an attack is not defined for the model, the file is another run's, or somebody stops it.
    pub fn measure(&self, job: &Job<'_>) -> Result<Vec<Report>> {
        if !self.autoattack {
            return Ok(Vec::new());
        }
        let classes = job.model.card().classes.len();
        ensure!(
            classes >= DLR_CLASSES || !self.attacks.contains(&Attack::ApgdT),
            "the targeted DLR loss of apgd-t looks at the fourth largest logit and is not defined for \
             {classes} classes: leave it out with --attacks apgd-ce,fab-t,square"
        );
        ensure!(classes >= 2, "there is no other class that an image could be called");
        let field = match job.norm {
            Norm::L2 => 0.5,
            Norm::Linf => 8.0 / 255.0,
        };
        let eps = if job.eps.is_empty() { &[field] } else { job.eps };
        let path = self.state.clone().unwrap_or_else(|| {
            job.path.with_extension(format!("autoattack-{}.json", job.norm.name()))
        });
        let mut state = self.state_of(job, &path)?;
        let mut reports = Vec::new();
        for &eps in eps {
            self.judge(job, &mut state, &path, eps)?;
            let verdicts = &state.radius(eps, job.images.len()).verdicts;
            let shares = accuracies(&self.attacks, verdicts);
            let after = self.attacks.iter().zip(&shares[1..]);
            reports.push(Report {
                norm: job.norm,
                eps,
                steps: self.autoattack_steps,
                queries: self.queries,
                clean: shares[0],
                after: after.map(|(&attack, &accuracy)| After { attack, accuracy }).collect(),
                accuracy: shares[self.attacks.len()],
            });
        }
        Ok(reports)
    }

    fn effort(&self, seed: u64) -> Effort {
        Effort { steps: self.autoattack_steps, queries: self.queries, seed }
    }

    /// The file's state, which must be of this very run; a new one where there is no file.
    fn state_of(&self, job: &Job<'_>, path: &Path) -> Result<State> {
        let fingerprint = serde_json::to_string(&(job.set.fingerprint(), job.images))?;
        let of = Of {
            model: files::sha256(&files::read(job.path)?),
            images: files::sha256(fingerprint.as_bytes()),
            norm: job.norm,
            attacks: self.attacks.clone(),
            effort: self.effort(job.seed),
        };
        if !path.exists() {
            return Ok(State { of, radii: Vec::new() });
        }
        let name = path.display();
        let state: State = serde_json::from_slice(&files::read(path)?)
            .with_context(|| format!("{name} is not a state of AutoAttack"))?;
        let differences = [
            ("another model", state.of.model != of.model),
            ("other images", state.of.images != of.images),
            ("another norm", state.of.norm != of.norm),
            ("other attacks", state.of.attacks != of.attacks),
            ("another seed, or other steps or queries", state.of.effort != of.effort),
        ];
        if let Some((what, _)) = differences.iter().find(|(_, differs)| *differs) {
            bail!(
                "{name} belongs to a run with {what}: remove it, or keep this run in another file with \
                 --state"
            );
        }
        let whole = state.radii.iter().all(|radius| radius.verdicts.len() == job.images.len());
        ensure!(whole, "{name} is damaged: remove it");
        Ok(state)
    }

    fn judge(&self, job: &Job<'_>, state: &mut State, path: &Path, eps: f32) -> Result<()> {
        let mut verdicts = state.radius(eps, job.images.len()).verdicts.clone();
        let suite = Suite {
            network: job.model,
            attacks: &self.attacks,
            ball: Ball { norm: job.norm, eps },
            effort: self.effort(job.seed),
        };
        let example = |i: usize| {
            let index = job.images[i];
            let (pixels, label) = (planes(job.set.image(index).as_raw()), job.set.labels()[index]);
            Example { pixels, label, index }
        };
        let style = "{prefix}  {bar:32} {percent}%, {eta} left  {msg}";
        let bar = ProgressBar::new(0).with_style(ProgressStyle::with_template(style)?);
        let interrupt = Interrupt::listen();
        let mut keeper = Keeper { bar, interrupt, at: None, state, path, eps };
        let whole = suite.judge(&example, &mut verdicts, &mut keeper)?;
        keeper.bar.finish_and_clear();
        job.set.check_readable()?;
        if !whole {
            let done = verdicts.iter().filter(|verdict| self.is_final(verdict)).count();
            bail!(
                "stopped at radius {eps}, with {done} of {} images judged: the same command goes on from {}",
                verdicts.len(),
                path.display()
            );
        }
        Ok(())
    }

    fn is_final(&self, verdict: &Verdict) -> bool {
        match verdict {
            Verdict::Unseen => false,
            Verdict::Mistaken | Verdict::Fooled(_) => true,
            Verdict::Standing(withstood) => *withstood == self.attacks.len(),
        }
    }
}

impl State {
    /// What is known at a radius.
    fn radius(&mut self, eps: f32, images: usize) -> &mut Radius {
        let at = self.radii.iter().position(|radius| radius.eps == eps).unwrap_or_else(|| {
            self.radii.push(Radius { eps, verdicts: vec![Verdict::default(); images] });
            self.radii.len() - 1
        });
        &mut self.radii[at]
    }
}

/// Shows how far it is, and writes the file after every batch.
struct Keeper<'a> {
    bar: ProgressBar,
    interrupt: Interrupt,
    at: Option<Attack>,
    state: &'a mut State,
    path: &'a Path,
    eps: f32,
}

impl Watcher for Keeper<'_> {
    fn goes_on(&mut self, attack: Attack, step: usize, of: usize) -> bool {
        if self.at.replace(attack) != Some(attack) {
            self.bar.reset();
            self.bar.set_length(of as u64);
            self.bar.set_prefix(format!("radius {}, {}", self.eps, attack.name()));
        }
        self.bar.set_position(step as u64);
        !self.interrupt.asked()
    }

    fn tell(&mut self, verdicts: &[Verdict]) -> Result<()> {
        let right = verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Standing(_)));
        self.bar.set_message(format!("{} of {} right", right.count(), verdicts.len()));
        self.state.radius(self.eps, verdicts.len()).verdicts = verdicts.to_vec();
        files::write(self.path, &serde_json::to_vec(self.state)?)
    }
}

impl Report {
    /// What the network was attacked with, for a model's card: all of AutoAttack, or what of it.
    pub fn describe(&self) -> String {
        let names: Vec<&str> = self.after.iter().map(|after| after.attack.name()).collect();
        let is_standard = (names == STANDARD) && (self.steps, self.queries) == (100, 5000);
        let what = match is_standard {
            true => "AutoAttack".to_owned(),
            false => {
                let (names, steps, queries) = (names.join(", "), self.steps, self.queries);
                format!("{names} of AutoAttack ({steps} steps, {queries} queries)")
            }
        };
        format!("{what} at epsilon {} ({})", self.eps, self.norm.name())
    }
}

/// Prints what was measured.
pub fn print(reports: &[Report]) {
    for report in reports {
        let Report { norm, eps, .. } = report;
        println!("\nAutoAttack ({}), radius {eps}: {:5.1} %", norm.name(), 100.0 * report.accuracy);
        println!("  clean           {:5.1} %", 100.0 * report.clean);
        for After { attack, accuracy } in &report.after {
            println!("  after {:<9} {:5.1} %", attack.name(), 100.0 * accuracy);
        }
    }
}
