//! A graphics device that is lost while something runs on it.

use anyhow::Result;
use robust_tests::{Debugger, Visit};
use serde_json::json;

use crate::photo;

const SMALL: &str = "?engine=webgpu&autostart=0&models=check/index.json";

/// Steps that a model says it has done.
const STEP: &str =
    "parseInt(document.querySelector('#robust .phase').textContent.match(/tep (\\d+)/)[1])";

/// What a crash of the driver does to every page: the process that holds all devices ends.
fn lose_the_device(debugger: &Debugger) {
    // Nobody is left to answer.
    drop(debugger.browser("Browser.crashGpuProcess", json!({})));
}

async fn step(visit: &Visit) -> Result<u64> {
    let step = visit.script(&format!("return {STEP};")).await?;
    Ok(step.as_u64().unwrap_or_default())
}

async fn says(visit: &Visit, words: &str) -> Result<()> {
    let notice = format!("document.querySelector('#notice').textContent.includes('{words}')");
    visit.wait_until(&format!("the notice: {words}"), &notice, 60).await
}

#[tokio::test]
async fn a_run_goes_on_when_its_device_is_lost_and_on_the_processor_when_it_is_lost_again()
-> Result<()> {
    let (visit, debugger) = Visit::open_watched(SMALL).await?;
    visit.wait_for_phase("robust", "idle", 180).await?;
    visit.set("steps", "3000").await?;
    visit.upload(&photo("bird_owl.jpg")).await?;
    visit.wait_until("12 steps", &format!("{STEP} >= 12"), 180).await?;

    lose_the_device(&debugger);
    says(&visit, "It is started again").await?;
    let reached = visit.wait_until(
        "it runs again",
        "document.querySelector('#robust').dataset.phase === 'running'",
        120,
    );
    reached.await?;
    let first = step(&visit).await?;
    assert!(first >= 12, "the steps before were forgotten: {first}");
    let engine = visit.text("#engine").await?;
    assert!(engine.contains("WebGPU, as you asked"), "{engine}");
    visit.wait_until("it goes on", &format!("{STEP} > {first}"), 120).await?;

    lose_the_device(&debugger);
    says(&visit, "on the processor").await?;
    visit.wait_for_phase("robust", "running", 120).await?;
    let second = step(&visit).await?;
    assert!(second >= first, "the steps before were forgotten: {second} after {first}");
    let engine = visit.text("#engine").await?;
    assert!(engine.contains("the processor, because"), "{engine}");
    visit.wait_until("it goes on", &format!("{STEP} > {}", second + 20), 60).await?;
    visit.click("#stop").await?;
    visit.wait_for_phase("robust", "finished", 20).await?;
    visit.close().await
}
