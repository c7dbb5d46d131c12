//! What was made in a visit, had again; and steps back.

use anyhow::Result;
use robust_tests::Visit;
use serde_json::json;

const SMALL: &str = "?engine=cpu&models=check/index.json";

/// Results in the strip.
const MADE: &str = "document.querySelectorAll('#made li').length";

/// The words below the newest result.
const NEWEST: &str = "document.querySelector('#made .words').textContent";

/// Titles of the chosen photos.
const CHOSEN: &str =
    "[...document.querySelectorAll('.tray [aria-pressed=true]')].map(e => e.title).join()";

async fn choose(visit: &Visit, photo: &str) -> Result<()> {
    visit.click(&format!(".tray .thumbnail[title='{photo}']")).await
}

async fn wait_for_result(visit: &Visit, count: usize, words: &str) -> Result<()> {
    let made = format!("{MADE} === {count} && {NEWEST} === '{words}'");
    visit.wait_until(words, &made, 60).await
}

/// From here on, what an engine is asked to run is counted: messages are bytes, and a run's begin with
/// its place among the requests.
const COUNT_RUNS: &str = "
    window.sent = 0;
    const post = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function (...rest) {
      if (rest[0][0] === 1) window.sent++;
      return post.apply(this, rest);
    };
    return true;";

#[tokio::test]
async fn every_result_can_be_had_again_without_computing() -> Result<()> {
    let visit = Visit::open(SMALL).await?;
    wait_for_result(&visit, 1, "Inverted: Kingfisher").await?;
    let first = visit.picture("robust-image").await?;
    let photo = visit.picture("original-image").await?;
    choose(&visit, "Lemur").await?;
    wait_for_result(&visit, 2, "Inverted: Lemur").await?;
    visit.script("location.hash = 'morph'; return true;").await?;
    wait_for_result(&visit, 3, "Path: Kitten – German shepherd").await?;
    let frame = visit.picture("path-image").await?;
    let address = visit.script("return location.hash;").await?;
    visit.script("location.hash = 'features'; return true;").await?;
    visit.wait_until("a dream", &format!("{MADE} === 4"), 60).await?;
    assert!(visit.text("#made .words").await?.starts_with("Dreamed up: "));

    visit.script(COUNT_RUNS).await?;
    visit.click("#made li:nth-child(4) .thumbnail").await?;
    let again = format!(
        "document.getElementById('robust-image').toDataURL() === '{first}' && \
         document.getElementById('original-image').toDataURL() === '{photo}' && \
         {CHOSEN} === 'Kingfisher' && location.hash === ''"
    );
    visit.wait_until("the first inversion", &again, 10).await?;
    visit.wait_for_phase("robust", "finished", 5).await?;
    visit.click("#made li:nth-child(2) .thumbnail").await?;
    let again = format!(
        "document.getElementById('path-image').toDataURL() === '{frame}' && \
         location.hash === {address}"
    );
    visit.wait_until("the path", &again, 10).await?;
    // Its frames are not those that the engine had last.
    assert_eq!(visit.script("return document.getElementById('save-gif').disabled;").await?, true);
    // A run that goes on elsewhere is stopped, and nothing more is asked for.
    assert_eq!(visit.script("return window.sent;").await?, 0);
    assert_eq!(visit.script(&format!("return {MADE};")).await?, 4);
    visit.close().await
}

#[tokio::test]
async fn a_view_one_comes_back_to_is_not_computed_again() -> Result<()> {
    let visit = Visit::open(SMALL).await?;
    wait_for_result(&visit, 1, "Inverted: Kingfisher").await?;
    let inverted = visit.picture("robust-image").await?;
    visit.click("nav a[href='#features']").await?;
    visit.wait_until("a dream", &format!("{MADE} === 2"), 60).await?;
    let dreamed = visit.picture("robust-maximised").await?;
    let address = visit.script("return location.hash;").await?;

    visit.script(COUNT_RUNS).await?;
    visit.script("history.back(); return true;").await?;
    let same = |canvas: &str, picture: &str| {
        format!("document.getElementById('{canvas}')?.toDataURL() === '{picture}'")
    };
    visit.wait_until("the inversion", &same("robust-image", &inverted), 10).await?;
    visit.script("history.forward(); return true;").await?;
    visit.wait_until("the dream", &same("robust-maximised", &dreamed), 10).await?;
    visit.wait_until("its link", &format!("location.hash === {address}"), 10).await?;
    visit.click("nav a[href='#']").await?;
    visit.wait_until("the inversion", &same("robust-image", &inverted), 10).await?;
    visit.wait_for_phase("robust", "finished", 5).await?;
    assert_eq!(visit.script("return window.sent;").await?, 0);
    assert_eq!(visit.script(&format!("return {MADE};")).await?, 2);
    // Another photo is.
    choose(&visit, "Lemur").await?;
    wait_for_result(&visit, 3, "Inverted: Lemur").await?;
    visit.close().await
}

