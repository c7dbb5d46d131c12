//! The page on the processor, with the models that it ships.

use anyhow::Result;
use robust_tests::Visit;

use crate::photo;

#[tokio::test]
async fn the_first_sample_is_inverted_without_a_click() -> Result<()> {
    // No choice of engine: Chromium's software adapter must be passed over, and the page say so.
    let visit = Visit::open("").await?;
    visit.wait_for_phase("robust", "running", 120).await?;
    let engine = visit.text("#engine").await?;
    assert!(engine.contains("processor, because") && engine.contains("software"), "{engine}");
    assert!(engine.contains("never leave this device"), "{engine}");
    visit
        .wait_until(
            "both models have done 10 steps",
            "['robust', 'standard'].every(id => \
         parseInt(document.querySelector(`#${id} .phase`).textContent.slice(5)) >= 10)",
            120,
        )
        .await?;
    let strangers: Vec<String> = visit
        .requests()
        .await?
        .into_iter()
        .filter(|url| !url.starts_with(visit.origin()))
        .collect();
    assert!(strangers.is_empty(), "the page asked elsewhere: {strangers:?}");
    visit.close().await
}

#[tokio::test]
async fn a_photo_from_disk_is_inverted_paused_stopped_and_saved() -> Result<()> {
    let visit = Visit::open("?engine=cpu&autostart=0").await?;
    visit.wait_for_phase("robust", "idle", 120).await?;
    visit.wait_for_phase("standard", "idle", 120).await?;
    visit.set("steps", "2000").await?;
    visit.upload(&photo("fish_clownfish.jpg")).await?;
    visit.wait_for_phase("robust", "running", 30).await?;
    let before = (visit.picture("robust-image").await?, visit.distance("robust").await.ok());
    visit
        .wait_until(
            "20 steps",
            "parseInt(document.querySelector('#robust .phase').textContent.slice(5)) >= 20",
            60,
        )
        .await?;
    assert_ne!(visit.picture("robust-image").await?, before.0, "the picture stands still");
    assert!(visit.distance("robust").await? < 80.0, "the loss does not fall");

    visit.click("#pause").await?;
    visit.wait_for_phase("robust", "paused", 10).await?;
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    let held = visit.picture("robust-image").await?;
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    assert_eq!(visit.picture("robust-image").await?, held, "a paused run goes on");
    visit.click("#pause").await?;
    visit.wait_for_another("robust-image", &held, 20).await?;

    visit.click("#stop").await?;
    visit.wait_for_phase("robust", "finished", 20).await?;
    visit.wait_for_phase("standard", "finished", 20).await?;
    assert!(visit.text("#robust .phase").await?.starts_with("Stopped at step"));

    visit.click("#robust .numbers summary").await?;
    for (button, side) in [("save", 512), ("save-small", 64)] {
        visit.click(&format!("#robust .{button}")).await?;
        visit.wait_for_download("inverted-robust.png").await?;
        let saved = visit.downloads().join("inverted-robust.png");
        let image = image::open(&saved)?;
        assert_eq!(
            (image.width(), image.height()),
            (side, side),
            "64 pixels are a stamp elsewhere"
        );
        std::fs::remove_file(saved)?;
    }

    // Ten thousand steps are many minutes on a processor: asked, and nothing is lost meanwhile.
    let shown = visit.picture("robust-image").await?;
    visit.click("#authors").await?;
    let asked = "document.querySelector('[role=alert] #authors-yes') !== null";
    visit.wait_until("the page asks", asked, 10).await?;
    let question = visit.text("#authors-question").await?;
    assert!(question.contains("take about") && question.contains("min"), "{question}");
    visit.click("#authors-no").await?;
    assert_eq!(visit.picture("robust-image").await?, shown);
    visit.click("#authors").await?;
    visit.click("#authors-yes").await?;
    let many = "document.querySelector('#robust .phase').textContent.includes('of 10000')";
    visit.wait_until("the authors' steps", many, 30).await?;
    visit.close().await
}
