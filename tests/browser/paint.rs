//! Drawing with a pointer, and what the robust network makes of it.

use std::ops::Range;

use anyhow::Result;
use robust_tests::Visit;
use serde_json::json;

const SMALL: &str = "?engine=cpu&models=check/index.json";

const DONE: &str = "document.querySelector('#robust')?.dataset.phase === 'finished'";

const SEEN: &str = "document.querySelector('#robust .sees')?.textContent.includes('%')";

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

/// Puts a photo on the sheet, in whose hole something is to grow.
async fn fill_a_kitten(visit: &Visit) -> Result<()> {
    let sheet = visit.picture("drawing").await?;
    visit.click(".thumbnail[title=Kitten]").await?;
    let photo = format!("document.getElementById('drawing').toDataURL() !== '{sheet}'");
    visit.wait_until("the photo", &photo, 20).await?;
    visit.click(".makings button:nth-child(2)").await
}

#[tokio::test]
async fn a_drawing_becomes_a_class_and_can_be_taken_back() -> Result<()> {
    let visit = at_the_sheet().await?;
    let sheet = visit.picture("drawing").await?;
    visit.click(".swatch[title=Red]").await?;
    stroke(&visit, &[(0.2, 0.5), (0.8, 0.5)]).await?;
    let pixels = visit.pixels("drawing").await?;
    assert_eq!(at(&pixels, 0.5, 0.5), [0xc8, 0x28, 0x1e], "the stroke");
    assert_eq!(at(&pixels, 0.5, 0.1), [128; 3], "beside it");
    visit.wait_until("the network looks at it", DONE, 20).await?;
    let drawn = visit.picture("drawing").await?;

    visit.click("#goals .class-button:nth-child(4)").await?;
    let rises = "parseInt(document.querySelector('#robust [data-value=now]')?.textContent) > \
                 parseInt(document.querySelector('#robust [data-value=before]')?.textContent)";
    visit.wait_until("it becomes the class", rises, 60).await?;
    visit.wait_until("it is done", DONE, 60).await?;
    let (before, now) = (percent(&visit, "before").await?, percent(&visit, "now").await?);
    assert!(now > before + 10.0, "from {before} to {now} %");
    let sees = visit.text("#robust .sees").await?;
    assert!(sees.starts_with("It sees: class 3"), "{sees}");
    assert_ne!(at(&visit.pixels("drawing").await?, 0.5, 0.5), at(&pixels, 0.5, 0.5));

    visit.click("#save-png").await?;
    visit.wait_for_download("painting.png").await?;
    visit.click("#save-gif").await?;
    visit.wait_for_download("painting.gif").await?;

    visit.click("#undo").await?;
    wait_for_picture(&visit, &drawn).await?;
    visit.click("#rubber").await?;
    visit.set_range("width", "0.5").await?;
    stroke(&visit, &[(0.0, 0.5), (1.0, 0.5)]).await?;
    wait_for_picture(&visit, &sheet).await?;
    visit.close().await
}

#[tokio::test]
async fn strokes_join_what_is_being_made() -> Result<()> {
    let visit = at_the_sheet().await?;
    // Nothing of a run is told until it goes on: what is shown is the stroke alone.
    visit.click(".swatch[title=Yellow]").await?;
    visit.click("#goals .class-button:nth-child(2)").await?;
    stroke(&visit, &[(0.1, 0.2), (0.9, 0.2)]).await?;
    visit.wait_until("it is done", DONE, 60).await?;
    let pixels = visit.pixels("drawing").await?;
    let [red, _, blue] = at(&pixels, 0.5, 0.2) else { anyhow::bail!("no pixel") };
    assert!(red.saturating_sub(*blue) > 40, "the stroke is gone: {red}, {blue}");
    assert!(percent(&visit, "now").await? > percent(&visit, "before").await?);
    // And the eyedropper takes what is there.
    visit.click("#picker").await?;
    stroke(&visit, &[(0.5, 0.2)]).await?;
    let colour = visit.script("return document.getElementById('colour').value;").await?;
    let [red, green, blue] = at(&pixels, 0.5, 0.2) else { anyhow::bail!("no pixel") };
    assert_eq!(colour, json!(format!("#{red:02x}{green:02x}{blue:02x}")));
    visit.close().await
}

