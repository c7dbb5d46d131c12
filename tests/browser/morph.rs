//! Paths between photos, and their links.

use anyhow::Result;
use robust_core::link::{Link, PathLink, Stop};
use robust_core::settings::Crop;
use robust_core::settings::path::PathSettings;
use robust_tests::Visit;

use crate::{fragment, photo, shared_link};

const SMALL: &str = "?models=check/index.json&engine=";

const FRAMES: usize = 5;

/// Largest mean difference of the frames that two engines compute from one link.
const ENGINES_DIFFER: f64 = 2.0 / 255.0;

async fn wait_for_path(visit: &Visit, seconds: u64) -> Result<()> {
    let done = "document.querySelector('#path')?.dataset.phase === 'finished' \
                && document.querySelector('#path .phase').textContent.startsWith('Done')";
    visit.wait_until("the path is done", done, seconds).await
}

/// What the page shows of every frame.
async fn frames(visit: &Visit) -> Result<Vec<String>> {
    let mut frames = Vec::new();
    for i in 0..FRAMES {
        frames.push(visit.picture(&format!("frame-{i}")).await?);
    }
    Ok(frames)
}

/// A visit on which two photos from disk are joined by a short path.
async fn two_uploads() -> Result<Visit> {
    let visit = Visit::open(&format!("{SMALL}cpu#morph")).await?;
    visit.wait_until("a link", "document.querySelector('#share')?.disabled === false", 60).await?;
    visit.set("frames", &FRAMES.to_string()).await?;
    visit.set("path-steps", "12").await?;
    visit.upload(&photo("ood_coffee.jpg")).await?;
    let marked = |i| format!("document.querySelector('#stop-{i}')?.ariaPressed === 'true'");
    visit.wait_until("the second photo is next", &marked(1), 20).await?;
    visit.upload(&photo("bird_owl.jpg")).await?;
    visit.wait_until("the first photo is next", &marked(0), 20).await?;
    wait_for_path(&visit, 60).await?;
    Ok(visit)
}

fn gallery_link(change: impl Fn(&mut PathLink)) -> String {
    let stop = |name: &str| Stop::Gallery { name: name.into(), crop: Crop::Centre };
    let mut link = PathLink {
        model: "cifar-basic".into(),
        stops: vec![stop("cat_kitten"), stop("fish_discus")],
        settings: PathSettings { frames: FRAMES, steps: 12, ..PathSettings::FAST },
    };
    change(&mut link);
    Link::Path(link).to_fragment().unwrap()
}

#[tokio::test]
async fn a_shared_link_shows_the_same_frames_elsewhere() -> Result<()> {
    let sender = two_uploads().await?;
    let link = shared_link(&sender).await?;
    assert!(fragment(&link).len() <= 8000, "{} characters", fragment(&link).len());
    let sent = frames(&sender).await?;
    assert_ne!(sent[1], sent[2]);
    sender.close().await?;

    let friend = Visit::open(&format!("{SMALL}cpu#{}", fragment(&link))).await?;
    // At once, from the link alone: both photos and their cross-fade.
    let blank = "document.createElement('canvas').toDataURL()";
    let shown = format!(
        "document.getElementById('frame-{}').toDataURL().length > {blank}.length + 500",
        FRAMES / 2
    );
    friend.wait_until("the cross-fade", &shown, 30).await?;
    wait_for_path(&friend, 90).await?;
    assert_eq!(frames(&friend).await?, sent, "the friend sees other frames");
    let requests = friend.requests().await?;
    assert!(
        requests.iter().all(|url| url.starts_with(friend.origin()) || url.starts_with("blob:"))
    );
    friend.close().await
}

#[tokio::test]
async fn a_filmstrip_opens_its_path_again() -> Result<()> {
    let sender = two_uploads().await?;
    let link = shared_link(&sender).await?;
    for (button, file) in [("#save-gif", "morph.gif"), ("#save-strip", "morph.png")] {
        sender.click(button).await?;
        sender.wait_for_download(file).await?;
    }
    sender.click("#save-video").await?;
    sender.wait_for_any_download(&["morph.mp4", "morph.webm"]).await?;
    let gif = image::open(sender.downloads().join("morph.gif"))?;
    assert_eq!((gif.width(), gif.height()), (256, 256));

    let friend = Visit::open(&format!("{SMALL}cpu&autostart=0")).await?;
    friend.wait_for_phase("robust", "idle", 60).await?;
    friend.upload(&sender.downloads().join("morph.png")).await?;
    friend.wait_until("the path", "document.querySelector('#path')", 30).await?;
    assert_eq!(fragment(&shared_link(&friend).await?), fragment(&link));
    assert_eq!(friend.script("return location.hash.slice(1);").await?, fragment(&link));
    sender.close().await?;
    friend.close().await
}

