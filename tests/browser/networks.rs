//! Networks that a visitor brings.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use robust_tests::{Visit, dist};

use crate::device::{LEAST, on_another_device};

const SMALL: &str = "?engine=cpu&models=check/index.json";

/// The self-check's model, and the SHA-256 of its file.
const CHECKED: (&str, &str) = (
    "check/cifar-basic.safetensors",
    "0815f914891b330a5358e82f006dc05389f3eae9e0c019e2c44538bbdd83e9f2",
);

/// A checkpoint of the references.
pub fn checkpoint(name: &str) -> PathBuf {
    let tests = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    Path::new(&tests).join("fixtures/reference").join(name)
}

/// Waits until the robust panel has inverted with the network of this name.
pub async fn works(visit: &Visit, name: &str) -> Result<()> {
    let there = format!("document.querySelector('#robust h2').textContent === '{name}'");
    visit.wait_until(&format!("{name} in its place"), &there, 60).await?;
    visit.wait_for_phase("robust", "finished", 180).await
}

/// Waits for words about the file at hand.
async fn says(visit: &Visit, words: &str) -> Result<()> {
    let there = format!("document.querySelector('#arriving')?.textContent.includes('{words}')");
    visit.wait_until(words, &there, 60).await
}

const ROWS: &str = "document.querySelectorAll('#networks .network').length";

#[tokio::test]
async fn a_checkpoint_is_imported_used_kept_and_removed() -> Result<()> {
    let visit = Visit::open(SMALL).await?;
    works(&visit, "Robust network").await?;
    let first = visit.picture("robust-image").await?;
    visit.upload_into("#network-input", &checkpoint("imagenet-basic.pt")).await?;
    says(&visit, "Added: imagenet-basic").await?;
    works(&visit, "imagenet-basic").await?;
    assert_ne!(visit.picture("robust-image").await?, first);
    let row = visit.text("#networks .network:first-child").await?;
    for word in ["imagenet-basic", "224 pixels", "classes"] {
        assert!(row.contains(word), "{word}: {row}");
    }
    // In every other view, too.
    visit.click("nav a[href='#explain']").await?;
    visit.wait_for_phase("robust", "finished", 120).await?;
    let predicted = visit.text("#robust").await?;
    assert!(predicted.contains("imagenet-basic"), "{predicted}");

    let keep = "#networks .network:first-child .quiet:nth-child(4)";
    visit.click(keep).await?;
    let kept = format!("document.querySelector('{keep}').getAttribute('aria-pressed') === 'true'");
    visit.wait_until("it is kept", &kept, 20).await?;
    visit.go(SMALL).await?;
    works(&visit, "Robust network").await?;
    visit.wait_until("it is still there", &format!("{ROWS} === 2"), 20).await?;
    visit.click("#networks summary").await?;
    visit.click("#networks .network:first-child .buttons button").await?;
    works(&visit, "imagenet-basic").await?;
    visit.click("#networks .network:first-child .quiet:nth-child(5)").await?;
    works(&visit, "Robust network").await?;
    visit.wait_until("it is gone", &format!("{ROWS} === 1"), 20).await?;
    visit.go(SMALL).await?;
    works(&visit, "Robust network").await?;
    assert_eq!(visit.script(&format!("return {ROWS}")).await?, 1);
    visit.close().await
}

#[tokio::test]
async fn what_a_file_leaves_open_can_be_said_and_what_is_none_is_refused() -> Result<()> {
    let visit = Visit::open(SMALL).await?;
    works(&visit, "Robust network").await?;
    visit.upload_into("#network-input", &checkpoint("wide.pt")).await?;
    says(&visit, "no normaliser").await?;
    visit.set("network-mean", "0.5,0.5").await?;
    visit.set("network-std", "0.25,0.25,0.25").await?;
    visit.click("#import-again").await?;
    says(&visit, "the mean is").await?;
    visit.set("network-mean", "").await?;
    visit.set("network-std", "").await?;
    visit.set("network-normaliser", "cifar10").await?;
    visit.set("network-name", "A wide one").await?;
    visit.set("network-classes", "only,three,names").await?;
    visit.click("#import-again").await?;
    says(&visit, "3 classes are named").await?;
    visit.set("network-normaliser", "cifar10").await?;
    visit.set("network-name", "A wide one").await?;
    visit.click("#import-again").await?;
    says(&visit, "Added: A wide one").await?;
    works(&visit, "A wide one").await?;

    let folder = tempfile::tempdir()?;
    let letter = folder.path().join("letter.pt");
    fs::write(&letter, "Dear network, how are you?")?;
    visit.upload_into("#network-input", &letter).await?;
    says(&visit, "neither a PyTorch checkpoint nor a safetensors file").await?;
    let damaged = folder.path().join("damaged.safetensors");
    let bytes = fs::read(dist()?.join(CHECKED.0))?;
    fs::write(&damaged, &bytes[..bytes.len() / 2])?;
    visit.upload_into("#network-input", &damaged).await?;
    says(&visit, "not a complete safetensors file").await?;
    // What worked still does.
    works(&visit, "A wide one").await?;
    visit.close().await
}

