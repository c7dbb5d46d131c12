//! The page on WebGPU. Here that is SwiftShader: slow, but the same code as on a graphics card.

use anyhow::Result;
use robust_tests::Visit;

use crate::photo;

/// A missing adapter is a failure, not a reason to skip.
const ADAPTER: &str = "
    return navigator.gpu ? navigator.gpu.requestAdapter().then(adapter => adapter !== null) : false;";

#[tokio::test]
async fn a_photo_from_disk_is_inverted_on_webgpu() -> Result<()> {
    let visit = Visit::open("?engine=webgpu&autostart=0&models=check/index.json").await?;
    assert_eq!(
        visit.script(ADAPTER).await?,
        true,
        "Chromium offers no WebGPU adapter. It needs --enable-unsafe-webgpu, and SwiftShader \
         (Debian's chromium-common has it) where there is no graphics card"
    );
    visit.wait_for_phase("robust", "idle", 180).await?;
    let engine = visit.text("#engine").await?;
    assert!(engine.contains("WebGPU, as you asked"), "{engine}");
    visit.set("steps", "500").await?;
    visit.upload(&photo("bird_owl.jpg")).await?;
    visit
        .wait_until(
            "a first distance",
            "document.querySelector('#robust [data-value=distance]').textContent.includes('%')",
            120,
        )
        .await?;
    let (first, picture) = (visit.distance("robust").await?, visit.picture("robust-image").await?);
    visit
        .wait_until(
            "12 steps",
            "parseInt(document.querySelector('#robust .phase').textContent.slice(5)) >= 12",
            180,
        )
        .await?;
    let later = visit.distance("robust").await?;
    assert!(later < 0.9 * first, "the distance went from {first} % to {later} %");
    assert_ne!(visit.picture("robust-image").await?, picture, "the picture stands still");
    visit.click("#stop").await?;
    visit.wait_for_phase("robust", "finished", 60).await?;
    visit.close().await
}

/// Every other view, a few steps of each with the small model.
#[tokio::test]
async fn every_view_computes_on_webgpu() -> Result<()> {
    let visit = Visit::open("?engine=webgpu&autostart=0&models=check/index.json#features").await?;
    assert_eq!(visit.script(ADAPTER).await?, true, "Chromium offers no WebGPU adapter");
    let stepped = |least: usize| {
        format!(
            "parseInt(document.querySelector('#robust .phase').textContent.slice(5)) >= {least}"
        )
    };
    let done = "document.querySelector('#robust')?.dataset.phase === 'finished'";
    for (view, canvas) in [
        ("features", "robust-maximised"),
        ("add", "robust-added"),
        ("collide", "robust-collision"),
        ("explain", "robust-feature-0"),
    ] {
        visit.script(&format!("location.hash = '{view}'; return true;")).await?;
        let there = format!("document.getElementById('{canvas}') !== null");
        visit.wait_until(&format!("the view {view}"), &there, 240).await?;
        let moved = format!("({}) || ({done})", stepped(4));
        visit.wait_until(&format!("4 steps of {view}"), &moved, 240).await?;
        let pixels = visit.pixels(canvas).await?;
        assert!(
            pixels.chunks_exact(4).any(|pixel| pixel[..3] != pixels[..3]),
            "{view}: one colour"
        );
        visit.script("document.querySelector('#stop').click(); return true;").await?;
        visit.wait_until(&format!("{view} has stopped"), done, 120).await?;
    }
    let engine = visit.text("#engine").await?;
    assert!(engine.contains("WebGPU"), "a view fell back to the processor: {engine}");
    visit.close().await
}