/// Whoever opens a link sees it move, unless their system asks for calm.
#[tokio::test]
async fn a_link_does_not_move_for_those_who_want_calm() -> Result<()> {
    let link = gallery_link(|_| {});
    for (wish, label) in [("no-preference", "Hold"), ("reduce", "Play")] {
        let (visit, debugger) = Visit::open_watched(&format!("{SMALL}cpu&autostart=0")).await?;
        let features = serde_json::json!({ "features": [{ "name": "prefers-reduced-motion", "value": wish }] });
        crate::accessible::tab(&debugger, "Emulation.setEmulatedMedia", &features)?;
        visit.script(&format!("location.hash = '{link}'; return true;")).await?;
        wait_for_path(&visit, 90).await?;
        assert_eq!(visit.text("#play").await?, label, "{wish}");
        visit.close().await?;
    }
    Ok(())
}

#[tokio::test]
async fn back_and_keys_work() -> Result<()> {
    let link = gallery_link(|_| {});
    let visit = Visit::open(&format!("{SMALL}cpu#{link}")).await?;
    wait_for_path(&visit, 90).await?;
    let first = "document.querySelector('#stop-0 img')?.src";
    let cat = format!("{first}?.includes('cat_kitten')");
    visit.wait_until("the link's first photo", &cat, 10).await?;
    visit.click("#swap").await?;
    let own = format!("location.hash !== '#{link}'");
    visit.wait_until("an address of one's own", &own, 60).await?;
    visit.wait_until("swapped", &format!("{first}?.includes('fish_discus')"), 10).await?;
    wait_for_path(&visit, 60).await?;
    visit.script("history.back(); return true;").await?;
    visit.wait_until("back at the link", &cat, 20).await?;

    let press = |key: &str| {
        format!("window.dispatchEvent(new KeyboardEvent('keydown', {{ key: '{key}' }})); return 1;")
    };
    let playing = |yes: bool| {
        let label = if yes { "Hold" } else { "Play" };
        format!("document.querySelector('#play').textContent === '{label}'")
    };
    visit.wait_until("an opened link plays by itself", &playing(true), 10).await?;
    visit.script(&press(" ")).await?;
    visit.wait_until("space holds it", &playing(false), 10).await?;
    let at = |place: &str| format!("document.querySelector('#position').value === '{place}'");
    for _ in 0..FRAMES {
        visit.script(&press("ArrowLeft")).await?;
    }
    visit.wait_until("the first frame", &at("0"), 5).await?;
    visit.script(&press("ArrowRight")).await?;
    visit.wait_until("the next frame", &at("1"), 5).await?;
    visit.script(&press(" ")).await?;
    visit.wait_until("it plays on", &at(&(FRAMES - 1).to_string()), 10).await?;
    visit.close().await
}

#[tokio::test]
async fn a_bad_link_gets_a_message_and_a_way_on() -> Result<()> {
    let visit = Visit::open(&format!("{SMALL}cpu#9.whatever")).await?;
    let good = gallery_link(|_| {});
    let unknown = gallery_link(|link| link.model = "elsewhere".into());
    let gone = gallery_link(|link| {
        link.stops[0] = Stop::Gallery { name: "no-such-photo".into(), crop: Crop::Centre };
    });
    let markup = format!("{good}<img src=x onerror=alert(1)>");
    let cases = [
        ("9.whatever", "newer version"),
        (&good[..good.len() - 3], "damaged or incomplete"),
        (&markup, "damaged or incomplete"),
        ("hello", "not a link"),
        (&gone, "not here any more"),
        (&unknown, "“elsewhere”, which is not here"),
    ];
    // The first sample is inverted all the same, and that does not hide the message.
    visit.wait_for_phase("robust", "finished", 60).await?;
    for (fragment, message) in cases {
        visit.script(&format!("location.hash = {fragment:?}; return true;")).await?;
        let shown = format!("document.querySelector('#notice').textContent.includes('{message}')");
        visit.wait_until(message, &shown, 20).await?;
    }
    let images = visit.script("return document.querySelectorAll('img[src=x]').length;").await?;
    assert_eq!(images, 0, "a link became markup");
    visit.script(&format!("location.hash = '{good}'; return true;")).await?;
    wait_for_path(&visit, 60).await?;
    visit.close().await
}

#[tokio::test]
async fn two_engines_show_nearly_the_same() -> Result<()> {
    let link = gallery_link(|link| link.settings.steps = PathSettings::FAST.steps);
    let mut means = Vec::new();
    let mut pictures = Vec::new();
    for engine in ["cpu", "webgpu"] {
        let visit = Visit::open(&format!("{SMALL}{engine}#{link}")).await?;
        wait_for_path(&visit, 300).await?;
        let mut frames = Vec::new();
        for i in 0..FRAMES {
            frames.push(visit.pixels(&format!("frame-{i}")).await?);
        }
        pictures.push(frames);
        visit.close().await?;
    }
    for (a, b) in pictures[0].iter().zip(&pictures[1]) {
        let sum: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
        means.push(sum / a.len() as f64 / 255.0);
    }
    eprintln!("mean differences of the frames: {means:?}");
    assert!(means.iter().all(|mean| *mean <= ENGINES_DIFFER), "{means:?}");
    Ok(())
}