/// A network beside the first one that knows other classes, one of the first one's among them.
#[tokio::test]
async fn each_network_goes_by_its_own_classes() -> Result<()> {
    let visit = Visit::open(SMALL).await?;
    works(&visit, "Robust network").await?;
    visit.upload_into("#network-input", &checkpoint("padded.pt")).await?;
    says(&visit, "leaves its stride open").await?;
    // What the file does not say cannot be left to the file.
    let choices =
        "return [...document.querySelectorAll('#network-stem option')].map(o => o.value).join()";
    assert_eq!(visit.script(choices).await?, "cifar,small");
    visit.set("network-normaliser", "cifar10").await?;
    visit.set("network-training", "standard").await?;
    visit.set("network-classes", "horse,ship,class 1,deer,truck").await?;
    visit.click("#import-again").await?;
    says(&visit, "Added: padded").await?;
    let there = "document.querySelector('#standard h2')?.textContent === 'padded'";
    visit.wait_until("it is in the standard one's place", there, 60).await?;
    visit.wait_for_phase("standard", "finished", 180).await?;
    let seen = visit.text("#numbers").await?;
    assert!(seen.contains("One keeps 32 numbers and the other 10"), "{seen}");
    visit.click("#share").await?;
    let shared = visit.text(".share-panel").await?;
    assert!(shared.contains("your own network is not"), "{shared}");

    visit.click("nav a[href='#explain']").await?;
    visit.wait_for_phase("standard", "finished", 120).await?;
    let own = "return [...document.querySelectorAll('#standard .class span:first-child')]\
        .every(name => ['horse', 'ship', 'class 1', 'deer', 'truck'].includes(name.textContent))";
    assert_eq!(visit.script(own).await?, true);
    let into = visit.text("#standard .onward").await?;
    assert!(["horse", "ship", "class 1", "deer", "truck"].iter().any(|name| into.ends_with(name)));
    // A class that only one of them knows, and one that both do, each by its own number.
    visit.click("nav a[href='#features']").await?;
    visit.wait_for_phase("robust", "finished", 120).await?;
    let dream = |name: &str| {
        format!(
            "[...document.querySelectorAll('.class-button')].find(b => b.textContent === '{name}').click(); \
             return true;"
        )
    };
    visit.script(&dream("horse")).await?;
    let declined = "document.querySelector('#robust .phase').textContent === \
        'This network does not know what a horse is.'";
    visit.wait_until("the first one does not know it", declined, 20).await?;
    visit.wait_for_phase("standard", "finished", 120).await?;
    visit.script(&dream("class 1")).await?;
    visit.wait_until("both know it", &format!("!({declined})"), 20).await?;
    visit.wait_for_phase("robust", "finished", 120).await?;
    visit.wait_for_phase("standard", "finished", 120).await?;
    visit.close().await
}

/// A third network takes part in every view, and leaves again.
#[tokio::test]
async fn a_third_network_works_beside_the_two() -> Result<()> {
    let visit = Visit::open(SMALL).await?;
    works(&visit, "Robust network").await?;
    let gone = "document.querySelector('#third') === null";
    assert_eq!(visit.script(&format!("return {gone}")).await?, true);
    visit.click("#networks > summary").await?;
    let third = "#networks .network:first-child .buttons button:nth-child(3)";
    visit.click(third).await?;
    visit.wait_for_phase("third", "finished", 120).await?;
    assert_eq!(visit.text("#third h2").await?, "cifar-basic");
    // The same network from the same noise.
    assert_eq!(visit.picture("third-image").await?, visit.picture("robust-image").await?);
    visit.click("#third .picture").await?;
    let words = visit.text("#wipe [aria-pressed='true']").await?;
    assert_eq!(words, "Photo / cifar-basic");
    visit.click("#close-wipe").await?;
    for view in ["#explain", "#features", "#add", "#collide"] {
        visit.click(&format!("nav a[href='{view}']")).await?;
        visit.wait_for_phase("third", "finished", 180).await?;
    }
    visit.click("nav a[href='#morph']").await?;
    visit.wait_for_phase("path", "finished", 180).await?;
    visit.click("#compare").await?;
    visit.wait_for_phase("third-path", "finished", 180).await?;
    visit.click("nav a[href='#paint']").await?;
    visit.click("#compare").await?;
    visit
        .wait_until(
            "it looks at the drawing",
            "document.querySelector('#third .sees')?.textContent",
            60,
        )
        .await?;
    // What was made with it can be shown again, and it can go.
    visit.click("nav a[href='#']").await?;
    visit.wait_for_phase("third", "finished", 120).await?;
    visit.click(third).await?;
    visit.wait_until("its place is empty", gone, 20).await?;
    visit.wait_for_phase("robust", "finished", 20).await?;
    visit.click("#made li:last-child .thumbnail").await?;
    visit.wait_for_phase("robust", "finished", 20).await?;
    assert_eq!(visit.script(&format!("return {gone}")).await?, true);
    visit.close().await
}

