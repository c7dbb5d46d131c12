//! Why a network predicts what it predicts.

use anyhow::Result;
use robust_tests::Visit;

#[tokio::test]
async fn a_prediction_is_explained_and_another_class_too() -> Result<()> {
    let visit = Visit::open("?engine=cpu&models=check/index.json#explain").await?;
    let done = "document.querySelector('#robust')?.dataset.phase === 'finished'";
    visit.wait_until("the explanation is done", done, 120).await?;
    let tiles = "return document.querySelectorAll('#robust .tiles canvas').length;";
    assert_eq!(visit.script(tiles).await?, 5);
    let shares = "return [...document.querySelectorAll('#robust .class .share')]\
                  .map(share => parseInt(share.textContent));";
    let shares: Vec<u32> = serde_json::from_value(visit.script(shares).await?)?;
    assert!(shares.is_sorted_by(|a, b| a >= b) && shares.iter().sum::<u32>() <= 102, "{shares:?}");
    // Each coordinate is magnified in a picture of its own, the heaviest first.
    let (first, second) =
        (visit.picture("robust-feature-0").await?, visit.picture("robust-feature-1").await?);
    assert_ne!(first, second);
    let weights = "return [...document.querySelectorAll('#robust figcaption')]\
                   .map(caption => parseFloat(caption.textContent.split(': ')[1]));";
    let weights: Vec<f64> = serde_json::from_value(visit.script(weights).await?)?;
    assert!(weights.is_sorted_by(|a, b| a >= b) && weights[0] > 0.0, "{weights:?}");

    visit.click("#robust li:nth-child(2) .class").await?;
    let second = "document.querySelector('#robust li:nth-child(2) .class')?.ariaPressed === 'true'";
    visit.wait_until("the second class is explained", second, 30).await?;
    visit.wait_until("its explanation is done", done, 60).await?;
    assert_ne!(visit.picture("robust-feature-0").await?, first);
    visit.close().await
}

#[tokio::test]
async fn a_feature_is_added_little_by_little() -> Result<()> {
    let visit = Visit::open("?engine=cpu&models=check/index.json#add").await?;
    let done = "document.querySelector('#robust')?.dataset.phase === 'finished'";
    visit.wait_until("the first feature is added", done, 180).await?;
    // One that this photo has nothing of.
    visit.set("feature", "23").await?;
    let stages = "Number(document.querySelector('#stage').max) >= 1";
    visit.wait_until("a stage", stages, 60).await?;
    visit.wait_until("the feature is added", done, 180).await?;
    let stage = |at: u64| {
        format!(
            "const slider = document.querySelector('#stage'); slider.value = {at}; \
             slider.dispatchEvent(new Event('input', {{ bubbles: true }})); return true;"
        )
    };
    let mut pictures = Vec::new();
    let last = visit.script("return Number(document.querySelector('#stage').max);").await?;
    let last = last.as_u64().unwrap();
    assert!(last >= 2, "{last} stages");
    let reached: f64 = visit.text("#robust strong").await?.parse()?;
    assert!(reached > 0.2, "{reached}");
    for at in [0, 1, last] {
        visit.script(&stage(at)).await?;
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        pictures.push(visit.picture("robust-added").await?);
    }
    assert!(pictures[0] != pictures[1] && pictures[1] != pictures[2]);
    visit.click("#as-authors").await?;
    let slowly = "document.querySelector('#robust .phase').textContent.includes('800')";
    visit.wait_until("the authors' steps are taken", slowly, 60).await?;
    visit.set("feature", "99999").await?;
    let told = "document.querySelector('#notice').textContent.includes('numbers 0 to 31')";
    visit.wait_until("a number out of range is told", told, 20).await?;
    visit.close().await
}
