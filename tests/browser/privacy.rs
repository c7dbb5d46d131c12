//! What the page asks of the network and keeps on the device.

use anyhow::Result;
use robust_tests::Visit;

use crate::VIEWS;

const SMALL: &str = "?engine=cpu&models=check/index.json";

#[tokio::test]
async fn no_view_asks_elsewhere_or_breaks_the_policy() -> Result<()> {
    let (visit, debugger) = Visit::open_watched(SMALL).await?;
    visit.wait_for_phase("robust", "finished", 60).await?;
    for (view, shown) in VIEWS {
        visit.script(&format!("location.hash = '{view}'; return true;")).await?;
        visit.wait_until(view, shown, 60).await?;
        visit
            .wait_until(
                "a result",
                "document.querySelector('#robust')?.dataset.phase !== 'reading'",
                60,
            )
            .await?;
    }
    for lab in ["check", "bench&seconds=0.1"] {
        visit.go(&format!("?engine=cpu&view={lab}")).await?;
        let ended = "document.querySelector('#verdict')?.textContent !== '…'";
        visit.wait_until("the laboratory is through", ended, 180).await?;
    }
    let requests = debugger.requests();
    assert!(requests.iter().any(|url| url.ends_with("engines.json")), "{requests:?}");
    let worker = requests.iter().any(|url| url.contains("engine-cpu.js"));
    assert!(worker, "the workers' requests are not seen: {requests:?}");
    let own = |url: &&String| url.starts_with(visit.origin()) || url.starts_with("blob:");
    let strangers: Vec<_> = requests.iter().filter(|url| !own(url)).collect();
    assert!(strangers.is_empty(), "the page asked elsewhere: {strangers:?}");
    assert_eq!(debugger.complaints(), Vec::<String>::new());
    visit.close().await
}

#[tokio::test]
async fn the_policy_lets_nothing_foreign_in() -> Result<()> {
    let visit = Visit::open(&format!("{SMALL}&autostart=0")).await?;
    let broken = "return new Promise(resolve => { const broken = []; \
        document.addEventListener('securitypolicyviolation', e => broken.push(e.effectiveDirective)); \
        const script = document.createElement('script'); script.textContent = 'window.foreign = 1'; \
        const style = document.createElement('style'); style.textContent = 'body { color: red }'; \
        const image = new Image(); image.src = 'http://localhost:9/a.png'; \
        document.body.append(script, style, image); \
        fetch('http://localhost:9/').catch(() => {}); \
        setTimeout('window.foreign = 2'); \
        setTimeout(() => resolve([window.foreign ?? 0, ...new Set(broken)].join(' ')), 500); });";
    let broken = visit.script(broken).await?;
    let broken = broken.as_str().unwrap_or_default();
    assert!(broken.starts_with("0 "), "a foreign script ran: {broken}");
    for directive in ["script-src-elem", "script-src", "style-src-elem", "img-src", "connect-src"] {
        assert!(broken.contains(directive), "{directive} is open: {broken}");
    }
    visit.close_amid_errors().await
}

/// What is kept: addresses in caches, names in storages and databases, service workers.
const KEPT: &str = "return (async () => { const kept = []; \
    for (const name of await caches.keys()) { \
        for (const { url } of await (await caches.open(name)).keys()) kept.push(url); } \
    for (const storage of [localStorage, sessionStorage]) kept.push(...Object.entries(storage).flat()); \
    kept.push(...(await indexedDB.databases()).map(({ name }) => name)); \
    kept.push(...(await navigator.serviceWorker.getRegistrations()).map(({ scope }) => scope)); \
    return kept.join(' '); })();";

#[tokio::test]
async fn nothing_of_a_photo_is_kept_and_everything_is_forgotten() -> Result<()> {
    let visit = Visit::open(SMALL).await?;
    visit.wait_for_phase("robust", "finished", 60).await?;
    let folder = tempfile::tempdir()?;
    let own = folder.path().join("a-photo-of-my-own.jpg");
    std::fs::copy(crate::photo("fish_discus.jpg"), &own)?;
    visit.upload(&own).await?;
    visit.wait_for_phase("robust", "running", 30).await?;
    visit.wait_for_phase("robust", "finished", 60).await?;
    for (view, shown) in VIEWS {
        visit.script(&format!("location.hash = '{view}'; return true;")).await?;
        visit.wait_until(view, shown, 60).await?;
    }
    visit.wait_until("a service worker", crate::offline::READY, 120).await?;
    let kept = visit.script(KEPT).await?;
    let kept = kept.as_str().unwrap_or_default().to_owned();
    assert!(kept.contains("cifar-basic.safetensors"), "{kept}");
    assert!(!kept.contains("a-photo-of-my-own") && !kept.contains("blob:"), "{kept}");
    // In the caches lie files that the page came with, and nothing that was made here.
    for address in kept.split(' ').filter(|word| word.starts_with(visit.origin())) {
        let path = address.trim_start_matches(visit.origin());
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let file = robust_tests::dist()?.join(path);
        assert!(file.exists(), "{address} is kept");
    }

    visit.click("#forget").await?;
    let said = "document.querySelector('#notice').textContent.includes('is gone')";
    visit.wait_until("it says so", said, 20).await?;
    assert_eq!(visit.script(KEPT).await?, "");
    visit.close().await
}

#[tokio::test]
async fn ones_own_photos_are_kept_only_where_that_is_asked_for() -> Result<()> {
    let visit = Visit::open(&format!("{SMALL}&autostart=0")).await?;
    visit.wait_for_phase("robust", "idle", 60).await?;
    let asked = "document.querySelector('#keep-photos')";
    assert_eq!(visit.script(&format!("return {asked};")).await?, serde_json::Value::Null);
    visit.upload(&crate::photo("fish_discus.jpg")).await?;
    visit.upload(&crate::photo("bird_owl.jpg")).await?;
    let own = "[...document.querySelectorAll('.tray img')].map(photo => photo.alt)\
               .filter(name => name.endsWith('.jpg')).join()";
    let both = format!("{own} === 'bird_owl.jpg,fish_discus.jpg'");
    visit.wait_until("both are there", &both, 20).await?;
    visit.click("#keep-photos").await?;
    // The cache is there before it holds anything.
    let stored = "caches.match('photos/all', { cacheName: 'robust-reps-photos' })";
    visit.wait_until("they are kept", stored, 20).await?;
    visit.go(&format!("{SMALL}&autostart=0&again=1")).await?;
    visit.wait_until("both are back, in their order", &both, 30).await?;
    visit.wait_until("it is ticked", &format!("{asked}?.checked"), 10).await?;
    visit.click("#keep-photos").await?;
    visit
        .wait_until("they are kept no more", &format!("{stored}.then(found => !found)"), 20)
        .await?;
    visit.go(&format!("{SMALL}&autostart=0&again=2")).await?;
    visit.wait_for_phase("robust", "idle", 60).await?;
    assert_eq!(visit.script(&format!("return {own};")).await?, "");
    visit.close().await
}
