//! Files and numbers that are not what they should be.

use std::path::Path;

use anyhow::Result;
use image::ImageFormat;
use image::imageops::FilterType;
use robust_tests::Visit;

use crate::{difference, photo};

#[tokio::test]
async fn bad_photos_get_their_message_and_cost_nothing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let text = folder.path().join("letter.jpg");
    std::fs::write(&text, "Dear reader, this is not a photo.")?;
    let note = folder.path().join("note.jpg");
    std::fs::write(&note, "Nor is this.")?;
    let half = folder.path().join("half.jpg");
    let whole = std::fs::read(photo("cat_chelsea.jpg"))?;
    std::fs::write(&half, &whole[..whole.len() / 3])?;
    let empty = folder.path().join("empty.png");
    std::fs::write(&empty, "")?;

    let visit = Visit::open("?engine=cpu&models=check/index.json").await?;
    visit.wait_for_phase("robust", "finished", 120).await?;
    let result = visit.picture("robust-image").await?;
    let bad = [
        (&text, "letter.jpg: this is not an image"),
        (&note, "note.jpg: this is not an image"),
        (&half, "half.jpg: the image is damaged or incomplete"),
        (&empty, "empty.png: the file is empty"),
    ];
    for (path, message) in bad {
        visit.upload(path).await?;
        let shown = format!("document.querySelector('#notice').textContent.includes('{message}')");
        visit.wait_until(message, &shown, 20).await?;
    }
    assert_eq!(visit.picture("robust-image").await?, result, "a bad file cost the last result");
    // Each is marked, and the name under the picture is still that of the photo shown.
    let marked =
        "[...document.querySelectorAll('.tray .wrong .thumbnail')].map(photo => photo.title)";
    visit.wait_until("all are marked", &format!("{marked}.length === 4"), 10).await?;
    let titles = visit.script(&format!("return {marked}.join();")).await?.to_string();
    for (_, message) in bad {
        assert!(titles.contains(message), "{titles}");
    }
    assert_eq!(visit.text("#original .phase").await?, "Kingfisher");
    for left in (0..4).rev() {
        visit.click(".tray .wrong .link").await?;
        visit.wait_until("one is gone", &format!("{marked}.length === {left}"), 10).await?;
    }
    assert_eq!(visit.picture("robust-image").await?, result, "removing it cost the last result");

    visit.upload(&photo("cat_chelsea.jpg")).await?;
    visit
        .wait_until(
            "a good one goes on",
            "document.querySelector('#notice').textContent === ''",
            20,
        )
        .await?;
    visit.wait_for_phase("robust", "finished", 60).await?;
    assert_ne!(visit.picture("robust-image").await?, result);
    visit.close().await
}

/// The browser reads what the engines do not: the same photo, once as AVIF and once as a PNG that is
/// called a JPEG.
/// A view that begins anew with every photo goes back to what it showed.
#[tokio::test]
async fn a_bad_photo_leaves_the_last_result_in_every_view() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let text = folder.path().join("letter.jpg");
    std::fs::write(&text, "Dear reader, this is not a photo.")?;
    let visit = Visit::open("?engine=cpu&models=check/index.json").await?;
    for (view, picture) in [
        ("features", "robust-maximised"),
        ("explain", "robust-feature-0"),
        ("add", "robust-added"),
        ("collide", "robust-collision"),
    ] {
        visit.script(&format!("location.hash = '{view}'; return true;")).await?;
        let shown = format!("document.getElementById('{picture}')");
        visit.wait_until(view, &shown, 20).await?;
        visit.wait_for_phase("robust", "finished", 180).await?;
        let before = visit.picture(picture).await?;
        visit.upload(&text).await?;
        let told = "document.querySelector('#notice').textContent.includes('not an image')";
        visit.wait_until("the message", told, 20).await?;
        let same = format!("{shown}.toDataURL() === '{before}'");
        visit.wait_until("the last result", &same, 20).await?;
        visit.wait_for_phase("robust", "finished", 20).await?;
        let chosen = "document.querySelector('.tray [aria-pressed=true]').title === 'Kingfisher'";
        visit.wait_until("the last photo", chosen, 10).await?;
    }
    visit.close().await
}