#[tokio::test]
async fn results_are_deleted_and_saved_together() -> Result<()> {
    let visit = Visit::open(SMALL).await?;
    wait_for_result(&visit, 1, "Inverted: Kingfisher").await?;
    for (photo, count) in [("Lemur", 2), ("Kitten", 3)] {
        choose(&visit, photo).await?;
        wait_for_result(&visit, count, &format!("Inverted: {photo}")).await?;
    }
    let delete = "#made li:nth-child(2) .link";
    visit.press(delete, "\u{e007}").await?;
    visit.wait_until("one less", &format!("{MADE} === 2"), 5).await?;
    let focus = "document.activeElement.matches('#made .thumbnail')";
    visit.wait_until("the focus stays here", focus, 5).await?;
    visit.click("#save-all").await?;
    visit.wait_for_download("made-here.zip").await?;
    let archive = std::fs::read(visit.downloads().join("made-here.zip"))?;
    let text = String::from_utf8_lossy(&archive);
    for name in ["01-Inverted-Kingfisher-robust.png", "02-Inverted-Kitten-robust.png"] {
        // Once beside the picture, once in the directory.
        assert_eq!(text.matches(name).count(), 2, "{name}");
    }
    let pictures = archive.windows(8).filter(|bytes| bytes == b"\x89PNG\r\n\x1a\n").count();
    assert_eq!(pictures, 2);
    // Nothing is kept after the visit.
    visit.go(&format!("{SMALL}&again=1")).await?;
    wait_for_result(&visit, 1, "Inverted: Kingfisher").await?;
    visit.close().await
}

#[tokio::test]
async fn a_photo_that_was_removed_is_not_taken_for_the_next_one() -> Result<()> {
    let visit = Visit::open(&format!("{SMALL}&autostart=0")).await?;
    visit.wait_for_phase("robust", "idle", 60).await?;
    visit.upload(&crate::photo("bird_owl.jpg")).await?;
    wait_for_result(&visit, 1, "Inverted: bird_owl.jpg").await?;
    let owl = visit.picture("original-image").await?;
    visit.click(".tray li .link").await?;
    wait_for_result(&visit, 2, "Inverted: Kingfisher").await?;
    visit.upload(&crate::photo("fish_discus.jpg")).await?;
    wait_for_result(&visit, 3, "Inverted: fish_discus.jpg").await?;
    visit.click("#made li:nth-child(3) .thumbnail").await?;
    visit
        .wait_until(
            "its name",
            "document.querySelector('#original .phase').textContent === 'bird_owl.jpg'",
            10,
        )
        .await?;
    assert_eq!(visit.picture("original-image").await?, owl);
    let chosen = "document.querySelector('.tray [aria-pressed=true]').title === 'bird_owl.jpg'";
    visit.wait_until("the photo is back and chosen", chosen, 10).await?;
    visit.close().await
}

#[tokio::test]
async fn fifty_results_are_kept_and_what_had_to_go_is_said() -> Result<()> {
    let visit = Visit::open(&format!("{SMALL}&autostart=0")).await?;
    visit.wait_for_phase("robust", "idle", 60).await?;
    visit.set("steps", "1").await?;
    for i in 0..52 {
        visit.set("seed", &i.to_string()).await?;
        visit.click("#restart").await?;
        let count = (i + 1).min(50);
        let newest = format!(
            "{MADE} === {count} && document.querySelector('#made canvas').id === 'made-{i}'"
        );
        visit.wait_until("one more", &newest, 20).await?;
    }
    let words = visit.text("#made .hint").await?;
    assert!(words.contains("newest 50") && words.contains("2 older"), "{words}");
    visit.close().await
}

