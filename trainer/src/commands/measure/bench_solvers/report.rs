//! The comparison as a table, plots and pictures.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use robust_core::engine::Model;
use robust_core::image::Pixels;
use robust_core::settings::Solver;

use super::SolverResults;
use super::tasks::Task;
use crate::files;
use crate::plot::{self, Line};
use crate::sheet::Sheet;

/// Writes everything that can be told so far.
pub fn write(out: &Path, rows: &[SolverResults]) -> Result<()> {
    files::write(&out.join("solvers.json"), serde_json::to_string_pretty(rows)?.as_bytes())?;
    files::write(&out.join("solvers.md"), markdown(rows).as_bytes())?;
    for group in groups(rows) {
        let name = format!("solvers-{}-{}.svg", name_of(group[0].task), group[0].model);
        files::write(&out.join(name), plot(group).as_bytes())?;
    }
    Ok(())
}

/// Rows of one task on one model, one after another.
fn groups(rows: &[SolverResults]) -> impl Iterator<Item = &[SolverResults]> {
    rows.chunk_by(|a, b| a.task == b.task && a.model == b.model)
}

fn name_of(task: Task) -> &'static str {
    match task {
        Task::Inversion => "inversion",
        Task::Interpolation => "interpolation",
        Task::Feature => "feature",
    }
}

/// One table a task and model: mean ± standard deviation after so many steps, and for inversions
/// coarse correlation and matched.
pub fn markdown(rows: &[SolverResults]) -> String {
    let mut text = String::new();
    for group in groups(rows) {
        let mut marks: Vec<usize> =
            group.iter().flat_map(|row| &row.outcomes).map(|outcome| outcome.steps).collect();
        marks.sort_unstable();
        marks.dedup();
        let first = &group[0];
        let _ = writeln!(
            text,
            "\n### {}, {} model: {}\n",
            name_of(first.task),
            first.model,
            first.task.score()
        );
        let columns: String = marks.iter().map(|steps| format!(" {steps} |")).collect();
        let _ = writeln!(text, "| solver |{columns}\n|---|{}", "---|".repeat(marks.len()));
        for row in group {
            let cell = |mark: &usize| {
                let Some(outcome) = row.outcomes.iter().find(|o| o.steps == *mark) else {
                    return " |".to_owned();
                };
                let mut cell = format!(" {:.3} ± {:.3}", outcome.mean, outcome.spread);
                if let (Some(quality), Some(matched)) = (outcome.quality, outcome.matched) {
                    let correlation = quality.coarse_correlation;
                    let _ = write!(cell, "; {correlation:.2}, {:.0} %", 100.0 * matched);
                }
                cell + " |"
            };
            let cells: String = marks.iter().map(cell).collect();
            let _ = writeln!(text, "| {} |{cells}", row.solver.name());
        }
    }
    text
}

/// Objective over steps, these on a logarithmic axis.
fn plot(rows: &[SolverResults]) -> String {
    let outcomes = || rows.iter().flat_map(|row| &row.outcomes);
    let first = outcomes().map(|o| o.steps).min().unwrap_or(1) as f64;
    let last = outcomes().map(|o| o.steps).max().unwrap_or(2) as f64;
    let top = outcomes().map(|o| o.mean).fold(0.0, f32::max);
    let along = |steps: usize| (steps as f64 / first).ln() / (last / first).ln().max(1e-9);
    let lines: Vec<Line> = rows
        .iter()
        .map(|row| Line {
            name: row.solver.name().into(),
            points: row.outcomes.iter().map(|o| (along(o.steps), f64::from(o.mean))).collect(),
        })
        .collect();
    let ticks: Vec<(f64, String)> = [25, 50, 100, 200, 500, 1000, 10_000]
        .into_iter()
        .filter(|&steps| (first..=last).contains(&(steps as f64)))
        .map(|steps| (along(steps), steps.to_string()))
        .collect();
    let (task, model) = (rows[0].task, &rows[0].model);
    let title = format!("{}, {model} model: {} after steps", name_of(task), task.score());
    plot::lines(&title, f64::from(top), &ticks, &lines)
}

/// Originals above, then plain PGD at its end and every solver after 100 steps (or the nearest
/// number that was judged).
pub fn pictures(
    out: &Path,
    model: &Model,
    task: Task,
    photos: &[Pixels],
    marks: &[usize],
    pictures: &[(Solver, Vec<Vec<Pixels>>)],
) -> Result<()> {
    let name = &model.card().name;
    let mut sheet = Sheet::new(format!("{}, {name} model", name_of(task)));
    if task != Task::Feature {
        sheet.row("photos", photos);
    }
    let at = (0..marks.len()).min_by_key(|&i| marks[i].abs_diff(100)).unwrap_or_default();
    for (solver, images) in pictures {
        if let Some(images) = images.get(at) {
            sheet.row(&format!("{}, {}", solver.name(), marks[at]), images);
        }
        if *solver == Solver::Plain && images.len() > marks.len() {
            sheet.row("plain, all steps", &images[images.len() - 1]);
        }
    }
    files::write(&out.join(format!("solvers-{}-{name}.png", name_of(task))), &sheet.to_png()?)
}
