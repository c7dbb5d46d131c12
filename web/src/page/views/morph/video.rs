//! A path as a video, in whatever format the browser can encode.

use js_sys::{Array, Promise};
use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobEvent, CanvasRenderingContext2d, HtmlCanvasElement, MediaRecorder,
    MediaRecorderOptions,
};

use super::save::offer;
use crate::page::components::canvas::draw;
use crate::page::photos::read;
use crate::page::wait::sleep;
use crate::protocol::{Fault, Image};
use robust_core::settings::path::FRAME_MS;

/// Side of the video in pixels.
const SIDE: u32 = 512;

/// Media types and file names, the most widely played first.
const TYPES: [(&str, &str); 3] = [
    ("video/mp4", "morph.mp4"),
    ("video/webm;codecs=vp9", "morph.webm"),
    ("video/webm", "morph.webm"),
];

/// Whether this browser can encode a video at all.
pub fn format() -> Option<(&'static str, &'static str)> {
    let here = js_sys::Reflect::has(&window(), &"MediaRecorder".into()).unwrap_or(false);
    TYPES.into_iter().find(|(kind, _)| here && MediaRecorder::is_type_supported(kind))
}

/// Plays the frames once there and once back into a file, and offers it.
pub async fn record(frames: Vec<Image>) -> Result<(), Fault> {
    let (kind, name) = format().ok_or("this browser cannot encode videos")?;
    let failed = |error: JsValue| format!("the video could not be made: {error:?}");
    let bytes = encode(&frames, kind).await.map_err(failed)?;
    Ok(offer(name, kind, &bytes).map_err(failed)?)
}

async fn encode(frames: &[Image], kind: &str) -> Result<Vec<u8>, JsValue> {
    let small = canvas()?;
    let large = canvas()?;
    large.set_width(SIDE);
    large.set_height(SIDE);
    let context = large.get_context("2d")?.ok_or("no canvas")?;
    let context = context.unchecked_into::<CanvasRenderingContext2d>();
    context.set_image_smoothing_enabled(false);
    let options = MediaRecorderOptions::new();
    options.set_mime_type(kind);
    let recorder = MediaRecorder::new_with_media_stream_and_media_recorder_options(
        &large.capture_stream()?,
        &options,
    )?;
    let chunks = Array::new();
    let hear = {
        let chunks = chunks.clone();
        Closure::<dyn Fn(BlobEvent)>::new(move |event: BlobEvent| {
            if let Some(data) = event.data() {
                chunks.push(&data);
            }
        })
    };
    recorder.set_ondataavailable(Some(hear.as_ref().unchecked_ref()));
    let ended = Promise::new(&mut |resolve, _| recorder.set_onstop(Some(&resolve)));
    recorder.start()?;
    for frame in frames.iter().chain(frames.iter().rev()) {
        draw(&small, frame);
        let side = f64::from(SIDE);
        context.draw_image_with_html_canvas_element_and_dw_and_dh(&small, 0.0, 0.0, side, side)?;
        sleep(FRAME_MS).await?;
    }
    recorder.stop()?;
    JsFuture::from(ended).await?;
    let blob = Blob::new_with_blob_sequence(&chunks)?;
    Ok(read(&blob).await?.to_vec())
}

fn canvas() -> Result<HtmlCanvasElement, JsValue> {
    Ok(document().create_element("canvas")?.unchecked_into())
}
