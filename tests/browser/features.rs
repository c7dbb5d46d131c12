//! The views that change an image towards something: features, additions, collisions.

use anyhow::Result;
use robust_tests::Visit;

use crate::{fragment, shared_link};

const SMALL: &str = "?engine=cpu&models=check/index.json";

const DONE: &str = "document.querySelector('#robust')?.dataset.phase === 'finished'";

async fn number(visit: &Visit, css: &str) -> Result<f64> {
    Ok(visit.text(css).await?.trim_end_matches(['%', ' ']).parse()?)
}

#[tokio::test]
async fn a_tile_is_maximised_live_and_its_photos_are_shown() -> Result<()> {
    let visit = Visit::open(&format!("{SMALL}#features")).await?;
    visit.wait_until("a class is dreamed up", DONE, 120).await?;
    let dreamed = visit.picture("robust-maximised").await?;
    let tiles = "return document.querySelectorAll('#atlas .atlas-tile').length;";
    assert_eq!(visit.script(tiles).await?, 32);
    let photos = "document.querySelectorAll('#most img').length";
    visit.set("order", "number").await?;
    visit.click("#atlas .atlas-tile:nth-child(6)").await?;
    let title = "document.querySelector('.goal').textContent.includes('number 5')";
    visit.wait_until("the sixth tile is number 5", title, 10).await?;
    visit.wait_until("it is maximised", DONE, 60).await?;
    assert_ne!(visit.picture("robust-maximised").await?, dreamed);
    let fast = number(&visit, "#robust [data-value=value]").await?;
    visit.wait_until("the photos that activate it", &format!("{photos} === 5"), 60).await?;
    let values = "return ['#most', '#least'].map(id => \
                  parseFloat(document.querySelector(id + ' figcaption').textContent));";
    let values: Vec<f64> = serde_json::from_value(visit.script(values).await?)?;
    assert!(values[0] > values[1], "{values:?}");

    // The authors' steps lead to less, in more of them.
    visit.click("#as-authors").await?;
    let slow = "document.querySelector('#robust .phase').textContent === 'Done: 200 steps'";
    visit.wait_until("the authors' steps are done", slow, 120).await?;
    let authors = number(&visit, "#robust [data-value=value]").await?;
    assert!(authors > 0.0 && fast > 0.8 * authors, "fast {fast}, authors {authors}");
    visit.close().await
}

#[tokio::test]
async fn a_view_is_shared_as_a_link() -> Result<()> {
    let visit = Visit::open(&format!("{SMALL}#features")).await?;
    visit.wait_until("a class is dreamed up", DONE, 120).await?;
    visit.set("order", "number").await?;
    visit.click("#atlas .atlas-tile:nth-child(3)").await?;
    visit.wait_until("it is maximised", DONE, 60).await?;
    let link = shared_link(&visit).await?;
    let fragment = fragment(&link);
    assert!(fragment.len() < 60, "{link}");
    let picture = visit.picture("robust-maximised").await?;
    visit.close().await?;

    let other = Visit::open(&format!("{SMALL}#{fragment}")).await?;
    other.wait_until("the link is computed", DONE, 120).await?;
    assert!(other.text(".goal").await?.contains("number 2"));
    assert_eq!(other.picture("robust-maximised").await?, picture, "the link shows something else");
    other.close().await
}

