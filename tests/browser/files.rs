//! Files and numbers that are not what they should be.

use anyhow::Result;
use robust_tests::Visit;

use crate::photo;

#[tokio::test]
async fn bad_photos_get_their_message_and_cost_nothing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let text = folder.path().join("letter.jpg");
    std::fs::write(&text, "Dear reader, this is not a photo.")?;
    let half = folder.path().join("half.jpg");
    let whole = std::fs::read(photo("cat_chelsea.jpg"))?;
    std::fs::write(&half, &whole[..whole.len() / 3])?;
    let empty = folder.path().join("empty.png");
    std::fs::write(&empty, "")?;

    let visit = Visit::open("?engine=cpu&models=check/index.json").await?;
    visit.wait_for_phase("robust", "finished", 120).await?;
    let result = visit.picture("robust-image").await?;
    let bad = [
        (&text, "letter.jpg: this is not an image"),
        (&half, "half.jpg: the image is damaged or incomplete"),
        (&empty, "empty.png: the file is empty"),
    ];
    for (path, message) in bad {
        visit.upload(path).await?;
        let shown = format!("document.querySelector('#notice').textContent.includes('{message}')");
        visit.wait_until(message, &shown, 20).await?;
    }
    assert_eq!(visit.picture("robust-image").await?, result, "a bad file cost the last result");

    visit.upload(&photo("cat_chelsea.jpg")).await?;
    visit
        .wait_until(
            "a good one goes on",
            "document.querySelector('#notice').textContent === ''",
            20,
        )
        .await?;
    visit.wait_for_phase("robust", "finished", 60).await?;
    assert_ne!(visit.picture("robust-image").await?, result);
    visit.close().await
}

#[tokio::test]
async fn numbers_that_cannot_be_get_their_message() -> Result<()> {
    let visit = Visit::open("?engine=cpu&models=check/index.json").await?;
    visit.wait_for_phase("robust", "finished", 120).await?;
    let steps = "return document.getElementById('steps').value";
    let before = visit.script(steps).await?;
    visit.set("steps", "").await?;
    assert_eq!(visit.script(steps).await?, before, "an emptied field says what still holds");
    visit.set("steps", "0").await?;
    visit.click("#restart").await?;
    let shown = "document.querySelector('#notice').textContent.includes('steps must be from 1')";
    visit.wait_until("what is wrong with it", shown, 20).await?;
    visit.set("steps", "7").await?;
    visit.click("#restart").await?;
    let done = "document.querySelector('#robust .phase').textContent === 'Done: 7 steps'";
    visit.wait_until("a good one counts", done, 60).await?;
    visit.close().await
}

#[tokio::test]
async fn a_damaged_or_missing_model_is_named() -> Result<()> {
    let visit = Visit::open("?engine=cpu&models=fixtures/damaged/index.json").await?;
    visit.wait_for_phase("robust", "failed", 60).await?;
    let message = visit.text("#robust .phase").await?;
    assert!(message.contains("damaged") && message.contains("SHA-256"), "{message}");
    let message = visit.text("#standard .phase").await?;
    assert!(message.contains("no such model"), "{message}");
    visit.go("?engine=cpu&models=fixtures/nowhere/index.json").await?;
    visit.wait_for_phase("robust", "failed", 60).await?;
    let message = visit.text("#robust .phase").await?;
    assert!(message.contains("404"), "{message}");
    visit.go("?engine=cpu&models=fixtures/cut-off/index.json").await?;
    visit.wait_for_phase("robust", "failed", 60).await?;
    let message = visit.text("#robust .phase").await?;
    assert!(message.contains("cut-off/index.json cannot be understood"), "{message}");
    visit.close().await
}
