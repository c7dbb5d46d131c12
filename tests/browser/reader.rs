//! The worker that reads photos for the engines.

use anyhow::Result;

use crate::device::on_another_device;
use crate::photo;

/// Tells the page of every file of the visitor's that a worker fetches. One that says `too much` ends the
/// worker's work as a trap does: with an error, and without an answer.
const READS: &str = "
const fetched = self.fetch;
const reads = new BroadcastChannel('reads');
self.fetch = async (...address) => {
  const answer = await fetched(...address);
  if (!String(address[0]).startsWith('blob:')) return answer;
  reads.postMessage(1);
  if (!(await answer.clone().text()).endsWith('too much')) return answer;
  setTimeout(() => { throw Error('unreachable'); });
  return new Promise(() => {});
};";

/// Counts in `window.reads`.
const COUNT: &str = "window.reads = 0; \
    new BroadcastChannel('reads').onmessage = () => { window.reads += 1; }; return true;";

#[tokio::test]
async fn a_photo_is_read_once_for_both_networks_and_all_that_is_asked_of_it() -> Result<()> {
    let visit = on_another_device(READS, "?engine=cpu&autostart=0").await?;
    for model in ["robust", "standard"] {
        visit.wait_for_phase(model, "idle", 120).await?;
    }
    visit.script(COUNT).await?;
    visit.upload(&photo("fish_discus.jpg")).await?;
    for model in ["robust", "standard"] {
        let at_work = format!(
            "['running', 'finished'].includes(document.querySelector('#{model}').dataset.phase)"
        );
        visit.wait_until("it has been read", &at_work, 60).await?;
    }
    // Another part of it, and another task.
    let cropped = "const zoom = document.querySelector('.fields input[type=range]'); zoom.value = 0.5; \
         zoom.dispatchEvent(new Event('change', { bubbles: true })); return true;";
    visit.script(cropped).await?;
    visit.script("location.hash = 'explain'; return true;").await?;
    for model in ["robust", "standard"] {
        let explained = format!("document.querySelector('#{model}-feature-0')");
        visit.wait_until("it is explained", &explained, 120).await?;
    }
    assert_eq!(visit.script("return window.reads;").await?, 1);
    visit.close().await
}

#[tokio::test]
async fn a_photo_that_is_too_much_costs_neither_engine_nor_reader() -> Result<()> {
    let query = "?engine=cpu&autostart=0&models=check/index.json";
    let visit = on_another_device(READS, query).await?;
    visit.wait_for_phase("robust", "idle", 60).await?;
    visit.upload(&photo("bird_owl.jpg")).await?;
    visit.wait_for_phase("robust", "finished", 60).await?;
    let folder = tempfile::tempdir()?;
    let large = folder.path().join("large.jpg");
    let mut bytes = std::fs::read(photo("fish_discus.jpg"))?;
    bytes.extend_from_slice(b"too much");
    std::fs::write(&large, bytes)?;
    visit.upload(&large).await?;
    // At once, while another reader starts.
    visit.upload(&photo("cat_kitten.jpg")).await?;
    visit.wait_for_phase("robust", "running", 60).await?;
    visit.wait_for_phase("robust", "finished", 60).await?;
    let marked = "return document.querySelectorAll('li.wrong').length;";
    assert_eq!(visit.script(marked).await?, 0);
    visit.upload(&large).await?;
    let said = "document.querySelector('#notice').textContent.includes('too little memory')";
    visit.wait_until("it is said", said, 30).await?;
    let notice = visit.text("#notice").await?;
    assert!(notice.starts_with("large.jpg: it could not be read"), "{notice}");
    visit.upload(&photo("fish_discus.jpg")).await?;
    visit.wait_for_phase("robust", "running", 30).await?;
    visit.wait_for_phase("robust", "finished", 60).await?;
    visit.close_amid_errors().await
}
