//! A tab that nobody looks at.

use anyhow::Result;
use robust_tests::Visit;

use crate::photo;

/// What the browser tells a page whose tab is covered, or not any more.
pub async fn hide(visit: &Visit, hidden: bool) -> Result<()> {
    let script = format!(
        "Object.defineProperty(document, 'hidden', {{ value: {hidden}, configurable: true }}); \
         document.dispatchEvent(new Event('visibilitychange', {{ bubbles: true }})); return true;"
    );
    visit.script(&script).await.map(drop)
}

#[tokio::test]
async fn a_tab_in_the_background_rests() -> Result<()> {
    let visit = Visit::open("?engine=cpu&autostart=0").await?;
    visit.wait_for_phase("robust", "idle", 120).await?;
    visit.set("steps", "900").await?;
    visit.upload(&photo("bird_owl.jpg")).await?;
    visit.wait_for_phase("robust", "running", 30).await?;
    hide(&visit, true).await?;
    visit.wait_for_phase("robust", "paused", 10).await?;
    hide(&visit, false).await?;
    visit.wait_for_phase("robust", "running", 10).await?;
    // Held by the visitor, it stays so.
    visit.click("#pause").await?;
    visit.wait_for_phase("robust", "paused", 10).await?;
    hide(&visit, true).await?;
    hide(&visit, false).await?;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    visit.wait_for_phase("robust", "paused", 1).await?;
    visit.click("#stop").await?;
    visit.wait_for_phase("robust", "finished", 20).await?;
    // What takes long goes on.
    visit.set("steps", "5000").await?;
    visit.upload(&photo("fish_discus.jpg")).await?;
    visit.wait_for_phase("robust", "running", 30).await?;
    hide(&visit, true).await?;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    visit.wait_for_phase("robust", "running", 1).await?;
    visit.close().await
}
