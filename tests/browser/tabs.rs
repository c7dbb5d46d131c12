//! Two tabs at once.

use anyhow::Result;
use robust_tests::Visit;

use crate::photo;

const SMALL: &str = "?engine=cpu&models=check/index.json";

/// Notes whether the robust network runs from now on.
const WATCH: &str = "
    window.ran = false;
    new MutationObserver(() => {
      window.ran ||= document.querySelector('#robust')?.dataset.phase === 'running';
    }).observe(document, { subtree: true, attributes: true, attributeFilter: ['data-phase'] });
    return true;";

#[tokio::test]
async fn two_tabs_work_beside_each_other() -> Result<()> {
    let visit = Visit::open(&format!("{SMALL}&autostart=0")).await?;
    visit.wait_for_phase("robust", "idle", 60).await?;
    visit.set("steps", "800").await?;
    visit.upload(&photo("bird_owl.jpg")).await?;
    visit.wait_for_phase("robust", "running", 30).await?;
    let first = visit.open_tab(SMALL).await?;
    visit.wait_for_phase("robust", "finished", 60).await?;
    let second_picture = visit.picture("robust-image").await?;
    visit.upload(&photo("fish_discus.jpg")).await?;
    visit.wait_for_another("robust-image", &second_picture, 30).await?;
    let second = visit.open_tab(&format!("{SMALL}#morph")).await?;
    visit
        .wait_until("a path in a third", "document.querySelector('#path-image, #path canvas')", 60)
        .await?;

    visit.switch(&first).await?;
    visit.wait_for_phase("robust", "finished", 120).await?;
    let done = visit.text("#robust .phase").await?;
    assert!(done.contains("800") || done.starts_with("Done after"), "{done}");
    // Whoever forgets everything in one tab does not break the others.
    visit.wait_until("all files are there", crate::offline::READY, 120).await?;
    visit.click("#forget").await?;
    let said = "document.querySelector('#notice').textContent.includes('is gone')";
    visit.wait_until("it says so", said, 20).await?;
    visit.switch(&second).await?;
    // A run may be shorter than the time between two looks from here.
    visit.script(WATCH).await?;
    visit.upload(&photo("ood_koala.jpg")).await?;
    visit.wait_until("it runs", "window.ran", 30).await?;
    visit.wait_for_phase("robust", "finished", 60).await?;
    visit.close().await
}