#[tokio::test]
async fn a_hole_in_a_photo_grows_again() -> Result<()> {
    let visit = at_the_sheet().await?;
    fill_a_kitten(&visit).await?;
    visit.click("#goals .class-button:nth-child(2)").await?;
    let told = "document.querySelector('#notice').textContent.includes('Rub out')";
    visit.wait_until("that there is no hole", told, 10).await?;
    let whole = visit.pixels("drawing").await?;
    visit.set_range("width", "0.3").await?;
    stroke(&visit, &[(0.5, 0.5), (0.6, 0.5)]).await?;
    assert_eq!(at(&visit.pixels("drawing").await?, 0.55, 0.5), [128; 3]);
    visit.click("#seen").await?;
    let grown = "document.querySelector('#robust [data-value=now]') && \
                 document.querySelector('#robust .phase').textContent === 'Done: 180 steps'";
    visit.wait_until("the hole has grown", grown, 120).await?;
    let filled = visit.pixels("drawing").await?;
    assert_ne!(at(&filled, 0.55, 0.5), [128; 3]);
    let change = |a: &[u8], b: &[u8]| -> u32 {
        a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(*b)).pow(2)).sum()
    };
    let corner = change(at(&whole, 0.02, 0.02), at(&filled, 0.02, 0.02));
    assert!(corner < 3 * 60 * 60, "the corner has changed by {corner}");
    visit.close().await
}

/// With the models that the page ships, which alone have Gaussians.
#[tokio::test]
async fn dreams_are_new_at_each_press_and_one_is_chosen() -> Result<()> {
    let visit = Visit::open("?engine=cpu&autostart=0#paint").await?;
    visit.wait_until("the network looks at the sheet", SEEN, 120).await?;
    visit.click(".makings button:nth-child(5)").await?;
    visit.click("#goals .class-button:nth-child(1)").await?;
    let four = "document.querySelectorAll('.filmstrip canvas').length === 4";
    visit.wait_until("four dreams", four, 60).await?;
    let first = visit.picture("dream-1").await?;
    visit.click("#stop").await?;
    visit.wait_until("it has stopped", DONE, 60).await?;
    visit.click("#goals .class-button:nth-child(1)").await?;
    let others = format!("{four} && document.getElementById('dream-1').toDataURL() !== '{first}'");
    visit.wait_until("four others", &others, 60).await?;
    visit.click("#stop").await?;
    visit.wait_until("they have stopped", DONE, 60).await?;
    let dream = visit.picture("dream-2").await?;
    visit.click(".filmstrip button:nth-child(3)").await?;
    wait_for_picture(&visit, &dream).await?;
    visit.close().await
}

/// The link of what is shown, without the page's address.
async fn link(visit: &Visit) -> Result<String> {
    let ready = "document.querySelector('#share:not(:disabled)') && location.hash.includes('.')";
    visit.wait_until("a link", ready, 20).await?;
    let link = visit.script("return location.hash;").await?;
    let Some(link) = link.as_str().map(str::to_owned) else { anyhow::bail!("no link") };
    assert!(link.len() < 8000, "{} characters", link.len());
    Ok(link)
}

/// Largest difference of two pictures' values, and their mean.
fn difference(a: &[u8], b: &[u8]) -> (u8, f64) {
    assert_eq!(a.len(), b.len());
    let differences = || a.iter().zip(b).map(|(a, b)| a.abs_diff(*b));
    let sum: f64 = differences().map(f64::from).sum();
    (differences().max().unwrap_or_default(), sum / a.len() as f64)
}

