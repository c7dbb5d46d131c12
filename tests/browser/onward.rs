//! From one view to the next, and out of the page: links of single photos, what a tile or a class leads
//! to, the tour, words that explain themselves, being told of an end.

use anyhow::Result;
use robust_tests::Visit;

use crate::{difference, fragment, photo, shared_link};

const SMALL: &str = "?engine=cpu&models=check/index.json";

const DONE: &str = "document.querySelector('#robust')?.dataset.phase === 'finished'";

#[tokio::test]
async fn an_inversion_is_a_link_with_its_settings_and_ones_own_photo() -> Result<()> {
    let visit = Visit::open(SMALL).await?;
    visit.wait_until("inverted", DONE, 120).await?;
    let plain = visit.script("return location.hash;").await?;
    assert_eq!(plain, "", "what everybody sees needs no link in the address");
    visit.set("seed", "5").await?;
    visit.set("steps", "20").await?;
    visit.upload(&photo("bird_owl.jpg")).await?;
    let done = "document.querySelector('#robust .phase')?.textContent.startsWith('Done: 20 steps')";
    visit.wait_until("inverted again", done, 60).await?;
    let link = shared_link(&visit).await?;
    let fragment = fragment(&link);
    assert_eq!(visit.script("return location.hash.slice(1);").await?, fragment);
    let picture = visit.pixels("robust-image").await?;
    visit.close().await?;

    let friend = Visit::open(&format!("{SMALL}#{fragment}")).await?;
    friend.wait_until("the link is computed", done, 120).await?;
    assert_eq!(friend.script("return document.getElementById('seed').value;").await?, "5");
    // The photo came as a small JPEG: nearly the same numbers.
    let (_, mean) = difference(&friend.pixels("robust-image").await?, &picture);
    assert!(mean < 40.0, "{mean}");
    let (_, photos) = difference(&friend.pixels("original-image").await?, &{
        friend.go(SMALL).await?;
        friend.wait_until("the usual photo", DONE, 120).await?;
        friend.pixels("original-image").await?
    });
    assert!(photos > 10.0, "the link shows the usual photo");
    friend.close().await
}

#[tokio::test]
async fn ones_own_photo_is_part_of_every_link() -> Result<()> {
    let visit = Visit::open(&format!("{SMALL}#explain")).await?;
    visit.wait_until("explained", DONE, 120).await?;
    visit.upload(&photo("fish_discus.jpg")).await?;
    let long = "location.hash.length > 300";
    visit.wait_until("explain", long, 60).await?;
    for view in ["add", "collide"] {
        visit.script(&format!("location.hash = '{view}'; return true;")).await?;
        visit.wait_until(view, long, 60).await?;
    }
    // Going back finds it where it is, and brings no copy.
    let count = "document.querySelectorAll('.tray .thumbnail').length";
    let before = visit.script(&format!("return {count};")).await?;
    visit.script("history.back(); return true;").await?;
    visit.wait_until("back", "document.querySelector('#robust-added')", 30).await?;
    visit.wait_until("done", DONE, 60).await?;
    assert_eq!(visit.script(&format!("return {count};")).await?, before);
    visit.script("location.hash = 'collide'; return true;").await?;
    visit.wait_until("collide", "document.querySelector('#robust-collision')", 30).await?;
    visit.wait_until("its link", long, 60).await?;
    let picture = visit.pixels("original-image").await?;
    // The address alone brings it all back.
    visit.script("location.reload(); return true;").await?;
    visit.wait_until("reloaded", "document.querySelector('#robust-collision')", 60).await?;
    visit.wait_until("shown again", DONE, 120).await?;
    let (_, mean) = difference(&visit.pixels("original-image").await?, &picture);
    assert!(mean < 12.0, "{mean}");
    visit.close().await
}

#[tokio::test]
async fn a_tile_leads_to_adding_it_and_a_class_to_painting_it() -> Result<()> {
    let visit = Visit::open(&format!("{SMALL}#features")).await?;
    visit.wait_until("a class is dreamed up", DONE, 120).await?;
    visit.set("order", "number").await?;
    visit.click("#atlas .atlas-tile:nth-child(8)").await?;
    let add = "document.querySelector('#onward')?.hash === '#add'";
    visit.wait_until("a way to add it", add, 10).await?;
    visit.click("#onward").await?;
    let number = "document.querySelector('#feature')?.value === '7'";
    visit.wait_until("number 7 is added", number, 20).await?;

    visit.script("location.hash = 'explain'; return true;").await?;
    visit.wait_until("explained", "document.querySelector('#robust .onward')", 60).await?;
    visit.wait_until("done", DONE, 60).await?;
    visit.click("#robust li:nth-child(2) .class").await?;
    let second = "document.querySelector('#robust li:nth-child(2) .class')?.ariaPressed === 'true'";
    visit.wait_until("the second class", second, 30).await?;
    let name = visit.text("#robust li:nth-child(2) .class span").await?;
    assert!(visit.text("#robust .onward").await?.ends_with(&name));
    visit.click("#robust .onward").await?;
    let painted =
        format!("document.querySelector('.distance')?.textContent.startsWith('{name}: from')");
    visit.wait_until("the photo becomes that class", &painted, 60).await?;
    visit.close().await
}