#[tokio::test]
async fn what_only_the_browser_decodes_is_inverted_too() -> Result<()> {
    let visit = Visit::open("?engine=cpu&models=check/index.json").await?;
    visit.wait_for_phase("robust", "finished", 120).await?;
    let sample = visit.picture("original-image").await?;
    let avif = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("fixtures/photos/cat.avif");
    visit.upload(&avif).await?;
    visit.wait_for_another("original-image", &sample, 20).await?;
    visit.wait_for_phase("robust", "finished", 60).await?;
    let decoded = visit.pixels("original-image").await?;
    let avif = visit.picture("original-image").await?;

    let folder = tempfile::tempdir()?;
    let misnamed = folder.path().join("cat.jpg");
    let photo = image::open(photo("cat_chelsea.jpg"))?;
    let side = photo.width().min(photo.height());
    let (x, y) = ((photo.width() - side) / 2, (photo.height() - side) / 2);
    let square = photo.crop_imm(x, y, side, side).resize(96, 96, FilterType::Triangle);
    square.save_with_format(&misnamed, ImageFormat::Png)?;
    visit.upload(&misnamed).await?;
    visit.wait_for_another("original-image", &avif, 20).await?;
    visit.wait_for_phase("robust", "finished", 60).await?;
    let read = visit.pixels("original-image").await?;
    let (_, mean) = difference(&decoded, &read);
    assert!(mean < 6.0, "the AVIF was read as another photo: {mean} of 255 apart");
    assert_eq!(visit.text("#notice").await?, "");
    visit.close().await
}

/// A collision reads two photos: the one that cannot be read is named and marked, whichever it is.
#[tokio::test]
async fn the_photo_at_fault_is_named_where_several_are_read() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let text = folder.path().join("letter.jpg");
    std::fs::write(&text, "Dear reader, this is not a photo.")?;
    let visit = Visit::open("?engine=cpu&models=check/index.json#collide").await?;
    visit.wait_for_phase("robust", "finished", 120).await?;
    let told =
        "document.querySelector('#notice').textContent.startsWith('letter.jpg: this is not')";
    let marked = "document.querySelectorAll('.tray .wrong').length === 1";

    visit.upload(&text).await?;
    visit.wait_until("the chosen one is named", told, 20).await?;
    visit.wait_until("and marked", marked, 10).await?;
    let shown = "document.querySelector('.tray [aria-pressed=true]').title.startsWith('letter.jpg') === false";
    visit.wait_until("the photo before is chosen again", shown, 10).await?;

    visit.click(".tray .thumbnail[title='Owl']").await?;
    visit
        .wait_until("a good pair", "document.querySelector('#notice').textContent === ''", 20)
        .await?;
    let id =
        "[...document.querySelectorAll('#other option')].find(o => o.text === 'letter.jpg').value";
    let id = visit.script(&format!("return {id};")).await?;
    visit.set("other", id.as_str().unwrap_or_default()).await?;
    visit.wait_until("the other one is named", told, 20).await?;
    visit.wait_until("and is the only one marked", marked, 10).await?;
    let before = "document.querySelector('#other').selectedOptions[0].text === 'Clownfish'";
    visit.wait_until("the other one before is chosen again", before, 10).await?;
    let chosen = "return document.querySelector('.tray [aria-pressed=true]').title;";
    assert_eq!(visit.script(chosen).await?, "Owl");
    visit.close().await
}

