//! Pictures of every view at three sizes, for `docs/VIEWS.md`: to look at, before and after a change.

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result};
use image::codecs::jpeg::JpegEncoder;
use robust_tests::Visit;
use serde_json::json;

use crate::VIEWS;
use crate::accessible::tab;

/// Name, width and height of a screen in pixels.
const SCREENS: [(&str, u32, u32); 3] =
    [("phone", 390, 844), ("tablet", 820, 1180), ("desk", 1280, 900)];

/// Nothing is on its way any more.
const QUIET: &str = "['loading', 'starting', 'reading', 'running'].every(phase => \
    !document.querySelector(`[data-phase=${phase}]`))";

#[tokio::test]
#[ignore = "writes the pictures of docs/VIEWS.md"]
async fn make_pictures_of_every_view() -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/views");
    fs::create_dir_all(&folder)?;
    let (visit, debugger) = Visit::open_watched("?engine=cpu").await?;
    visit.wait_until("both networks", QUIET, 120).await?;
    for (view, shown) in VIEWS {
        // Each as its link opens it, on a page of its own: nothing of another view is on its way.
        visit.go(&format!("?engine=cpu&picture={view}#{view}")).await?;
        visit.wait_until(view, shown, 120).await?;
        // What a run ends with follows within a moment.
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        visit.wait_until("the end of its run", QUIET, 300).await?;
        for (screen, width, height) in SCREENS {
            let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1,
                "mobile": width < 600 });
            tab(&debugger, "Emulation.setDeviceMetricsOverride", &size)?;
            visit.script("window.scrollTo(0, 0); return true;").await?;
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            let picture = image::load_from_memory(&visit.screenshot().await?)?.into_rgb8();
            let name = if view.is_empty() { "invert" } else { view };
            let file = File::create(folder.join(format!("{name}-{screen}.jpg")))?;
            JpegEncoder::new_with_quality(file, 70).encode_image(&picture).context("a picture")?;
        }
    }
    visit.close().await
}
