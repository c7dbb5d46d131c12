//! Pictures of an inversion that leave the page, and two of them compared full screen.

use anyhow::{Context, Result};
use robust_tests::Visit;

const SMALL: &str = "?engine=cpu&models=check/index.json";

/// Size of a link's preview, and the most bytes of it that messengers are sure to show.
const PREVIEW: (u32, u32) = (1200, 630);
const PREVIEW_BYTES: u64 = 120_000;

fn preview() -> Result<std::path::PathBuf> {
    let tests = std::env::var_os("CARGO_MANIFEST_DIR").context("this runs under cargo")?;
    Ok(std::path::Path::new(&tests).join("../static/preview.jpg"))
}

#[tokio::test]
async fn a_picture_for_others_is_saved_and_copied() -> Result<()> {
    let visit = Visit::open(SMALL).await?;
    visit.wait_for_phase("robust", "finished", 120).await?;
    visit.click("#save-picture").await?;
    visit.wait_for_download("inversion.png").await?;
    let saved = image::open(visit.downloads().join("inversion.png"))?.to_rgb8();
    assert!(saved.width() >= 1024 && saved.height() > 400, "{:?}", saved.dimensions());
    // The small model's catalog has no standard network: photo and robust picture, half each.
    let colours = |left: u32, right: u32| {
        let seen = (left..right).flat_map(|x| (60..540).map(move |y| (x, y)));
        seen.map(|(x, y)| saved.get_pixel(x, y).0).collect::<std::collections::HashSet<_>>().len()
    };
    let half = saved.width() / 2;
    assert!(colours(20, half - 20) > 500, "no photo on the left");
    assert!(colours(half + 20, saved.width() - 20) > 500, "no result on the right");
    let bottom = saved.height() - 60;
    let ink = (0..saved.width()).flat_map(|x| (bottom..saved.height()).map(move |y| (x, y)));
    assert!(ink.filter(|&(x, y)| saved.get_pixel(x, y).0[0] < 100).count() > 200, "no caption");

    // What reaches the clipboard is asked for here, where no system has one.
    let listen = "navigator.clipboard.write = async ([item]) => { \
                  window.copied = await (await item.getType('image/png')).arrayBuffer(); }; \
                  return true;";
    visit.script(listen).await?;
    visit.click("#copy-picture").await?;
    let png = "new Uint8Array(window.copied ?? [])[1] === 80";
    visit.wait_until("a PNG on the clipboard", png, 10).await?;
    visit.close().await
}

/// Stands for the system's sheet, which nobody can see here.
const SHEET: &str = "
    navigator.canShare = () => true;
    navigator.share = async ({ files, text }) => {
      window.shared = [files[0].name, files[0].size, text];
    };";

/// Every view has a picture with a caption to hand over, and the link to what it shows.
#[tokio::test]
async fn the_picture_of_every_view_is_shared_as_a_file() -> Result<()> {
    let (visit, debugger) = Visit::open_watched(SMALL).await?;
    crate::accessible::tab(&debugger, "Page.enable", &serde_json::json!({}))?;
    let source = serde_json::json!({ "source": SHEET });
    crate::accessible::tab(&debugger, "Page.addScriptToEvaluateOnNewDocument", &source)?;
    for (view, panel) in [
        ("", "robust"),
        ("morph", "path"),
        ("explain", "robust"),
        ("features", "robust"),
        ("add", "robust"),
        ("collide", "robust"),
    ] {
        visit.go(&format!("{SMALL}&picture={view}#{view}")).await?;
        visit.wait_for_phase(panel, "finished", 180).await?;
        let linked = "document.querySelector('#share')?.disabled === false";
        visit.wait_until("a link", linked, 30).await?;
        visit.click("#share-picture").await?;
        visit.wait_until(view, "window.shared", 20).await?;
        let shared = visit.script("return window.shared;").await?;
        let name = if view.is_empty() { "inversion" } else { view };
        assert_eq!(shared[0], format!("{name}.png"));
        assert!(shared[1].as_u64().unwrap() > 10_000, "{shared}");
        assert!(shared[2].as_str().unwrap().contains("#2."), "{shared}");
    }
    visit.close().await
}