/// A black picture of this many pixels a side, as a PNG of one bit a pixel.
fn large(side: u32) -> Result<Vec<u8>> {
    use std::io::Write;
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    let row = vec![0; 1 + side.div_ceil(8) as usize];
    for _ in 0..side {
        packed.write_all(&row)?;
    }
    let mut header = [side.to_be_bytes(), side.to_be_bytes()].concat();
    header.extend([1, 0, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, content) in [(b"IHDR", header), (b"IDAT", packed.finish()?), (b"IEND", Vec::new())] {
        png.extend(u32::try_from(content.len())?.to_be_bytes());
        let body = [&kind[..], &content].concat();
        let mut sum = flate2::Crc::new();
        sum.update(&body);
        png.extend(&body);
        png.extend(sum.sum().to_be_bytes());
    }
    Ok(png)
}

/// As long as a large photo is read, the page says so; and no run says more steps than there are.
#[tokio::test]
async fn what_a_run_does_is_said_as_it_is() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let photo = folder.path().join("large.png");
    std::fs::write(&photo, large(8000)?)?;
    let visit = Visit::open("?engine=cpu&models=check/index.json").await?;
    visit.wait_for_phase("robust", "finished", 120).await?;
    let listen = "
        window.told = [];
        new MutationObserver(() => {
          const words = document.querySelector('#robust .phase')?.textContent;
          if (window.told.at(-1) !== words) window.told.push(words);
        }).observe(document, { subtree: true, childList: true, characterData: true });
        return true;";
    visit.script(listen).await?;
    visit.upload(&photo).await?;
    let named = "document.querySelector('#original .phase').textContent === 'large.png'";
    visit.wait_until("it is inverted", named, 120).await?;
    visit.wait_for_phase("robust", "finished", 120).await?;
    let told: Vec<String> = serde_json::from_value(visit.script("return window.told;").await?)?;
    assert!(told.iter().any(|words| words == "Reading the photo"), "{told:?}");
    let mut last = 0;
    for words in &told {
        let Some(rest) = words.strip_prefix("Step ") else { continue };
        let numbers: Vec<usize> =
            rest.split([' ', ',']).filter_map(|word| word.parse().ok()).take(2).collect();
        let [step, steps] = numbers[..] else { anyhow::bail!("no two numbers in {words:?}") };
        assert!(step <= steps && steps == 100 && step >= last, "{words:?} after step {last}");
        last = step;
    }
    assert!(last > 0, "{told:?}");
    visit.close().await
}

#[tokio::test]
async fn a_path_goes_back_to_the_photos_before_a_bad_one() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let text = folder.path().join("letter.jpg");
    std::fs::write(&text, "Dear reader, this is not a photo.")?;
    let visit = Visit::open("?engine=cpu&models=check/index.json#morph").await?;
    visit.wait_for_phase("path", "finished", 120).await?;
    let frame = visit.picture("path-image").await?;
    visit.upload(&text).await?;
    let told = "document.querySelector('#notice').textContent.startsWith('letter.jpg: ')";
    visit.wait_until("it is named", told, 20).await?;
    let before = format!(
        "document.querySelector('#stop-0').ariaLabel.includes('Kitten') && \
         document.getElementById('path-image').toDataURL() === '{frame}'"
    );
    visit.wait_until("the path before", &before, 20).await?;
    assert_eq!(visit.script(&format!("return {told};")).await?, true, "the message has gone");
    visit.close().await
}

/// A network that cannot be reached costs nothing that works.
#[tokio::test]
async fn another_engine_that_cannot_be_fetched_leaves_the_one_at_work() -> Result<()> {
    let visit = Visit::open("?engine=cpu&models=check/index.json").await?;
    visit.wait_for_phase("robust", "finished", 120).await?;
    let picture = visit.picture("robust-image").await?;
    let cut = "const fetched = window.fetch; window.fetch = (path, ...rest) => \
               String(path.url ?? path).includes('engine-webgpu') \
                 ? Promise.reject(new TypeError('no connection')) : fetched(path, ...rest); \
               return true;";
    visit.script(cut).await?;
    visit.click("#other-engine").await?;
    let told =
        "document.querySelector('#notice').textContent.includes('What worked before goes on')";
    visit.wait_until("it is said", told, 30).await?;
    assert_eq!(visit.picture("robust-image").await?, picture);
    assert!(visit.text("#engine").await?.starts_with("Running on the processor"));
    visit.click(".tray .thumbnail[title=Lemur]").await?;
    visit.wait_for_another("robust-image", &picture, 30).await?;
    visit.wait_for_phase("robust", "finished", 60).await?;
    visit.close().await
}

