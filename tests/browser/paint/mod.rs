//! Drawing, and what the robust network makes of it.

mod drawing;
mod links;
mod making;

use std::ops::Range;

use anyhow::{Result, bail};
use robust_tests::Visit;
use serde_json::json;

const SMALL: &str = "?engine=cpu&models=check/index.json";

const DONE: &str = "document.querySelector('#robust')?.dataset.phase === 'finished'";

const SEEN: &str = "document.querySelector('#robust .sees')?.textContent.includes('%')";

/// Whether a step has been told of since [`watch_for_a_step`].
const STEPPED: &str = "window.stepped";

/// Waits until something is made and done.
async fn wait_until_made(visit: &Visit, seconds: u64) -> Result<()> {
    let made = format!("document.querySelector('#robust [data-value=now]') && {DONE}");
    visit.wait_until("it is made and done", &made, seconds).await
}

/// From now on, the page itself notes when a run tells of this step or a later one, and then does something:
/// a short run may begin and end between two looks from here.
async fn watch_for_a_step(visit: &Visit, step: u32, then: &str) -> Result<()> {
    let script = format!(
        "window.stepped = false; new MutationObserver((_, watch) => {{ \
           const told = document.querySelector('#robust .phase')?.textContent.match(/^Step (\\d+)/); \
           if (!(told?.[1] >= {step})) return; \
           watch.disconnect(); {then}; window.stepped = true; \
         }}).observe(document, {{ subtree: true, childList: true, characterData: true }});"
    );
    visit.script(&script).await.map(drop)
}

/// Presses a class, and stops what begins after its first step. On a fast machine the end may come before
/// the engine hears of it: then another run is tried.
async fn stop_in_the_midst(visit: &Visit, class: &str) -> Result<()> {
    for _ in 0..20 {
        watch_for_a_step(visit, 1, "document.getElementById('stop').click()").await?;
        visit.click(class).await?;
        visit.wait_until("it has stopped", &format!("{STEPPED} && {DONE}"), 60).await?;
        if visit.text("#robust .phase").await?.starts_with("Stopped at") {
            return Ok(());
        }
    }
    bail!("twenty runs ended before they could be stopped")
}

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
    visit.wait_for_another("drawing", &sheet, 20).await
}

/// The same, in whose hole something is to grow.
async fn fill_a_kitten(visit: &Visit) -> Result<()> {
    put_a_kitten(visit).await?;
    visit.click(".makings button:nth-child(2)").await
}
