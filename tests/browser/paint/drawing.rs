//! The drawing under mouse, pen, finger and keys.

use anyhow::Result;
use robust_tests::Hand;
use serde_json::json;

use super::{DONE, at, at_the_sheet, percent, stroke, wait_for_picture};

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

    visit.click("#save-picture").await?;
    visit.wait_for_download("paint.png").await?;
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

#[tokio::test]
async fn every_hand_draws() -> Result<()> {
    let visit = at_the_sheet().await?;
    let colours =
        [("Red", [0xc8, 0x28, 0x1e]), ("Yellow", [0xf2, 0xd6, 0x3c]), ("Black", [0x1a; 3])];
    for (i, (hand, (name, colour))) in Hand::ALL.into_iter().zip(colours).enumerate() {
        visit.click(&format!(".swatch[title={name}]")).await?;
        let y = 0.2 + 0.3 * i as f64;
        // Out of the canvas and back: the stroke goes on.
        visit.drag(hand, "#drawing", &[(0.2, y), (1.05, y), (0.6, y), (0.6, y + 0.1)]).await?;
        let pixels = visit.pixels("drawing").await?;
        for (x, y) in [(0.3, y), (0.9, y), (0.6, y + 0.1)] {
            assert_eq!(at(&pixels, x as f32, y as f32), colour, "{hand:?} at {x}, {y}");
        }
        visit.wait_until("the network looks at it", DONE, 30).await?;
    }
    visit.close().await
}

#[tokio::test]
async fn a_sheet_is_cleared_to_a_colour_or_to_noise() -> Result<()> {
    let visit = at_the_sheet().await?;
    let grey = visit.picture("drawing").await?;
    visit.click(".swatch[title=Green]").await?;
    visit.click("#clear").await?;
    let pixels = visit.pixels("drawing").await?;
    assert!(
        pixels.chunks(4).all(|pixel| pixel == [0x3c, 0x8c, 0x32, 255]),
        "not all of it is green"
    );
    visit.click("#noise").await?;
    let pixels = visit.pixels("drawing").await?;
    let mean = pixels.iter().map(|&value| f64::from(value)).sum::<f64>() / pixels.len() as f64;
    let different = pixels.chunks(4).filter(|pixel| **pixel != pixels[..4]).count();
    assert!(different > 1000 && (155.0..164.0).contains(&mean), "{different} differ, mean {mean}");
    let noise = visit.picture("drawing").await?;
    visit.click("#noise").await?;
    assert_ne!(visit.picture("drawing").await?, noise, "the same noise twice");
    for _ in 0..3 {
        visit.click("#undo").await?;
    }
    wait_for_picture(&visit, &grey).await?;
    visit.close().await
}
