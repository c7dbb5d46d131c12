//! What a visitor does first, and does too fast.

use anyhow::Result;
use robust_tests::Visit;

use crate::photo;

const SMALL: &str = "?engine=cpu&models=check/index.json";

const PHOTOS: &str = "document.querySelectorAll('.tray .thumbnail').length";

/// A file that is dropped anywhere on the page.
const DROP: &str = "
    const transfer = new DataTransfer();
    transfer.items.add(new File(['no photo'], 'dropped.jpg', { type: 'image/jpeg' }));
    window.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, cancelable: true }));
    return true;";

#[tokio::test]
async fn a_dropped_photo_is_added_once_in_every_view() -> Result<()> {
    let visit = Visit::open(&format!("{SMALL}&autostart=0")).await?;
    visit.wait_for_phase("robust", "idle", 60).await?;
    for view in ["morph", "explain", "add"] {
        visit.script(&format!("location.hash = '{view}'; return true;")).await?;
        let there = format!("document.querySelector('nav [aria-current]').hash === '#{view}'");
        visit.wait_until(view, &there, 20).await?;
    }
    let before = visit.script(&format!("return {PHOTOS};")).await?.as_u64().unwrap();
    visit.script(DROP).await?;
    visit.wait_until("the dropped photo", &format!("{PHOTOS} > {before}"), 20).await?;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(visit.script(&format!("return {PHOTOS};")).await?, before + 1);
    visit.close().await
}

#[tokio::test]
async fn a_slow_photo_does_not_end_a_newer_run() -> Result<()> {
    let visit = Visit::open(&format!("{SMALL}&autostart=0")).await?;
    visit.wait_for_phase("robust", "idle", 60).await?;
    // The kitten takes a second and a half to come.
    let slow = "const fetched = window.fetch; window.fetch = async (path, ...rest) => { \
                if (String(path).includes('cat_kitten')) \
                    await new Promise(resolve => setTimeout(resolve, 1500)); \
                return fetched(path, ...rest); }; return true;";
    visit.script(slow).await?;
    visit.set("steps", "10000").await?;
    visit.click(".thumbnail[title=Kitten]").await?;
    visit.click(".thumbnail[title=Lemur]").await?;
    visit.wait_for_phase("robust", "running", 20).await?;
    let lemur = visit.picture("original-image").await?;
    tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
    assert_eq!(visit.picture("original-image").await?, lemur, "the slow photo took over");
    visit.wait_for_phase("robust", "running", 1).await?;
    visit.click("#stop").await?;
    visit.wait_for_phase("robust", "finished", 20).await?;
    visit.close().await
}

#[tokio::test]
async fn two_photos_of_ones_own_become_both_ends_of_a_path() -> Result<()> {
    let visit = Visit::open(&format!("{SMALL}#morph")).await?;
    visit.wait_until("a link", "document.querySelector('#share')?.disabled === false", 60).await?;
    let drop = "return Promise.all(['bird_owl', 'ood_coffee'].map(name => \
                  fetch(`gallery/${name}.jpg`).then(file => file.blob()) \
                    .then(blob => new File([blob], `${name}.jpg`)))) \
                .then(files => { const transfer = new DataTransfer(); \
                  files.forEach(file => transfer.items.add(file)); \
                  window.dispatchEvent(new DragEvent('drop', \
                    { dataTransfer: transfer, cancelable: true })); return true; });";
    visit.script(drop).await?;
    let stops = "[0, 1].map(i => document.querySelector(`#stop-${i}`).ariaLabel)";
    let both =
        format!("{stops}[0].includes('bird_owl.jpg') && {stops}[1].includes('ood_coffee.jpg')");
    visit.wait_until("both photos on the path", &both, 20).await?;
    visit.close().await
}

#[tokio::test]
async fn the_result_of_a_far_tile_comes_into_view() -> Result<()> {
    let visit = Visit::open("?engine=cpu#features").await?;
    visit.wait_until("tiles", "document.querySelectorAll('.atlas-tile').length > 400", 120).await?;
    let last = "document.querySelector('.atlas-tile:nth-child(400)')";
    visit.script(&format!("{last}.scrollIntoView(); {last}.click(); return true;")).await?;
    let seen = "(top => top >= 0 && top < innerHeight / 2)\
                (document.querySelector('#goal, .goal').getBoundingClientRect().top)";
    visit.wait_until("the result is on the screen", seen, 10).await?;
    visit.close().await
}

#[tokio::test]
async fn a_number_that_no_message_holds_changes_nothing() -> Result<()> {
    let visit = Visit::open(&format!("{SMALL}&autostart=0")).await?;
    visit.wait_for_phase("robust", "idle", 60).await?;
    visit.set("seed", "12345678901234567890").await?;
    assert_eq!(visit.script("return document.getElementById('seed').value;").await?, "0");
    visit.upload(&photo("fish_discus.jpg")).await?;
    visit.wait_for_phase("robust", "finished", 60).await?;
    visit.close().await
}

#[tokio::test]
async fn all_three_pictures_are_on_the_first_screen() -> Result<()> {
    let visit = Visit::open(SMALL).await?;
    let seen = "['original', 'robust', 'standard'].every(id => \
                (box => box.top < innerHeight / 4 && box.bottom <= innerHeight)\
                (document.getElementById(`${id}-image`).getBoundingClientRect()))";
    visit.wait_until("the pictures are above the fold", seen, 20).await?;
    visit.close().await
}

#[tokio::test]
async fn the_current_tab_is_in_view_on_a_narrow_screen() -> Result<()> {
    let visit = Visit::open("?engine=cpu&models=check/index.json").await?;
    visit.resize(500, 800).await?;
    let seen = "(() => { const tab = document.querySelector('nav a[aria-current]'); \
                 const { left, right } = tab.getBoundingClientRect(); \
                 return left >= 0 && right <= innerWidth; })()";
    for view in ["paint", "explain", ""] {
        visit.script(&format!("location.hash = '{view}'; return true;")).await?;
        let current = format!(
            "document.querySelector('nav a[aria-current]').hash === '{}'",
            match view {
                "" => String::new(),
                view => format!("#{view}"),
            }
        );
        visit.wait_until("the view", &current, 20).await?;
        visit.wait_until("its tab is in view", seen, 5).await?;
    }
    visit.close().await
}
