//! A graphics device that is lost while something runs on it, or that offers no more than the standard
//! asks of it.

use anyhow::Result;
use robust_tests::{Debugger, Visit, dist};
use serde_json::json;

use crate::photo;

const SMALL: &str = "?engine=webgpu&autostart=0&models=check/index.json";

/// Steps that a model says it has done.
const STEP: &str =
    "parseInt(document.querySelector('#robust .phase').textContent.match(/tep (\\d+)/)[1])";

/// A device with the least that the standard asks for, and none of its options.
const LEAST: &str = "
const least = {
  maxBindGroups: 4, maxBindingsPerBindGroup: 1000, maxBufferSize: 268435456,
  maxComputeInvocationsPerWorkgroup: 256, maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupSizeY: 256, maxComputeWorkgroupSizeZ: 64,
  maxComputeWorkgroupStorageSize: 16384, maxComputeWorkgroupsPerDimension: 65535,
  maxDynamicStorageBuffersPerPipelineLayout: 4, maxDynamicUniformBuffersPerPipelineLayout: 8,
  maxStorageBufferBindingSize: 134217728, maxStorageBuffersPerShaderStage: 8,
  maxUniformBufferBindingSize: 65536, maxUniformBuffersPerShaderStage: 12,
  minStorageBufferOffsetAlignment: 256, minUniformBufferOffsetAlignment: 256,
};
const { get } = Object.getOwnPropertyDescriptor(GPUAdapter.prototype, 'limits');
Object.defineProperty(GPUAdapter.prototype, 'limits', {
  get() { const all = get.call(this); return new Proxy(least, { get: (_, name) => least[name] ?? all[name] }); },
});
Object.defineProperty(GPUAdapter.prototype, 'features', { get: () => new Set() });
const request = GPUAdapter.prototype.requestDevice;
GPUAdapter.prototype.requestDevice = async function (descriptor) {
  const device = await request.call(this, {});
  if (device.limits.maxBufferSize > least.maxBufferSize) throw Error('that is more than the least');
  return device;
};";

/// What a crash of the driver does to every page: the process that holds all devices ends.
fn lose_the_device(debugger: &Debugger) {
    // Nobody is left to answer.
    drop(debugger.browser("Browser.crashGpuProcess", json!({})));
}

/// A visit whose engines find the device that `script` makes of this machine's.
async fn on_another_device(script: &str, fragment: &str) -> Result<Visit> {
    let visit = Visit::prepare().await?;
    let start = std::fs::read_to_string(dist()?.join("engine.js"))?;
    visit.site().replace("engine.js", format!("{script}\n{start}"));
    visit.go(&format!("{SMALL}{fragment}")).await?;
    Ok(visit)
}

async fn step(visit: &Visit) -> Result<u64> {
    let step = visit.script(&format!("return {STEP};")).await?;
    Ok(step.as_u64().unwrap_or_default())
}

async fn says(visit: &Visit, words: &str) -> Result<()> {
    let notice = format!("document.querySelector('#notice').textContent.includes('{words}')");
    visit.wait_until(&format!("the notice: {words}"), &notice, 120).await
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
    visit.wait_for_phase("robust", "running", 120).await?;
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

#[tokio::test]
async fn the_least_that_a_device_may_offer_is_enough() -> Result<()> {
    let visit = on_another_device(LEAST, "").await?;
    visit.wait_for_phase("robust", "idle", 240).await?;
    visit.upload(&photo("bird_owl.jpg")).await?;
    visit.wait_until("12 steps", &format!("{STEP} >= 12"), 240).await?;
    let engine = visit.text("#engine").await?;
    assert!(engine.contains("WebGPU, as you asked"), "{engine}");
    let notice = visit.text("#notice").await?;
    assert!(notice.is_empty(), "{notice}");
    visit.close().await
}
