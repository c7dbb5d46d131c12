//! A drawing as a link.

use std::io::Cursor;

use anyhow::{Context, Result};
use image::AnimationDecoder;
use image::codecs::gif::GifDecoder;
use robust_tests::Visit;

use super::{
    DONE, SEEN, SMALL, at_the_sheet, fill_a_kitten, put_a_kitten, stop_in_the_midst, stroke,
    wait_until_made,
};
use crate::difference;

/// The link of what is shown, without the page's address.
async fn link(visit: &Visit) -> Result<String> {
    let ready = "document.querySelector('#share:not(:disabled)') && location.hash.includes('.')";
    visit.wait_until("a link", ready, 20).await?;
    let link = visit.script("return location.hash;").await?;
    let Some(link) = link.as_str().map(str::to_owned) else { anyhow::bail!("no link") };
    assert!(link.len() < 8000, "{} characters", link.len());
    Ok(link)
}

/// Opens a link that carries a drawing as its pixels, and looks whether they are these, but for what a
/// JPEG changes.
async fn opens_like(fresh: &Visit, link: &str, shown: &[u8], most: f64) -> Result<()> {
    fresh.go(&format!("{SMALL}{link}")).await?;
    fresh.wait_until("the network looks at it", SEEN, 60).await?;
    let (_, mean) = difference(&fresh.pixels("drawing").await?, shown);
    assert!(mean < most, "differs by {mean} of 255 in the mean");
    Ok(())
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
    wait_until_made(&visit, 60).await?;
    let made = visit.pixels("drawing").await?;
    let first = link(&visit).await?;
    assert_ne!(first, only_drawn);
    // Where strokes have joined, only pixels tell of the drawing.
    visit.click("#brush").await?;
    stroke(&visit, &[(0.1, 0.1), (0.3, 0.1)]).await?;
    let new = format!("location.hash !== '{first}' && location.hash.includes('.')");
    visit.wait_until("another link", &new, 20).await?;
    visit.wait_until("it has gone on", DONE, 60).await?;
    let painted_over = visit.pixels("drawing").await?;
    let second = link(&visit).await?;
    visit.close().await?;

    let fresh = Visit::open(&format!("{SMALL}{only_drawn}")).await?;
    fresh.wait_until("the network looks at it", SEEN, 60).await?;
    fresh.wait_until("it is done", DONE, 20).await?;
    assert_eq!(difference(&fresh.pixels("drawing").await?, &drawn), (0, 0.0));
    fresh.go(&format!("{SMALL}{first}")).await?;
    wait_until_made(&fresh, 60).await?;
    assert_eq!(difference(&fresh.pixels("drawing").await?, &made), (0, 0.0));
    assert_eq!(link(&fresh).await?, first, "passed on as it came");
    opens_like(&fresh, &second, &painted_over, 4.0).await?;
    fresh.close().await
}

#[tokio::test]
async fn a_stopped_drawing_and_one_of_many_strokes_are_carried_as_pixels() -> Result<()> {
    let visit = at_the_sheet().await?;
    put_a_kitten(&visit).await?;
    visit.click(".makings button:nth-child(3)").await?;
    stop_in_the_midst(&visit, "#goals .class-button:nth-child(4)").await?;
    let (stopped, shown) = (link(&visit).await?, visit.pixels("drawing").await?);
    let share = |i: u32| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 24) as f32;
    let places =
        |count: u32| (0..count).map(|i| (share(2 * i), share(2 * i + 1))).collect::<Vec<_>>();
    visit.click("#clear").await?;
    visit.click(".swatch[title=Yellow]").await?;
    visit.set_range("width", "0.02").await?;
    stroke(&visit, &places(150)).await?;
    visit.click(".swatch[title=Black]").await?;
    visit.set_range("width", "0.4").await?;
    stroke(&visit, &places(4000)[150..]).await?;
    visit.click(".swatch[title=Yellow]").await?;
    stroke(&visit, &[(0.3, 0.3), (0.5, 0.7)]).await?;
    visit.wait_until("the network looks at it", DONE, 60).await?;
    let (scribble, drawn) = (link(&visit).await?, visit.pixels("drawing").await?);
    visit.close().await?;

    let fresh = Visit::prepare().await?;
    opens_like(&fresh, &stopped, &shown, 4.0).await?;
    opens_like(&fresh, &scribble, &drawn, 8.0).await?;
    fresh.close().await
}

/// With the models that the page ships, which alone have Gaussians.
#[tokio::test]
async fn a_link_of_dreams_opens_to_the_same_dreams() -> Result<()> {
    const SHIPPED: &str = "?engine=cpu&autostart=0#paint";
    let visit = Visit::open(SHIPPED).await?;
    visit.wait_until("the network looks at the sheet", SEEN, 120).await?;
    visit.click(".makings button:nth-child(5)").await?;
    visit.click("#goals .class-button:nth-child(4)").await?;
    let dreamt = format!("document.querySelector('#dream-3') && {DONE}");
    visit.wait_until("dreams", &dreamt, 180).await?;
    let dreams = link(&visit).await?;
    let (first, second) = (visit.pixels("dream-0").await?, visit.pixels("dream-1").await?);
    visit.click(".filmstrip button:nth-child(2)").await?;
    visit.click("#save-gif").await?;
    visit.wait_for_download("painting.gif").await?;
    let film = std::fs::read(visit.downloads().join("painting.gif"))?;
    let last = GifDecoder::new(Cursor::new(&film))?.into_frames().last();
    let last = last.context("no frames")??.into_buffer();
    let side = ((second.len() / 4) as f32).sqrt() as u32;
    let last = image::imageops::thumbnail(&last, side, side);
    let (_, apart) = difference(last.as_raw(), &second);
    let (_, other) = difference(last.as_raw(), &first);
    assert!(apart < 0.5 * other, "the film ends {apart} away from its dream, {other} from another");
    visit.close().await?;
    let fresh = Visit::open(&SHIPPED.replace("#paint", &dreams)).await?;
    fresh.wait_until("dreams", &dreamt, 240).await?;
    let (_, apart) = difference(&fresh.pixels("dream-1").await?, &second);
    assert!(apart < 1.0, "another dream, {apart} away");
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