#[tokio::test]
async fn a_link_opens_to_the_same_painting() -> Result<()> {
    let visit = at_the_sheet().await?;
    visit.click(".swatch[title=Red]").await?;
    stroke(&visit, &[(0.2, 0.5), (0.8, 0.5), (1.3, 0.4), (0.9, 0.2)]).await?;
    visit.click(".swatch[title=White]").await?;
    visit.set_range("width", "0.3").await?;
    stroke(&visit, &[(0.5, 0.8)]).await?;
    visit.click("#rubber").await?;
    visit.set_range("width", "0.05").await?;
    stroke(&visit, &[(0.3, 0.4), (0.35, 0.6)]).await?;
    visit.wait_until("the network looks at it", DONE, 20).await?;
    let only_drawn = link(&visit).await?;
    let drawn = visit.pixels("drawing").await?;
    visit.set_range("reach", "0.35").await?;
    visit.click("#goals .class-button:nth-child(4)").await?;
    visit
        .wait_until("it becomes the class", "document.querySelector('[data-value=now]')", 60)
        .await?;
    visit.wait_until("it is done", DONE, 60).await?;
    let made = visit.pixels("drawing").await?;
    let first = link(&visit).await?;
    assert_ne!(first, only_drawn);
    // On what a network made, only pixels tell of the drawing.
    visit.click("#brush").await?;
    stroke(&visit, &[(0.1, 0.1), (0.3, 0.1)]).await?;
    let new = format!("location.hash !== '{first}' && location.hash.includes('.')");
    visit.wait_until("another link", &new, 20).await?;
    let painted_over = visit.pixels("drawing").await?;
    let second = link(&visit).await?;
    visit.close().await?;

    let fresh = Visit::open(&format!("{SMALL}{only_drawn}")).await?;
    fresh.wait_until("the network looks at it", SEEN, 60).await?;
    fresh.wait_until("it is done", DONE, 20).await?;
    assert_eq!(difference(&fresh.pixels("drawing").await?, &drawn), (0, 0.0));
    fresh.go(&format!("{SMALL}{first}")).await?;
    fresh.wait_until("the class", "document.querySelector('[data-value=now]')", 60).await?;
    fresh.wait_until("it is done", DONE, 60).await?;
    assert_eq!(difference(&fresh.pixels("drawing").await?, &made), (0, 0.0));
    assert_eq!(link(&fresh).await?, first, "passed on as it came");
    fresh.go(&format!("{SMALL}{second}")).await?;
    fresh.wait_until("the network looks at it", SEEN, 60).await?;
    let (_, mean) = difference(&fresh.pixels("drawing").await?, &painted_over);
    assert!(mean < 4.0, "differs by {mean} of 255 in the mean");
    fresh.close().await
}

#[tokio::test]
async fn a_link_carries_a_photo_with_its_hole() -> Result<()> {
    let visit = at_the_sheet().await?;
    fill_a_kitten(&visit).await?;
    visit.set_range("width", "0.3").await?;
    stroke(&visit, &[(0.5, 0.5), (0.6, 0.5)]).await?;
    visit.click("#seen").await?;
    let grown = "document.querySelector('#robust .phase')?.textContent === 'Done: 180 steps'";
    visit.wait_until("the hole has grown", grown, 120).await?;
    let (filled, first) = (visit.pixels("drawing").await?, link(&visit).await?);
    assert!(first.len() < 300, "a sample is named, not carried: {first}");
    visit.close().await?;
    let fresh = Visit::open(&format!("{SMALL}{first}")).await?;
    fresh.wait_until("the hole has grown", grown, 120).await?;
    assert_eq!(difference(&fresh.pixels("drawing").await?, &filled), (0, 0.0));
    // The view that it was made in is the one that opens.
    let pressed = fresh.text(".makings button[aria-pressed=true]").await?;
    assert_eq!(pressed, "Fill");
    fresh.close().await
}

#[tokio::test]
async fn a_drawing_is_made_by_keys_alone() -> Result<()> {
    let visit = at_the_sheet().await?;
    let sheet = visit.picture("drawing").await?;
    visit.click(".swatch[title=Red]").await?;
    visit.press("#drawing", "\u{E013}\u{E013}").await?;
    assert_eq!(visit.picture("drawing").await?, sheet, "the brush moves above the sheet");
    visit.wait_until("it is seen where", "document.querySelector('.cursor')", 5).await?;
    visit.press("#drawing", " \u{E014}\u{E014}\u{E014}\u{E014} \u{E015}").await?;
    let pixels = visit.pixels("drawing").await?;
    for x in [0.5, 0.6, 0.7] {
        assert_eq!(at(&pixels, x, 0.4), [0xc8, 0x28, 0x1e], "at {x}");
    }
    assert_eq!(at(&pixels, 0.7, 0.6), [128; 3], "lifted");
    visit.close().await
}
