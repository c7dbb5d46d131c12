//! Which engine suits this machine, and why.

use leptos::prelude::window;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::page::wait::sleep;

/// What computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineKind {
    /// A graphics card through WebGPU.
    WebGpu,
    /// The processor.
    Cpu,
}

/// An engine and the reason for it, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What computes.
    pub kind: EngineKind,
    /// Why, as the end of "Running on ...".
    pub reason: String,
}

#[wasm_bindgen]
extern "C" {
    type Gpu;
    #[wasm_bindgen(method, catch, js_name = requestAdapter)]
    fn request_adapter(this: &Gpu) -> Result<js_sys::Promise, JsValue>;

    type Adapter;
    #[wasm_bindgen(method, getter)]
    fn info(this: &Adapter) -> JsValue;
    #[wasm_bindgen(method, getter, js_name = isFallbackAdapter)]
    fn is_fallback_adapter(this: &Adapter) -> Option<bool>;
}

/// How often, a second apart, a lost device is looked for before it counts as gone.
const TRIES: usize = 3;

/// Names under which software adapters go: 20 times slower than the processor's own engine.
const SOFTWARE: [&str; 6] =
    ["swiftshader", "llvmpipe", "lavapipe", "warp", "basic render", "software"];

/// Chooses an engine: the one that `wish` names (`webgpu` or `cpu`), or the one that suits.
pub async fn choose(wish: Option<&str>) -> Choice {
    let cpu = |reason: &str| Choice { kind: EngineKind::Cpu, reason: reason.into() };
    let found = find_adapter().await;
    match (wish, found) {
        (Some("cpu"), _) => cpu("the processor, as you asked"),
        (_, Err(reason)) => cpu(&format!("the processor, because {reason}")),
        (Some("webgpu"), Ok(adapter)) => Choice {
            kind: EngineKind::WebGpu,
            reason: format!("WebGPU, as you asked ({})", adapter.name),
        },
        (_, Ok(adapter)) if adapter.software => cpu(&format!(
            "the processor, because WebGPU here is only emulated in software ({})",
            adapter.name
        )),
        (_, Ok(adapter)) => Choice {
            kind: EngineKind::WebGpu,
            reason: format!("your graphics card ({})", adapter.name),
        },
    }
}

/// The same after a graphics device was lost, which may take a while to come back.
pub async fn choose_again(wish: Option<&str>) -> Choice {
    for _ in 0..TRIES {
        let choice = choose(wish).await;
        if choice.kind == EngineKind::WebGpu {
            return choice;
        }
        // Should the timer fail, it is only looked for sooner.
        let _ = sleep(1000).await;
    }
    choose(wish).await
}

struct Found {
    name: String,
    software: bool,
}

async fn find_adapter() -> Result<Found, &'static str> {
    let property = |object: &JsValue, name: &str| js_sys::Reflect::get(object, &name.into()).ok();
    let gpu = property(&window().navigator(), "gpu")
        .filter(|gpu| gpu.is_object())
        .ok_or("this browser has no WebGPU")?
        .unchecked_into::<Gpu>();
    let none = "WebGPU found no graphics card that it can use";
    let request = gpu.request_adapter().map_err(|_| none)?;
    let adapter = JsFuture::from(request).await.map_err(|_| none)?;
    if !adapter.is_object() {
        return Err(none);
    }
    let adapter = adapter.unchecked_into::<Adapter>();
    let info = adapter.info();
    let text = |name: &str| property(&info, name).and_then(|v| v.as_string()).unwrap_or_default();
    let parts = ["vendor", "architecture", "device", "description"].map(text);
    let mut words: Vec<String> = Vec::new();
    for part in parts {
        if !part.is_empty() && !words.contains(&part) {
            words.push(part);
        }
    }
    let name = if words.is_empty() { "unnamed".into() } else { words.join(" ") };
    let lower = name.to_ascii_lowercase();
    let fallback = adapter.is_fallback_adapter().unwrap_or(false)
        || property(&info, "isFallbackAdapter").is_some_and(|flag| flag.is_truthy());
    Ok(Found { software: fallback || SOFTWARE.iter().any(|s| lower.contains(s)), name })
}