#[tokio::test]
async fn a_painting_is_had_again() -> Result<()> {
    let visit = Visit::open(&format!("{SMALL}#paint")).await?;
    let named = "document.querySelectorAll('#goals .class-button').length > 1";
    visit.wait_until("classes", named, 60).await?;
    visit.click("#goals .class-button").await?;
    visit.wait_until("it is kept", &format!("{MADE} === 1"), 60).await?;
    let painted = visit.picture("drawing").await?;
    visit.click("#clear").await?;
    visit.wait_for_another("drawing", &painted, 10).await?;
    visit.click("#made .thumbnail").await?;
    let again = format!("document.getElementById('drawing').toDataURL() === '{painted}'");
    visit.wait_until("the painting", &again, 10).await?;
    visit.close().await
}

/// Presses keys with Ctrl where nothing is typed.
async fn press(visit: &Visit, key: &str, shift: bool) -> Result<()> {
    let keys = json!({ "key": key, "ctrlKey": true, "shiftKey": shift, "bubbles": true });
    let script =
        format!("document.body.dispatchEvent(new KeyboardEvent('keydown', {keys})); return 1;");
    visit.script(&script).await.map(drop)
}

#[tokio::test]
async fn photo_crop_settings_and_path_are_taken_back() -> Result<()> {
    let visit = Visit::open(SMALL).await?;
    wait_for_result(&visit, 1, "Inverted: Kingfisher").await?;
    let first = visit.picture("robust-image").await?;
    choose(&visit, "Lemur").await?;
    wait_for_result(&visit, 2, "Inverted: Lemur").await?;
    visit.set("seed", "7").await?;
    visit.click("#restart").await?;
    visit.wait_until("another seed", &format!("{MADE} === 3"), 60).await?;

    let seed = |seed: &str| format!("document.getElementById('seed').value === '{seed}'");
    press(&visit, "z", false).await?;
    visit.wait_until("the seed before", &seed("0"), 10).await?;
    visit.click("#step-back").await?;
    let photo = format!(
        "{CHOSEN} === 'Kingfisher' && \
         document.getElementById('robust-image').toDataURL() === '{first}'"
    );
    visit.wait_until("the photo before, and its picture", &photo, 10).await?;
    assert_eq!(visit.script("return document.getElementById('step-back').disabled;").await?, true);
    press(&visit, "Z", true).await?;
    press(&visit, "y", false).await?;
    let forth = format!("{CHOSEN} === 'Lemur' && {}", seed("7"));
    visit.wait_until("forth again", &forth, 10).await?;
    assert_eq!(visit.script(&format!("return {MADE};")).await?, 3);

    // What is typed in a field is the browser's to take back.
    visit.script("document.querySelector('.controls details').open = true; return true;").await?;
    visit.press("#seed", "\u{e009}z\u{e000}").await?;
    assert_eq!(visit.script(&format!("return {CHOSEN};")).await?, "Lemur");

    // A crop, too.
    let zoom = "document.querySelector('.fields input[type=range]')";
    let cropped = format!(
        "const zoom = {zoom}; zoom.value = 0.5; \
         zoom.dispatchEvent(new Event('change', {{ bubbles: true }})); return true;"
    );
    visit.script(&cropped).await?;
    visit.wait_until("a crop", &format!("{MADE} === 4"), 60).await?;
    press(&visit, "z", false).await?;
    visit.wait_until("all of the photo again", &format!("{zoom}.value === '1'"), 10).await?;

    visit.script("location.hash = 'morph'; return true;").await?;
    visit.wait_until("a path", &format!("{MADE} === 5"), 60).await?;
    visit.click("#swap").await?;
    wait_for_result(&visit, 6, "Path: German shepherd – Kitten").await?;
    press(&visit, "z", false).await?;
    let back = "document.querySelector('#stop-0').ariaLabel.includes('Kitten')";
    visit.wait_until("the path before", back, 10).await?;
    visit.close().await
}
