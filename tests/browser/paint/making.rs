//! Filling, dreaming, sharpening, turning into, and changing one's mind meanwhile.

use anyhow::Result;
use robust_tests::Visit;

use super::{
    DONE, SEEN, STEPPED, at, at_the_sheet, fill_a_kitten, percent, put_a_kitten, stop_in_the_midst,
    stroke, wait_for_picture, wait_until_made, watch_for_a_step,
};
use crate::difference;

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

#[tokio::test]
async fn a_photo_turns_into_another_class_and_is_sharpened() -> Result<()> {
    let visit = at_the_sheet().await?;
    put_a_kitten(&visit).await?;
    let photo = visit.picture("drawing").await?;
    for (button, class) in [(3, 6), (4, 2)] {
        visit.click(&format!(".makings button:nth-child({button})")).await?;
        visit.click(&format!("#goals .class-button:nth-child({class})")).await?;
        wait_until_made(&visit, 60).await?;
        let (before, now) = (percent(&visit, "before").await?, percent(&visit, "now").await?);
        assert!(now > before + 5.0, "button {button}: from {before} to {now} %");
        assert_ne!(visit.picture("drawing").await?, photo);
        visit.click("#undo").await?;
        wait_for_picture(&visit, &photo).await?;
        visit.wait_until("it has looked again", &format!("{SEEN} && {DONE}"), 30).await?;
    }
    visit.close().await
}

#[tokio::test]
async fn another_class_and_another_radius_count_at_once() -> Result<()> {
    let visit = at_the_sheet().await?;
    let sheet = visit.pixels("drawing").await?;
    visit.set_range("reach", "1").await?;
    visit.click("#goals .class-button:nth-child(4)").await?;
    wait_until_made(&visit, 60).await?;
    let (_, far) = difference(&visit.pixels("drawing").await?, &sheet);
    watch_for_a_step(&visit, 0, "").await?;
    visit.set_range("reach", "0.05").await?;
    visit.wait_until("it goes on within the new radius", STEPPED, 20).await?;
    visit.wait_until("it is done", DONE, 60).await?;
    let (_, near) = difference(&visit.pixels("drawing").await?, &sheet);
    assert!(near < 0.5 * far, "{near} away with a twentieth of the radius, {far} with all of it");

    put_a_kitten(&visit).await?;
    visit.click(".makings button:nth-child(3)").await?;
    let other = "document.querySelector('#goals .class-button:nth-child(2)').click()";
    watch_for_a_step(&visit, 4, other).await?;
    visit.click("#goals .class-button:nth-child(4)").await?;
    visit.wait_until("another class after steps towards the first", STEPPED, 60).await?;
    let other = format!("document.querySelector('#robust [data-class=\"1\"]') && {DONE}");
    visit.wait_until("it becomes the other", &other, 60).await?;
    let sees = visit.text("#robust .sees").await?;
    assert!(sees.starts_with("It sees: class 1"), "{sees}");
    visit.close().await
}

#[tokio::test]
async fn a_finished_drawing_goes_on_under_the_brush() -> Result<()> {
    let visit = at_the_sheet().await?;
    visit.click("#goals .class-button:nth-child(4)").await?;
    wait_until_made(&visit, 60).await?;
    visit.click(".swatch[title=White]").await?;
    visit.set_range("width", "0.3").await?;
    watch_for_a_step(&visit, 0, "").await?;
    stroke(&visit, &[(0.2, 0.5), (0.8, 0.5)]).await?;
    visit.wait_until("it goes on", STEPPED, 20).await?;
    visit.wait_until("to its end", DONE, 60).await?;
    let pixels = visit.pixels("drawing").await?;
    assert_ne!(at(&pixels, 0.5, 0.5), [0xf7, 0xf5, 0xf0], "nothing was made of the stroke");
    assert!(at(&pixels, 0.5, 0.5)[0] > 150, "the stroke is gone");
    // Stopped, it rests.
    stop_in_the_midst(&visit, "#goals .class-button:nth-child(4)").await?;
    stroke(&visit, &[(0.2, 0.2), (0.8, 0.2)]).await?;
    visit.wait_until("it is looked at", DONE, 20).await?;
    assert_eq!(at(&visit.pixels("drawing").await?, 0.5, 0.2), [0xf7, 0xf5, 0xf0]);
    visit.close().await
}

/// With the models that the page ships, of which one is standard.
#[tokio::test]
async fn the_standard_network_does_the_same_beside_it() -> Result<()> {
    let visit = Visit::open("?engine=cpu&autostart=0#paint").await?;
    visit.wait_until("the network looks at the sheet", SEEN, 120).await?;
    let standard = "document.querySelector('#standard')?.dataset.phase === 'finished'";
    visit.click("#goals .class-button:nth-child(4)").await?;
    wait_until_made(&visit, 120).await?;
    visit.click("#compare").await?;
    let both = format!("document.querySelector('#standard [data-value=now]') && {standard}");
    visit.wait_until("the standard one has made the same", &both, 180).await?;
    let (robust, beside) =
        (visit.pixels("drawing").await?, visit.pixels("standard-painted").await?);
    let (_, apart) = difference(&robust, &beside);
    assert!(apart > 1.0, "both have made the same picture");

    visit.click("#clear").await?;
    let same = "document.getElementById('standard-painted').toDataURL() \
                === document.getElementById('drawing').toDataURL()";
    visit.wait_until("the new sheet, and not the old picture", same, 60).await?;
    visit.click(".makings button:nth-child(5)").await?;
    visit.click("#compare").await?;
    visit.click("#goals .class-button:nth-child(1)").await?;
    visit.wait_until("dreams", "document.querySelector('#dream-3')", 60).await?;
    visit.click("#stop").await?;
    visit.wait_until("they have stopped", DONE, 60).await?;
    visit.click("#compare").await?;
    visit.wait_until("its own dreams", "document.querySelector('#standard-dream-3')", 120).await?;
    visit.click("#stop").await?;
    visit.wait_until("they have stopped", standard, 60).await?;
    assert_ne!(visit.picture("standard-dream-0").await?, visit.picture("dream-0").await?);
    visit.close().await
}
