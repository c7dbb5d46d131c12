//! A graphics device that is lost while something runs on it, has little memory, computes wrong
//! numbers, or offers no more than the standard asks of it.

use anyhow::Result;
use robust_tests::{Debugger, Visit, dist};
use serde_json::json;

use crate::photo;

const SMALL: &str = "?engine=webgpu&autostart=0&models=check/index.json";

/// Steps that a model says it has done.
const STEP: &str =
    "parseInt(document.querySelector('#robust .phase').textContent.match(/tep (\\d+)/)[1])";

/// A device whose buffers hold no more than `MOST` bytes: whatever is larger is refused as the standard
/// says, in an event, while the buffer seems to be there.
const LITTLE_MEMORY: &str = "
const create = GPUDevice.prototype.createBuffer;
GPUDevice.prototype.createBuffer = function (descriptor) {
  if (descriptor.size > MOST) {
    const error = new GPUOutOfMemoryError('no room for ' + descriptor.size);
    setTimeout(() => this.dispatchEvent(new GPUUncapturedErrorEvent('uncapturederror', { error })));
  }
  return create.call(this, descriptor);
};";

/// A device from which numbers come back half as large again.
const WRONG_NUMBERS: &str = "
const range = GPUBuffer.prototype.getMappedRange;
GPUBuffer.prototype.getMappedRange = function (...part) {
  const bytes = range.apply(this, part);
  if (this.usage & GPUBufferUsage.MAP_READ) {
    const numbers = new Float32Array(bytes);
    numbers.forEach((number, i) => { numbers[i] = 1.5 * number; });
  }
  return bytes;
};";

/// A device with the least that the standard asks for, and none of its options.
pub const LEAST: &str = "
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

/// A device to which something happens once a run has sent so much to it: every device, one after the
/// other.
const AFTER_A_WHILE: &str = "
const ask = GPUAdapter.prototype.requestDevice;
GPUAdapter.prototype.requestDevice = async function (descriptor) {
  const device = await ask.call(this, descriptor);
  const { submit } = GPUQueue.prototype;
  let count = 0;
  device.queue.submit = function (commands) {
    submit.call(this, commands);
    count += 1;
    if (count === 150) HAPPENS;
  };
  return device;
};";

/// It is gone, as after a sleep.
const IS_DESTROYED: &str = "device.destroy()";

/// It is told that it was asked for what it cannot do.
const IS_MISUSED: &str = "device.dispatchEvent(new GPUUncapturedErrorEvent('uncapturederror', \
    { error: new GPUValidationError('that cannot be') }))";

/// A device as Firefox has it: whether a buffer has been mapped is looked at when something is
/// submitted; here at nothing else, and the third time. To submit for nothing is a fault.
const FIREFOX: &str = "
Object.defineProperty(navigator, 'userAgent', { get: () => 'Gecko/20100101 Firefox/141.0' });
const { mapAsync } = GPUBuffer.prototype;
const { submit } = GPUQueue.prototype;
const waiting = new Set();
GPUQueue.prototype.submit = function (commands) {
  if (commands.length === 0) {
    if (waiting.size === 0) throw Error('nothing is waited for');
    waiting.forEach((one) => { one.looks += 1; if (one.looks === 3) one.go(); });
  }
  return submit.call(this, commands);
};
GPUBuffer.prototype.mapAsync = async function (...range) {
  const one = { looks: 0 };
  waiting.add(one);
  await new Promise((go) => { one.go = go; });
  await mapAsync.apply(this, range);
  waiting.delete(one);
};";

/// What a crash of the driver does to every page: the process that holds all devices ends.
fn lose_the_device(debugger: &Debugger) {
    // Nobody is left to answer.
    drop(debugger.browser("Browser.crashGpuProcess", json!({})));
}

/// A visit whose engines find the device that `script` makes of this machine's.
pub async fn on_another_device(script: &str, query: &str) -> Result<Visit> {
    let visit = Visit::prepare().await?;
    let start = std::fs::read_to_string(dist()?.join("engine.js"))?;
    visit.site().replace("engine.js", format!("{script}\n{start}"));
    visit.go(query).await?;
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
    says(&visit, "The processor takes over").await?;
    visit.wait_for_phase("robust", "running", 120).await?;
    let second = step(&visit).await?;
    assert!(second >= first, "the steps before were forgotten: {second} after {first}");
    let engine = visit.text("#engine").await?;
    assert!(engine.contains("the processor, because"), "{engine}");
    visit.wait_until("it goes on", &format!("{STEP} > {}", second + 20), 60).await?;
    visit.click("#stop").await?;
    visit.wait_for_phase("robust", "finished", 20).await?;
    visit.close_amid_errors().await
}

#[tokio::test]
async fn devices_that_fail_again_and_again_are_given_up() -> Result<()> {
    for happens in [IS_DESTROYED, IS_MISUSED] {
        let visit = on_another_device(&AFTER_A_WHILE.replace("HAPPENS", happens), SMALL).await?;
        let idle = "['idle', 'running'].includes(document.querySelector('#robust').dataset.phase)";
        visit.wait_until("a model", idle, 240).await?;
        visit.set("steps", "3000").await?;
        visit.upload(&photo("bird_owl.jpg")).await?;
        says(&visit, "The processor takes over").await?;
        visit.wait_for_phase("robust", "running", 120).await?;
        let first = step(&visit).await?;
        visit.wait_until("it goes on", &format!("{STEP} > {}", first + 20), 60).await?;
        visit.close_amid_errors().await?;
    }
    Ok(())
}