/// What stands beside a field after something was typed into it, and what the field says then.
async fn typed(visit: &Visit, id: &str, text: &str) -> Result<(String, String)> {
    visit.set(id, text).await?;
    let script = format!(
        "const field = document.getElementById('{id}'); \
         return [field.parentElement.querySelector('.wrong').textContent, field.value];"
    );
    Ok(serde_json::from_value(visit.script(&script).await?)?)
}

#[tokio::test]
async fn numbers_that_cannot_be_get_their_message_beside_the_field() -> Result<()> {
    let number = "this has to be a number";
    let views = [
        (
            "",
            "#robust-image",
            vec![
                ("steps", "0", "steps must be from 1"),
                ("steps", "-3", "steps must be from 1"),
                ("step-size", "0", "the step size must be"),
                ("step-size", "1e40", "at most 9,007"),
                ("epsilon", "1e9", "epsilon must be"),
                ("seed", "12345678901234567890", "at most 9,007"),
            ],
        ),
        (
            "morph",
            "#frames",
            vec![
                ("frames", "2", "frames must be from 3"),
                ("frames", "400", "frames must be from 3"),
                ("path-steps", "0", "steps must be from 1"),
                ("path-step-size", "1e9", "the step size must be"),
                ("path-seed", "1e30", "at most 9,007"),
            ],
        ),
    ];
    let visit = Visit::open("?engine=cpu&models=check/index.json").await?;
    for (view, shown, fields) in views {
        visit.script(&format!("location.hash = '{view}'; return true;")).await?;
        visit.wait_until(view, &format!("document.querySelector('{shown}')"), 60).await?;
        for (id, text, message) in fields {
            let script = format!("return document.getElementById('{id}').value;");
            let before = visit.script(&script).await?;
            for (text, message) in [(text, message), ("", number), ("NaN", number), ("x", number)] {
                let (told, value) = typed(&visit, id, text).await?;
                assert!(told.starts_with(message), "{id}, {text:?}: {told:?}");
                assert_eq!(before, value, "{id}, {text:?}: what was there before stays");
            }
            let (told, _) = typed(&visit, id, "7").await?;
            assert_eq!(told, "", "{id}: 7 is a number");
        }
    }
    visit.script("location.hash = ''; return true;").await?;
    visit.wait_until("back", "document.querySelector('#robust-image')", 60).await?;
    visit.click("#restart").await?;
    let done = "document.querySelector('#robust .phase').textContent === 'Done: 7 steps'";
    visit.wait_until("a good one counts", done, 60).await?;
    visit.close_amid_errors().await
}

#[tokio::test]
async fn a_damaged_or_missing_model_is_named() -> Result<()> {
    let visit = Visit::open("?engine=cpu&models=fixtures/damaged/index.json").await?;
    visit.wait_for_phase("robust", "failed", 60).await?;
    let message = visit.text("#robust .phase").await?;
    assert!(message.contains("damaged") && message.contains("SHA-256"), "{message}");
    let message = visit.text("#standard .phase").await?;
    assert!(message.contains("no such model"), "{message}");
    // Another attempt asks for the file again.
    let asked = "performance.getEntriesByType('resource').filter(e => e.name.endsWith('.safetensors')).length";
    let before = visit.script(&format!("return {asked};")).await?.as_u64().unwrap_or_default();
    visit.click("#robust .again").await?;
    visit.wait_until("it is asked for again", &format!("{asked} > {before}"), 30).await?;
    visit.wait_for_phase("robust", "failed", 60).await?;
    visit.go("?engine=cpu&models=fixtures/nowhere/index.json").await?;
    visit.wait_for_phase("robust", "failed", 60).await?;
    let message = visit.text("#robust .phase").await?;
    assert!(message.contains("404"), "{message}");
    visit.go("?engine=cpu&models=fixtures/cut-off/index.json").await?;
    visit.wait_for_phase("robust", "failed", 60).await?;
    let message = visit.text("#robust .phase").await?;
    assert!(message.contains("cut-off/index.json cannot be understood"), "{message}");
    visit.close_amid_errors().await
}