#[tokio::test]
async fn a_change_stays_where_it_was_allowed() -> Result<()> {
    let visit = Visit::open(&format!("{SMALL}#add")).await?;
    visit.wait_until("the first feature is added", DONE, 180).await?;
    visit.set("feature", "23, 5").await?;
    visit.click("#middle").await?;
    let stages = "Number(document.querySelector('#stage').max) >= 2";
    visit.wait_until("some stages", stages, 120).await?;
    visit.wait_until("both features are added", DONE, 240).await?;
    let added = visit.pixels("robust-added").await?;
    visit
        .script(
            "const slider = document.querySelector('#stage'); slider.value = 0; \
         slider.dispatchEvent(new Event('input', { bubbles: true })); return true;",
        )
        .await?;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let photo = visit.pixels("robust-added").await?;
    let side = ((photo.len() / 4) as f64).sqrt() as usize;
    let at = |x: usize, y: usize| 4 * (y * side + x)..4 * (y * side + x) + 3;
    assert_eq!(added[at(0, 0)], photo[at(0, 0)], "the corner has changed");
    assert_eq!(added[at(side - 1, side / 2)], photo[at(side - 1, side / 2)]);
    assert_ne!(added, photo, "nothing was added");
    // A link tells of the part, and of the authors' steps.
    let link = shared_link(&visit).await?;
    let friend = Visit::open(&format!("{SMALL}#{}", fragment(&link))).await?;
    friend.wait_until("some stages", stages, 120).await?;
    friend.wait_until("both features are added", DONE, 240).await?;
    assert_eq!(friend.pixels("robust-added").await?, added, "the link shows something else");
    friend.close().await?;
    visit.click("#as-authors").await?;
    let authors = "location.hash.slice(1)";
    let other = format!("{authors} !== '{}' && {authors}.startsWith('2.')", fragment(&link));
    visit.wait_until("another link", &other, 30).await?;
    visit.set("feature", "1, 2, x").await?;
    let told = "document.querySelector('#notice').textContent.includes('numbers with commas')";
    visit.wait_until("what is no number is told", told, 10).await?;
    visit.close().await
}

/// The paper's first contrast, with the models that the page ships.
#[tokio::test]
async fn the_standard_network_is_fooled_and_the_robust_one_is_not() -> Result<()> {
    let visit = Visit::open("?engine=cpu#collide").await?;
    for model in ["robust", "standard"] {
        visit.wait_for_phase(model, "finished", 240).await?;
    }
    let mut kept = Vec::new();
    for model in ["robust", "standard"] {
        let text = visit.text(&format!("#{model} .distance")).await?;
        let numbers: Vec<f64> =
            text.split(' ').filter_map(|word| word.trim_end_matches('%').parse().ok()).collect();
        let [before, after] = numbers[..] else { anyhow::bail!("no two numbers in {text:?}") };
        kept.push(after / before);
    }
    assert!(kept[0] > 0.75 && kept[1] < 0.65, "robust keeps {}, standard {}", kept[0], kept[1]);
    visit.close().await
}

#[tokio::test]
async fn what_would_have_to_change_is_shown() -> Result<()> {
    let visit = Visit::open(&format!("{SMALL}#explain")).await?;
    visit.wait_until("the explanation is done", DONE, 120).await?;
    let predicted = visit.text("#robust .class[aria-pressed=true] span").await?;
    visit.set("why-not", predicted.trim_start_matches("class ")).await?;
    let says = format!(
        "document.querySelector('#robust .phase').textContent === 'It does say {predicted}.'"
    );
    visit.wait_until("it says so already", &says, 20).await?;
    assert_eq!(visit.script("return document.querySelector('#stop').disabled").await?, true);
    visit.set("why-not", "3").await?;
    let all = "[...document.querySelectorAll('#robust .why-not figcaption')]\
               .every(caption => caption.textContent.includes('%'))";
    let any = "document.querySelector('#robust .why-not')";
    visit.wait_until("six changed photos", &format!("{any} && {all}"), 120).await?;
    let shares = "return [...document.querySelectorAll('#robust .why-not figcaption')]\
                  .map(caption => parseInt(caption.textContent.split(': ')[1]));";
    let shares: Vec<u32> = serde_json::from_value(visit.script(shares).await?)?;
    assert!(shares.len() == 6 && shares[5] > shares[0], "{shares:?}");
    let (first, last) =
        (visit.picture("robust-why-not-0").await?, visit.picture("robust-why-not-5").await?);
    assert_ne!(first, last);
    // A link shows both, the prediction and the question.
    visit.wait_until("the answer is there", DONE, 120).await?;
    let link = shared_link(&visit).await?;
    visit.close().await?;
    let friend = Visit::open(&format!("{SMALL}#{}", fragment(&link))).await?;
    let same = format!("document.getElementById('robust-why-not-5')?.toDataURL() === '{last}'");
    friend.wait_until("the same answer", &same, 180).await?;
    assert_eq!(friend.script("return document.getElementById('why-not').value").await?, "3");
    let tiles = "return document.querySelectorAll('#robust .tiles:not(.why-not) canvas').length;";
    assert_eq!(friend.script(tiles).await?, 5);
    friend.close().await
}