#[tokio::test]
async fn other_views_go_on_when_their_device_is_lost() -> Result<()> {
    let (visit, debugger) = Visit::open_watched(&format!("{SMALL}#paint")).await?;
    let seen = "document.querySelector('#robust .sees')?.textContent.includes('%')";
    visit.wait_until("the network looks at the sheet", seen, 180).await?;
    visit.click("#goals .class-button:nth-child(2)").await?;
    visit.wait_until("steps", &format!("{STEP} >= 2"), 120).await?;
    lose_the_device(&debugger);
    says(&visit, "It is started again").await?;
    let made = "document.querySelector('#robust .phase').textContent.startsWith('Done')";
    visit.wait_until("it is painted on the new device", made, 240).await?;

    visit.script("location.hash = 'morph'; return true;").await?;
    let path = STEP.replace("#robust", "#path");
    visit.wait_until("a path", &format!("{path} >= 1"), 120).await?;
    lose_the_device(&debugger);
    says(&visit, "The processor takes over").await?;
    let whole = "document.querySelector('#path .phase').textContent.startsWith('Done')";
    visit.wait_until("the path is computed to its end", whole, 240).await?;
    visit.close_amid_errors().await
}

#[tokio::test]
async fn a_device_that_is_lost_while_nothing_runs_is_replaced_at_once() -> Result<()> {
    let (visit, debugger) = Visit::open_watched(SMALL).await?;
    visit.wait_for_phase("robust", "idle", 180).await?;
    visit.set("steps", "3").await?;
    visit.upload(&photo("bird_owl.jpg")).await?;
    visit.wait_for_phase("robust", "finished", 180).await?;
    let shown = visit.picture("robust-image").await?;

    lose_the_device(&debugger);
    says(&visit, "It is started again").await?;
    visit.wait_for_phase("robust", "finished", 120).await?;
    // The browser empties its canvases, too.
    let again = format!("document.getElementById('robust-image').toDataURL() === '{shown}'");
    visit.wait_until("the result is shown as before", &again, 30).await?;
    visit.set("steps", "3000").await?;
    visit.upload(&photo("ood_koala.jpg")).await?;
    visit.wait_until("12 steps", &format!("{STEP} >= 12"), 180).await?;
    let engine = visit.text("#engine").await?;
    assert!(engine.contains("WebGPU, as you asked"), "{engine}");
    visit.close_amid_errors().await
}

/// A photo is inverted on the device that was asked for, and the page has nothing to say of it.
async fn inverts_without_a_word(visit: Visit) -> Result<()> {
    visit.wait_for_phase("robust", "idle", 240).await?;
    visit.upload(&photo("bird_owl.jpg")).await?;
    visit.wait_until("12 steps", &format!("{STEP} >= 12"), 240).await?;
    let engine = visit.text("#engine").await?;
    assert!(engine.contains("WebGPU, as you asked"), "{engine}");
    let notice = visit.text("#notice").await?;
    assert!(notice.is_empty(), "{notice}");
    visit.close().await
}

#[tokio::test]
async fn firefox_is_made_to_look_for_numbers_that_are_waited_for() -> Result<()> {
    let visit = on_another_device(FIREFOX, SMALL).await?;
    inverts_without_a_word(visit).await
}

#[tokio::test]
async fn without_memory_fewer_frames_are_computed_at_a_time() -> Result<()> {
    // The widest layer of this network takes 32 kB an image: a path's usual batch is too much.
    let script = LITTLE_MEMORY.replace("MOST", "140000");
    let visit = on_another_device(&script, &format!("{SMALL}#morph")).await?;
    says(&visit, "fewer images at a time").await?;
    let path = STEP.replace("#robust", "#path");
    visit.wait_until("steps on the same device", &format!("{path} >= 2"), 240).await?;
    let engine = visit.text("#engine").await?;
    assert!(engine.contains("WebGPU, as you asked"), "{engine}");
    visit.close_amid_errors().await
}

#[tokio::test]
async fn without_memory_for_one_image_the_processor_computes() -> Result<()> {
    let script = LITTLE_MEMORY.replace("MOST", "20000");
    let visit = on_another_device(&script, SMALL).await?;
    visit.wait_for_phase("robust", "idle", 240).await?;
    let engine = visit.text("#engine").await?;
    assert!(
        engine.contains("the processor, because the graphics device has no memory"),
        "{engine}"
    );
    visit.upload(&photo("bird_owl.jpg")).await?;
    visit.wait_until("12 steps", &format!("{STEP} >= 12"), 60).await?;
    visit.close_amid_errors().await
}

#[tokio::test]
async fn a_device_that_computes_wrong_numbers_is_found_out() -> Result<()> {
    let visit = on_another_device(WRONG_NUMBERS, SMALL).await?;
    says(&visit, "computes wrong numbers").await?;
    visit.wait_for_phase("robust", "idle", 120).await?;
    let engine = visit.text("#engine").await?;
    let because = "the processor, because this graphics device computes wrong numbers (";
    assert!(engine.contains(because), "{engine}");
    visit.upload(&photo("bird_owl.jpg")).await?;
    visit.wait_until("12 steps", &format!("{STEP} >= 12"), 60).await?;
    visit.close().await
}

#[tokio::test]
async fn the_least_that_a_device_may_offer_is_enough() -> Result<()> {
    let visit = on_another_device(LEAST, SMALL).await?;
    inverts_without_a_word(visit).await
}