#[tokio::test]
async fn a_link_names_a_network_that_comes_only_when_the_visitor_agrees() -> Result<()> {
    let (path, hash) = CHECKED;
    let visit =
        Visit::open(&format!("?engine=cpu&models=check/index.json&model={path}&sha256={hash}"))
            .await?;
    works(&visit, "Robust network").await?;
    assert!(visit.text("#wanted").await?.contains(hash));
    visit.click("#fetch-network").await?;
    works(&visit, "cifar-basic").await?;
    assert_eq!(visit.script("return document.querySelector('#wanted') === null").await?, true);
    visit.click("nav a[href='#morph']").await?;
    visit.wait_until("a link", "document.querySelector('#share')", 120).await?;
    visit.close().await?;

    // Another file than it speaks of.
    let wrong = format!("{}0", &hash[..63]);
    let visit =
        Visit::open(&format!("?engine=cpu&models=check/index.json&model={path}&sha256={wrong}"))
            .await?;
    works(&visit, "Robust network").await?;
    visit.click("#fetch-network").await?;
    says(&visit, "another file than the link speaks of").await?;
    works(&visit, "Robust network").await?;
    // From elsewhere nothing is fetched.
    let foreign = format!(
        "?engine=cpu&models=check/index.json&model=https://example.org/net.pt&sha256={hash}"
    );
    visit.go(&foreign).await?;
    works(&visit, "Robust network").await?;
    let href = visit.script("return document.querySelector('#download-network').href").await?;
    assert_eq!(href, "https://example.org/net.pt");
    assert!(!visit.requests().await?.iter().any(|url| url.contains("example.org")));
    visit.close().await
}

#[tokio::test]
async fn the_list_shows_what_each_network_keeps() -> Result<()> {
    let visit = Visit::open("?engine=cpu&autostart=0").await?;
    visit.wait_for_phase("robust", "idle", 120).await?;
    visit.click("#networks > summary").await?;
    let shown = "[...document.querySelectorAll('.network .examples')].filter(e => e.complete && \
                 e.naturalWidth > 2 * e.naturalHeight && e.alt).length === 2";
    visit.wait_until("examples of both", shown, 20).await?;
    visit.close().await
}

/// By hand, for a network of any size: `CHECKPOINT=resnet50.pt cargo test -p robust-tests brought_by_hand --
/// --ignored --nocapture`, with `ENGINE=webgpu` on a graphics card, `ENGINE=least` on one that grants no more than the
/// standard's lowest limits, and `STEPS=15` where a step takes long.
#[tokio::test]
#[ignore = "needs a checkpoint"]
async fn a_network_brought_by_hand_is_inverted() -> Result<()> {
    let file = PathBuf::from(std::env::var("CHECKPOINT")?);
    let engine = std::env::var("ENGINE").unwrap_or_else(|_| "cpu".into());
    let query = "?engine=webgpu&models=check/index.json&autostart=0";
    let visit = match engine.as_str() {
        "least" => on_another_device(LEAST, query).await?,
        kind => Visit::open(&query.replace("webgpu", kind)).await?,
    };
    visit.wait_for_phase("robust", "idle", 120).await?;
    if let Ok(steps) = std::env::var("STEPS") {
        visit.set("steps", &steps).await?;
    }
    let name = file.file_stem().unwrap().to_string_lossy().into_owned();
    let began = std::time::Instant::now();
    visit.upload_into("#network-input", &file).await?;
    let added =
        format!("document.querySelector('#arriving')?.textContent.includes('Added: {name}')");
    visit.wait_until("it is added", &added, 300).await?;
    println!("added after {:.0} s", began.elapsed().as_secs_f64());
    let here = format!("document.querySelector('#robust h2').textContent === '{name}'");
    visit.wait_until("it is loaded", &here, 300).await?;
    visit.wait_for_phase("robust", "running", 300).await?;
    println!("runs after {:.0} s", began.elapsed().as_secs_f64());
    for _ in 0..600 {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let phase = visit.text("#robust .phase").await?;
        println!("{phase}; distance {}", visit.text("#robust [data-value=distance]").await?);
        if phase.starts_with("Done") {
            break;
        }
    }
    let phase = visit.text("#robust .phase").await?;
    assert!(phase.starts_with("Done"), "{phase}");
    visit.close().await
}
