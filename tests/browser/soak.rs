//! Long use: many inversions in one tab, in changing views, by changing networks, and what they leave in
//! memory.

use anyhow::{Context, Result};
use robust_tests::{Debugger, Visit};
use serde_json::json;

use crate::{VIEWS, networks};

const SMALL: &str = "?engine=cpu&autostart=0&models=check/index.json";

/// The network beside the site's own.
const BROUGHT: &str = "imagenet-basic";

/// Inversions between two measurements.
const ROUND: usize = 10;

/// How much more the tab may hold at the end than after the first rounds, in MB. What leaks a picture
/// or a photo with every run shows by hand, after a thousand; this is for what leaks more.
const MOST: f64 = 60.0;

/// Anonymous memory of the tab's process, workers included, in MB.
fn memory(debugger: &Debugger) -> Result<f64> {
    let processes = debugger.browser("SystemInfo.getProcessInfo", json!({}))?;
    let processes = processes["processInfo"].as_array().context("no processes")?.clone();
    let renderers = processes.iter().filter(|process| process["type"] == "renderer");
    let mut total = 0.0;
    for process in renderers {
        let status = std::fs::read_to_string(format!("/proc/{}/status", process["id"]))?;
        let line = status.lines().find(|line| line.starts_with("RssAnon:")).context("no memory")?;
        let kilobytes: f64 = line.split_whitespace().nth(1).context("no number")?.parse()?;
        total += kilobytes / 1e3;
    }
    Ok(total)
}

/// One round: photos one after another, then another view and back, then another network and back.
async fn round(visit: &Visit, number: usize) -> Result<()> {
    for i in 0..ROUND {
        let choose = format!(
            "const all = document.querySelectorAll('.tray .thumbnail'); \
             all[{} % all.length].click(); return true;",
            number * ROUND + i
        );
        visit.script(&choose).await?;
        visit.wait_for_phase("robust", "finished", 60).await?;
    }
    let (view, shown) = VIEWS[number % (VIEWS.len() - 1)];
    visit.script(&format!("location.hash = '{view}'; return true;")).await?;
    visit.wait_until(view, shown, 60).await?;
    visit.script("location.hash = ''; return true;").await?;
    visit.wait_until("back", "document.querySelector('#original-image')", 60).await?;
    visit.wait_for_phase("robust", "finished", 60).await?;
    // The site's own comes last: only it has an atlas to show.
    for (row, name) in [(1, BROUGHT), (2, "Robust network")] {
        let choose = format!(
            "document.querySelector('#networks .network:nth-child({row}) .buttons button').click(); \
             return true;"
        );
        visit.script(&choose).await?;
        networks::works(visit, name).await?;
    }
    Ok(())
}

/// Memory after each of so many rounds, in MB.
async fn soak(rounds: usize) -> Result<Vec<f64>> {
    let (visit, debugger) = Visit::open_watched(SMALL).await?;
    visit.wait_for_phase("robust", "idle", 60).await?;
    visit.set("steps", "3").await?;
    visit.upload_into("#network-input", &networks::checkpoint(&format!("{BROUGHT}.pt"))).await?;
    networks::works(&visit, BROUGHT).await?;
    visit.script("document.querySelector('#networks .network:nth-child(2) button').click(); return true;").await?;
    networks::works(&visit, "Robust network").await?;
    let mut after = Vec::new();
    for number in 0..rounds {
        round(&visit, number).await?;
        // What could be freed counts only once it was not.
        for target in debugger.targets() {
            // The debugger keeps what was fetched, up to 100 MB, in the tab that is measured.
            drop(debugger.target(&target, "Network.disable", json!({})));
            drop(debugger.target(&target, "HeapProfiler.collectGarbage", json!({})));
        }
        after.push(memory(&debugger)?);
        println!("{:5} inversions: {:6.1} MB", (number + 1) * ROUND, after[number]);
    }
    visit.close().await?;
    Ok(after)
}

#[tokio::test]
async fn memory_stays_flat_over_many_inversions() -> Result<()> {
    let after = soak(6).await?;
    let grown = after[5] - after[1];
    assert!(grown < MOST, "{grown} MB more after 40 further inversions: {after:?}");
    Ok(())
}

/// By hand: `RUNS=1000 cargo test -p robust-tests soak_for_long -- --ignored --nocapture`.
#[tokio::test]
#[ignore = "takes as long as it is told to"]
async fn soak_for_long() -> Result<()> {
    let runs = std::env::var("RUNS").ok().and_then(|text| text.parse().ok()).unwrap_or(1000);
    soak(usize::div_ceil(runs, ROUND)).await.map(drop)
}