#[tokio::test]
async fn the_tour_goes_through_the_page_and_is_resumed() -> Result<()> {
    let visit = Visit::open(&format!("{SMALL}#tour")).await?;
    let step =
        |n: u32| format!("document.querySelector('#tour')?.textContent.includes('{n} of 4')");
    visit.wait_until("the first step", &step(1), 30).await?;
    let focused = "document.activeElement?.closest('#tour')";
    visit.wait_until("its heading has the focus", focused, 10).await?;
    visit.click("#tour-next").await?;
    visit.wait_until("the second", &step(2), 10).await?;
    visit.click("#tour-next").await?;
    visit.wait_until("a path", "document.querySelector('#path-image')", 30).await?;
    visit.wait_until("the third", &step(3), 10).await?;
    visit.go(&format!("{SMALL}&again=1#tour")).await?;
    visit.wait_until("where it was left", &step(3), 60).await?;
    visit.click("#tour-next").await?;
    visit.wait_until("fooling", "document.querySelector('#robust-collision')", 30).await?;
    visit.press("#tour-next", "\u{e00c}").await?;
    visit.wait_until("Escape leaves it", "!document.querySelector('#tour')", 10).await?;
    visit.click(".take-tour").await?;
    visit.wait_until("the fourth", &step(4), 10).await?;
    visit.click("#tour-next").await?;
    visit.wait_until("it is over", "!document.querySelector('#tour')", 10).await?;
    visit.click(".take-tour").await?;
    visit.wait_until("from the beginning", &step(1), 10).await?;
    visit.close().await
}

#[tokio::test]
async fn a_word_says_what_it_means_when_it_is_tapped() -> Result<()> {
    let visit = Visit::open(SMALL).await?;
    visit.wait_until("inverted", DONE, 120).await?;
    let open = "[...document.querySelectorAll('.meaning')].filter(e => e.matches(':popover-open'))";
    assert_eq!(visit.script(&format!("return {open}.length;")).await?, 0);
    visit.click("#numbers .term").await?;
    let said =
        format!("{open}.length === 1 && {open}[0].textContent.includes('last layer but one')");
    visit.wait_until("what a representation is", &said, 5).await?;
    let sentence = visit.text("#sentence").await?;
    assert!(sentence.contains("numbers") && sentence.contains("all that"), "{sentence}");
    visit.close().await
}

/// Stands for the browser's notifications, whose permission nobody can give here.
const NOTIFICATIONS: &str = "
    window.told = [];
    window.Notification = class {
      constructor(title) { window.told.push(title); }
      static requestPermission() { return Promise.resolve('granted'); }
      static get permission() { return 'granted'; }
    };
    return true;";

/// The same as on Chrome for Android, where only a service worker's registration may show one.
const ANDROID: &str = "
    const { permission, requestPermission } = window.Notification;
    window.Notification = class { constructor() { throw new TypeError('Illegal constructor'); } };
    Object.assign(window.Notification, { permission, requestPermission });
    ServiceWorkerRegistration.prototype.showNotification = title => {
      window.told.push(title);
      return Promise.resolve();
    };
    return true;";

#[tokio::test]
async fn whoever_looks_at_another_tab_is_told_of_the_end() -> Result<()> {
    is_told(false).await
}

#[tokio::test]
async fn on_a_phone_it_is_told_by_the_service_worker() -> Result<()> {
    is_told(true).await
}

async fn is_told(android: bool) -> Result<()> {
    let visit = Visit::open("?engine=cpu&autostart=0").await?;
    visit.wait_for_phase("robust", "idle", 120).await?;
    visit.script(NOTIFICATIONS).await?;
    if android {
        let registered = "navigator.serviceWorker.getRegistration()";
        visit.wait_until("a service worker", registered, 60).await?;
        visit.script(ANDROID).await?;
    }
    visit.set("steps", "900").await?;
    visit.upload(&photo("bird_owl.jpg")).await?;
    visit.wait_until("a long run", "document.querySelector('#tell')", 60).await?;
    visit.click("#tell").await?;
    crate::background::hide(&visit, true).await?;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    visit.wait_for_phase("robust", "running", 1).await?;
    visit.script("document.querySelector('#stop').click(); return true;").await?;
    visit.wait_until("it is told", "window.told.length === 1", 30).await?;
    let title = "document.title.startsWith('Done')";
    visit.wait_until("the title says so", title, 5).await?;
    crate::background::hide(&visit, false).await?;
    visit.wait_until("until somebody looks", &format!("!{title}"), 5).await?;
    visit.close().await
}
