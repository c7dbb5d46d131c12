//! Drawing, and what the robust network makes of it.

mod drawing;
mod links;
mod making;

use std::ops::Range;

use anyhow::Result;
use robust_tests::Visit;
use serde_json::json;

const SMALL: &str = "?engine=cpu&models=check/index.json";

const DONE: &str = "document.querySelector('#robust')?.dataset.phase === 'finished'";

const SEEN: &str = "document.querySelector('#robust .sees')?.textContent.includes('%')";

/// Steps done of a run, while it runs.
const RUNS: &str =
    "parseInt(document.querySelector('#robust .phase').textContent.match(/^Step (\\d+)/)[1])";

/// A stroke of a pen through these places, in shares of the drawing's sides.
async fn stroke(visit: &Visit, places: &[(f32, f32)]) -> Result<()> {
    let script = format!(
        "const canvas = document.getElementById('drawing'); canvas.scrollIntoView(); \
         const {{ left, top, width, height }} = canvas.getBoundingClientRect(); \
         const send = (kind, [x, y]) => canvas.dispatchEvent(new PointerEvent(kind, \
           {{ bubbles: true, cancelable: true, pointerId: 1, isPrimary: true, pointerType: 'pen', \
              clientX: left + x * width, clientY: top + y * height }})); \
         const places = {}; send('pointerdown', places[0]); \
         places.forEach(place => send('pointermove', place)); \
         send('pointerup', places.at(-1)); return true;",
        json!(places)
    );
    visit.script(&script).await.map(drop)
}

/// A pixel's red, green and blue.
fn at(pixels: &[u8], x: f32, y: f32) -> &[u8] {
    let side = ((pixels.len() / 4) as f32).sqrt();
    let place = (y * side) as usize * side as usize + (x * side) as usize;
    let range: Range<usize> = 4 * place..4 * place + 3;
    &pixels[range]
}

async fn percent(visit: &Visit, which: &str) -> Result<f64> {
    let text = visit.text(&format!("#robust [data-value={which}]")).await?;
    Ok(text.trim_end_matches(['%', ' ']).parse()?)
}

async fn wait_for_picture(visit: &Visit, picture: &str) -> Result<()> {
    let same = format!("document.getElementById('drawing').toDataURL() === '{picture}'");
    visit.wait_until("an earlier picture", &same, 10).await
}

/// A visit that is about to draw.
async fn at_the_sheet() -> Result<Visit> {
    let visit = Visit::open(&format!("{SMALL}#paint")).await?;
    visit.wait_until("the network looks at the sheet", SEEN, 60).await?;
    Ok(visit)
}

/// Puts a photo on the sheet.
async fn put_a_kitten(visit: &Visit) -> Result<()> {
    let sheet = visit.picture("drawing").await?;
    visit.click(".thumbnail[title=Kitten]").await?;
    let photo = format!("document.getElementById('drawing').toDataURL() !== '{sheet}'");
    visit.wait_until("the photo", &photo, 20).await
}

/// The same, in whose hole something is to grow.
async fn fill_a_kitten(visit: &Visit) -> Result<()> {
    put_a_kitten(visit).await?;
    visit.click(".makings button:nth-child(2)").await
}

/// Largest difference of two pictures' values, and their mean.
fn difference(a: &[u8], b: &[u8]) -> (u8, f64) {
    assert_eq!(a.len(), b.len());
    let differences = || a.iter().zip(b).map(|(a, b)| a.abs_diff(*b));
    let sum: f64 = differences().map(f64::from).sum();
    (differences().max().unwrap_or_default(), sum / a.len() as f64)
}
