//! The page without a network, and its newer versions.

use anyhow::Result;
use robust_tests::{Visit, dist};
use sha2::{Digest, Sha256};

use crate::VIEWS;

/// Whether all files are there.
pub const READY: &str = "navigator.serviceWorker.getRegistration() \
    .then(found => found?.active?.state === 'activated')";

const SMALL: &str = "?engine=cpu&models=check/index.json";

#[tokio::test]
async fn after_one_visit_every_view_works_without_a_network() -> Result<()> {
    let (visit, debugger) = Visit::open_watched(SMALL).await?;
    visit.wait_until("all files are there", READY, 180).await?;
    visit.site().shut_down();
    // With the models that come with it, which this visitor has never used.
    visit.go("?engine=cpu").await?;
    visit.wait_for_phase("robust", "running", 120).await?;
    visit.click("#stop").await?;
    for (view, shown) in VIEWS {
        visit.script(&format!("location.hash = '{view}'; return true;")).await?;
        visit.wait_until(view, shown, 120).await?;
    }
    visit.go("?engine=cpu&view=check").await?;
    let passed = "document.querySelector('#verdict')?.textContent === 'passed'";
    visit.wait_until("the check has passed", passed, 180).await?;
    visit.go("?engine=webgpu&autostart=0&models=check/index.json").await?;
    visit.wait_for_phase("robust", "idle", 240).await?;
    let asked: Vec<String> =
        visit.site().asked().into_iter().filter(|path| path != "offline.js").collect();
    assert!(asked.is_empty(), "the network was needed for {asked:?}");
    drop(debugger);
    visit.close().await
}

/// What browsers ask of a page before they offer to install it. Chromium's own verdict is not asked
/// for: under load it sometimes never answers.
#[tokio::test]
async fn the_page_can_be_installed() -> Result<()> {
    let visit = Visit::open(SMALL).await?;
    visit.wait_until("the worker that answers offline is there", READY, 180).await?;
    let manifest = visit
        .script(
            "return fetch(document.querySelector('link[rel=manifest]').href).then(r => r.json());",
        )
        .await?;
    for field in ["name", "short_name", "start_url"] {
        assert!(
            manifest[field].as_str().is_some_and(|text| !text.is_empty()),
            "{field}: {manifest}"
        );
    }
    let display = manifest["display"].as_str();
    assert!(matches!(display, Some("standalone" | "fullscreen" | "minimal-ui")), "{manifest}");
    let icons = manifest["icons"].as_array().map_or(&[][..], Vec::as_slice);
    let mut sides = Vec::new();
    for icon in icons {
        let source = icon["src"].as_str().unwrap_or_default();
        let side = visit
            .script(&format!(
                "return fetch('{source}').then(r => r.blob()).then(createImageBitmap)\
                 .then(icon => icon.width === icon.height ? icon.width : 0);"
            ))
            .await?;
        assert_eq!(icon["sizes"], format!("{side}x{side}"), "{source} is not what it claims to be");
        sides.push(side.as_u64());
    }
    assert!(sides.contains(&Some(192)) && sides.contains(&Some(512)), "{manifest}");
    visit.close().await
}

/// A later version of the page, which differs in its title.
fn newer() -> Result<(String, String)> {
    let hash = |text: &str| -> String {
        Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let page = std::fs::read_to_string(dist()?.join("index.html"))?;
    let worker = std::fs::read_to_string(dist()?.join("offline.js"))?;
    let newer = page.replace("<title>", "<title>Newer ");
    assert!(worker.contains(&hash(&page)), "the worker does not list this page");
    let worker = worker.replace(&hash(&page), &hash(&newer));
    Ok((newer, worker))
}

#[tokio::test]
async fn a_newer_version_is_announced_and_used_when_the_visitor_says_so() -> Result<()> {
    let visit = Visit::open(SMALL).await?;
    visit.wait_until("all files are there", READY, 180).await?;
    let (page, worker) = newer()?;
    visit.site().replace("index.html", page);
    visit.site().replace("offline.js", worker);
    let is_newer = "return document.title.startsWith('Newer');";
    for _ in 0..2 {
        visit.go(SMALL).await?;
        visit.wait_until("it is announced", "document.getElementById('newer')", 120).await?;
        assert_eq!(visit.script(is_newer).await?, false, "it was used unasked");
    }
    let other = visit.open_tab(SMALL).await?;
    visit.wait_until("in every tab", "document.getElementById('newer')", 120).await?;
    visit.click("#newer button").await?;
    visit.wait_until("it is used", "document.title.startsWith('Newer')", 60).await?;
    visit.wait_for_phase("robust", "finished", 60).await?;
    // The other tab is of the same version: it would else ask for files that are gone.
    visit.switch(&other).await?;
    visit.wait_until("in both tabs", "document.title.startsWith('Newer')", 60).await?;
    visit.wait_for_phase("robust", "finished", 60).await?;
    assert_eq!(visit.script("return document.getElementById('newer') === null;").await?, true);
    visit.close().await
}

#[tokio::test]
async fn a_half_published_version_changes_nothing() -> Result<()> {
    let visit = Visit::open(SMALL).await?;
    visit.wait_until("all files are there", READY, 180).await?;
    // The worker has come, the page that it lists has not.
    visit.site().replace("offline.js", newer()?.1);
    visit.go(SMALL).await?;
    visit.wait_for_phase("robust", "finished", 60).await?;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(visit.script("return document.getElementById('newer') === null;").await?, true);
    visit.close().await
}

#[test]
fn what_is_published_reloads_for_nobody() -> Result<()> {
    let page = std::fs::read_to_string(dist()?.join("index.html"))?;
    assert!(!page.contains("__TRUNK") && !page.contains("WebSocket"), "{page}");
    assert!(!page.contains("<script type=\"module\">"), "an inline script: {page}");
    Ok(())
}
