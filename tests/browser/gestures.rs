//! What a visitor does first, and does too fast.

use std::time::Duration;

use anyhow::Result;
use robust_tests::Visit;

use serde_json::json;

use crate::accessible::tab;
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
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(visit.script(&format!("return {PHOTOS};")).await?, before + 1);
    visit.close().await
}

#[tokio::test]
async fn a_slow_photo_does_not_end_a_newer_run() -> Result<()> {
    let visit = Visit::open(&format!("{SMALL}&autostart=0")).await?;
    visit.wait_for_phase("robust", "idle", 60).await?;
    visit.site().slow_down("gallery/cat_kitten.jpg", Duration::from_millis(1500));
    visit.set("steps", "10000").await?;
    visit.click(".thumbnail[title=Kitten]").await?;
    visit.click(".thumbnail[title=Lemur]").await?;
    visit.wait_for_phase("robust", "running", 20).await?;
    let lemur = visit.picture("original-image").await?;
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let came = visit.site().asked().iter().any(|path| path.ends_with("gallery/cat_kitten.jpg"));
    assert!(came, "nobody asked for the slow photo");
    assert_eq!(visit.picture("original-image").await?, lemur, "the slow photo took over");
    visit.wait_for_phase("robust", "running", 1).await?;
    visit.click("#stop").await?;
    visit.wait_for_phase("robust", "finished", 20).await?;
    // Stopped while it is read, a photo takes no picture's place.
    visit.site().slow_down("gallery/bird_owl.jpg", Duration::from_millis(1500));
    visit.click(".thumbnail[title=Owl]").await?;
    visit.click("#stop").await?;
    tokio::time::sleep(Duration::from_millis(2500)).await;
    visit.wait_for_phase("robust", "finished", 1).await?;
    assert_eq!(visit.picture("original-image").await?, lemur, "a stopped run has begun");
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

/// The second network to come joins the first one's run.
#[tokio::test]
async fn the_second_network_does_not_restart_the_first() -> Result<()> {
    // The standard network comes when it is let go; steps are watched from the beginning on.
    let hold = "
        const fetched = window.fetch;
        window.fetch = async (path, ...rest) => {
          if (String(path.url ?? path).includes('standard.safetensors'))
            await new Promise(resolve => { window.letGo = resolve; });
          return fetched(path, ...rest);
        };
        let last = 0;
        window.backwards = [];
        setInterval(() => {
          const told = document.querySelector('[data-model=robust] .phase')?.textContent ?? '';
          const step = Number(told.match(/^Step (\\d+)/)?.[1] ?? last);
          if (step < last) window.backwards.push(`${last} to ${step}`);
          last = step;
          if (step > 2) window.letGo?.();
        }, 20);";
    for view in ["morph", "explain", "add"] {
        // A browser of its own, which has kept no network yet.
        let (visit, debugger) = Visit::open_watched(&format!("{SMALL}&autostart=0")).await?;
        tab(&debugger, "Page.enable", &json!({}))?;
        tab(&debugger, "Page.addScriptToEvaluateOnNewDocument", &json!({ "source": hold }))?;
        visit.go(&format!("?engine=cpu#{view}")).await?;
        let both = "(all => all.length > 0 && all.every(p => p.dataset.phase === 'finished'))\
                    ([...document.querySelectorAll('#robust, #standard, #path')])";
        visit.wait_until(view, both, 240).await?;
        assert_eq!(visit.script("return window.backwards.join();").await?, "", "{view}");
        assert_eq!(visit.script("return typeof window.letGo;").await?, "function", "{view}");
        visit.close().await?;
    }
    Ok(())
}

/// A file on the clipboard is a photo once, whatever views were visited; and each view says what a drop
/// is for.
#[tokio::test]
async fn a_pasted_photo_is_added_once_and_a_drop_is_told_what_for() -> Result<()> {
    let visit = Visit::open(&format!("{SMALL}&autostart=0")).await?;
    visit.wait_for_phase("robust", "idle", 60).await?;
    for (view, words) in
        [("morph", "on the path"), ("add", "add the feature"), ("paint", "paint on it")]
    {
        visit.script(&format!("location.hash = '{view}'; return true;")).await?;
        let there = format!("document.querySelector('nav [aria-current]').hash === '#{view}'");
        visit.wait_until(view, &there, 20).await?;
        let drag = |kind: &str| {
            format!(
                "const transfer = new DataTransfer(); \
                 transfer.items.add(new File([''], 'a.jpg', {{ type: 'image/jpeg' }})); \
                 window.dispatchEvent(new DragEvent('{kind}', \
                   {{ dataTransfer: transfer, cancelable: true }})); return true;"
            )
        };
        visit.script(&drag("dragover")).await?;
        let told = format!("document.querySelector('.drop-here')?.textContent.includes('{words}')");
        visit.wait_until(words, &told, 10).await?;
        visit.script(&drag("dragleave")).await?;
        visit.wait_until("it has gone", "!document.querySelector('.drop-here')", 10).await?;
    }
    let before = visit.script(&format!("return {PHOTOS};")).await?.as_u64().unwrap();
    let paste = "return fetch('gallery/bird_owl.jpg').then(file => file.blob()).then(blob => { \
                 const clipboardData = new DataTransfer(); \
                 clipboardData.items.add(new File([blob], 'owl.jpg', { type: 'image/jpeg' })); \
                 window.dispatchEvent(new ClipboardEvent('paste', { clipboardData, cancelable: true })); \
                 return true; });";
    visit.script(paste).await?;
    visit.wait_until("the pasted photo", &format!("{PHOTOS} > {before}"), 20).await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(visit.script(&format!("return {PHOTOS};")).await?, before + 1);
    visit.close().await
}

#[tokio::test]
async fn ones_own_photo_comes_along_to_the_path_and_the_sheet() -> Result<()> {
    let visit = Visit::open(SMALL).await?;
    visit.upload(&photo("bird_owl.jpg")).await?;
    let named = "document.querySelector('#original .phase').textContent === 'bird_owl.jpg'";
    visit.wait_until("its inversion", named, 60).await?;
    visit.click("nav a[href='#morph']").await?;
    let first = "document.querySelector('#stop-0')?.ariaLabel.includes('bird_owl.jpg')";
    visit.wait_until("it is the first of the path", first, 20).await?;
    visit.click("nav a[href='#paint']").await?;
    let empty = "document.querySelector('#drawing')?.toDataURL().length < 2000";
    visit.wait_until("an empty sheet", empty, 20).await?;
    visit.click(".makings button:nth-child(3)").await?;
    visit.wait_until("the photo on the sheet", &format!("!({empty})"), 20).await?;
    visit.close().await
}

/// All tiles scroll in a window of their own, on a phone, too.
#[tokio::test]
async fn features_do_not_bury_the_page_on_a_phone() -> Result<()> {
    let (visit, debugger) = Visit::open_watched("?engine=cpu&autostart=0#features").await?;
    visit.wait_until("tiles", "document.querySelectorAll('.atlas-tile').length > 400", 120).await?;
    let size = json!({ "width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": true });
    tab(&debugger, "Emulation.setDeviceMetricsOverride", &size)?;
    visit.wait_until("its size", "innerWidth === 390", 10).await?;
    let height = visit.script("return document.documentElement.scrollHeight;").await?;
    assert!(height.as_u64().is_some_and(|height| height < 3500), "{height} pixels");
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

/// The point, and what to do next, without scrolling: on a desk, a large one, phones, and a desk where
/// everything is twice as large.
#[tokio::test]
async fn pictures_sentence_and_the_way_on_are_on_the_first_screen() -> Result<()> {
    let (visit, debugger) = Visit::open_watched(SMALL).await?;
    visit.wait_for_phase("robust", "finished", 60).await?;
    let lowest = |all: &str| {
        format!(
            "return Math.max(...[{all}].map(css => \
             document.querySelector(css).getBoundingClientRect().bottom)) - innerHeight"
        )
    };
    let pictures = "'#original-image', '#robust-image', '#standard-image'";
    let all = format!("{pictures}, '#sentence', '.sources .button'");
    let mut beyond = Vec::new();
    for (width, height, what) in [
        (1280, 900, &*format!("{all}, '#stop', '#share'")),
        (1920, 1080, &*format!("{all}, '#stop', '#share'")),
        (390, 844, &*all),
        (320, 640, pictures),
        (640, 450, "'#original-image'"),
    ] {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        tab(&debugger, "Emulation.setDeviceMetricsOverride", &size)?;
        visit.wait_until("its size", &format!("innerWidth === {width}"), 10).await?;
        let wide = visit.script("return document.querySelector('main').clientWidth;").await?;
        let wide = wide.as_u64().unwrap_or_default();
        assert!(wide * 4 > width * 3, "{wide} of {width} pixels are used");
        let below = visit.script(&lowest(what)).await?.as_f64().unwrap_or(f64::NAN);
        if below.is_nan() || below > 0.0 {
            beyond.push(format!("{width}x{height}: {below} pixels below the fold"));
        }
    }
    assert!(beyond.is_empty(), "{beyond:#?}");
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