#[tokio::test]
async fn two_pictures_are_compared_full_screen() -> Result<()> {
    let visit = Visit::open(SMALL).await?;
    visit.wait_for_phase("robust", "finished", 120).await?;
    visit.script("document.querySelector('#robust .picture').focus(); return true;").await?;
    visit.click("#robust .picture").await?;
    visit.wait_until("it opens", "document.querySelector('#wipe').open", 10).await?;
    let left = visit.picture("wipe-left").await?;
    assert_eq!(left, visit.picture("original-image").await?);
    assert_eq!(visit.picture("wipe-right").await?, visit.picture("robust-image").await?);
    let focus = |css: &str| format!("document.activeElement?.matches('{css}')");
    visit.wait_until("the line has the focus", &focus("#wipe-line"), 5).await?;
    let clip = "return document.querySelector('#wipe-right').parentElement.style.clipPath;";
    let before = visit.script(clip).await?;
    visit.press("#wipe-line", "\u{e014}").await?;
    assert_ne!(visit.script(clip).await?, before, "an arrow key moves nothing");
    visit.press("#wipe-line", "\u{e00c}").await?;
    visit.wait_until("Escape closes", "!document.querySelector('#wipe').open", 5).await?;
    visit.wait_until("the focus is back", &focus("#robust .picture"), 5).await?;
    visit.close().await
}

#[test]
fn a_link_has_a_preview() -> Result<()> {
    let page = std::fs::read_to_string(robust_tests::dist()?.join("index.html"))?;
    let image =
        page.lines().find(|line| line.contains("property=\"og:image\"")).context("no picture")?;
    assert!(image.contains("/preview.jpg\""), "{image}");
    assert_eq!(image::image_dimensions(robust_tests::dist()?.join("preview.jpg"))?, PREVIEW);
    assert!(std::fs::metadata(preview()?)?.len() < PREVIEW_BYTES);
    Ok(())
}

/// Draws the preview out of what the page shows.
const DRAW: &str = "
    const canvas = document.createElement('canvas');
    canvas.width = 1200; canvas.height = 630;
    const context = canvas.getContext('2d');
    context.fillStyle = '#faf8f4'; context.fillRect(0, 0, 1200, 630);
    context.fillStyle = '#1d2026';
    context.font = '600 52px system-ui, sans-serif';
    context.fillText('See what a neural network sees', 36, 78);
    context.font = '600 28px system-ui, sans-serif';
    ['original', 'robust', 'standard'].forEach((name, i) => {
      const left = 36 + i * 382;
      const heading = ['A photo', 'What a robust network kept', 'And a standard one'][i];
      context.fillText(heading, left, 140, 364);
      context.drawImage(document.getElementById(`${name}-image`), left, 156, 364, 364);
    });
    context.font = '30px system-ui, sans-serif';
    context.fillText('Each rebuilt from 512 numbers, in your browser. Try your own photo.', 36, 584, 1128);
    return canvas.toDataURL('image/jpeg', 0.82).split(',')[1];";

/// By hand: `cargo test -p robust-tests make_the_preview -- --ignored`.
#[tokio::test]
#[ignore = "writes static/preview.jpg"]
async fn make_the_preview() -> Result<()> {
    use base64::Engine as _;
    let visit = Visit::open("?engine=cpu").await?;
    visit.wait_for_phase("robust", "finished", 300).await?;
    visit.wait_for_phase("standard", "finished", 300).await?;
    let drawn = visit.script(DRAW).await?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(drawn.as_str().unwrap())?;
    std::fs::write(preview()?, bytes)?;
    visit.close().await
}
