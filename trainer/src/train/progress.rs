//! What a run tells: a live line for people, plain lines for files, JSON lines for programs, and
//! a picture of the curves.

use std::cell::Cell;
use std::fs::{self, OpenOptions};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};

use super::precision::Precision;
use crate::files;
use crate::plot::{self, Line};

/// One line of metrics.jsonl.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Epochs done, in parts.
    pub epoch: f64,
    /// Steps done.
    pub step: u64,
    /// Mean training loss since the last row.
    pub loss: f32,
    /// Share of the attacked training images classified correctly since the last row.
    pub train_accuracy: f32,
    /// Learning rate.
    pub lr: f64,
    /// Training images a second since the last row.
    pub images_per_second: f64,
    /// Share of the time spent waiting for data.
    pub waiting: f64,
    /// Accuracies on held-out images, at the end of an epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clean: Option<f32>,
    /// Against the attack of `--eps` in 10 steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub robust: Option<f32>,
}

/// Where a run tells of itself.
pub struct Progress {
    bar: Option<ProgressBar>,
    metrics: PathBuf,
    /// Whether a file could not be written, which is said once.
    failed: Cell<bool>,
    precision: Precision,
}

impl Progress {
    /// Goes on with the metrics of an earlier part of the run, up to `step`.
    pub fn open(folder: &Path, step: u64, steps: u64, precision: Precision) -> Result<Self> {
        let metrics = folder.join("metrics.jsonl");
        let mut text = String::new();
        // Rows after the checkpoint will come again.
        for row in read(&metrics).iter().filter(|row| row.step <= step && step > 0) {
            text += &serde_json::to_string(row)?;
            text.push('\n');
        }
        files::write(&metrics, text.as_bytes())?;
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{bar:24} {pos}/{len} {eta} left  {msg}");
            let bar = ProgressBar::new(steps).with_position(step);
            bar.reset_eta();
            style.map_or(bar.clone(), |style| bar.with_style(style))
        });
        Ok(Self { bar, metrics, failed: Cell::new(false), precision })
    }

    /// Tells of a row, everywhere. A file that cannot be written is named, and is no reason to lose
    /// the run.
    pub fn tell(&self, row: &Metrics) {
        let mut text = format!(
            "epoch {:.2}  loss {:.3}  train {:.1} %  {:.0} images/s in {}",
            row.epoch,
            row.loss,
            100.0 * row.train_accuracy,
            row.images_per_second,
            self.precision.name()
        );
        if let (Some(clean), Some(robust)) = (row.clean, row.robust) {
            text += &format!("  clean {:.1} %  robust {:.1} %", 100.0 * clean, 100.0 * robust);
        }
        match &self.bar {
            Some(bar) => {
                bar.set_position(row.step);
                if row.clean.is_some() {
                    bar.println(&text);
                }
                bar.set_message(text);
            }
            None => say(&text),
        }
        if let Err(error) = self.keep(row)
            && !self.failed.replace(true)
        {
            self.note(&format!("{error:#}. The run goes on."));
        }
    }

    fn keep(&self, row: &Metrics) -> Result<()> {
        let cannot = || format!("cannot write {}", self.metrics.display());
        let file = OpenOptions::new().append(true).create(true).open(&self.metrics);
        let line = serde_json::to_string(row)?;
        file.and_then(|mut file| writeln!(file, "{line}")).with_context(cannot)?;
        if row.clean.is_some() {
            let picture = curves(&read(&self.metrics));
            files::write(&self.metrics.with_file_name("curves.svg"), picture.as_bytes())?;
        }
        Ok(())
    }

    /// Says something between two rows.
    pub fn note(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => say(text),
        }
    }
}

/// A line to whoever reads; nobody has to.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn read(path: &Path) -> Vec<Metrics> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Clean, robust and training accuracy over epochs.
fn curves(rows: &[Metrics]) -> String {
    let last = rows.last().map_or(1.0, |row| row.epoch.max(1.0));
    let line = |name: &str, values: fn(&Metrics) -> Option<f32>| Line {
        name: name.into(),
        points: rows
            .iter()
            .filter_map(|row| Some((row.epoch / last, f64::from(values(row)?))))
            .collect(),
    };
    plot::lines(
        &format!("accuracy over {last:.0} epochs"),
        1.0,
        &[0.0, last / 2.0, last].map(|epoch| (epoch / last, format!("{epoch:.0}"))),
        &[
            line("training", |row| Some(row.train_accuracy)),
            line("clean", |row| row.clean),
            line("robust", |row| row.robust),
        ],
    )
}
