//! A visitor who does anything at any moment, the same for the same seed.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use robust_tests::Visit;

use crate::photo;

/// Seeds with which something once went wrong, and one that changes nothing.
const SEEDS: [u64; 1] = [1];

/// How long all of them take together.
const TWO_MINUTES: Duration = Duration::from_secs(120);

const SMALL: &str = "?engine=cpu&models=check/index.json";

/// Numbers without end (splitmix64, Steele et al. 2014).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides.max(1)
    }
}

/// Clicks the n-th of what can be clicked, and says what it was.
const CLICK: &str = "
    const all = [...document.querySelectorAll('button, nav a, summary, input[type=checkbox], canvas')]
      .filter(e => !e.disabled && e.offsetParent !== null && e.id !== 'forget');
    const one = all[N % all.length];
    one.scrollIntoView({ block: 'nearest' });
    const { left, top, width, height } = one.getBoundingClientRect();
    const at = { bubbles: true, cancelable: true, clientX: left + width / 2, clientY: top + height / 2,
                 pointerId: 1, button: 0 };
    for (const kind of ['pointerdown', 'pointermove', 'pointerup'])
      one.dispatchEvent(new PointerEvent(kind, at));
    one.click();
    return `click ${one.tagName} ${one.id || one.title || one.textContent}`.slice(0, 80);";

/// Puts the n-th of some values into the m-th field.
const TYPE: &str = "
    const all = [...document.querySelectorAll('input:not([type=file], [type=checkbox]), select, textarea')]
      .filter(e => !e.disabled && e.offsetParent !== null);
    if (!all.length) return 'no field';
    const one = all[M % all.length];
    const values = one.tagName === 'SELECT' ? [...one.options].map(o => o.value)
      : ['1', '7', '30', '0', '-1', '', '1e40', 'NaN', '12345678901234567890', '0.5', 'x', ' 2 '];
    one.focus();
    one.value = values[N % values.length];
    for (const kind of ['input', 'change']) one.dispatchEvent(new Event(kind, { bubbles: true }));
    return `type ${one.value} into ${one.id || one.ariaLabel || one.name}`;";

/// Drops one or two files: photos, and what is none.
const DROP: &str = "
    const names = ['gallery/bird_owl.jpg', 'gallery/ood_cup.jpg', 'engines.json', 'icon-192.png'];
    const transfer = new DataTransfer();
    for (let i = 0; i <= M % 2; i++) {
      const name = names[(N + i) % names.length];
      const blob = await (await fetch(name)).blob();
      transfer.items.add(new File([blob], name.split('/').pop(), { type: 'image/jpeg' }));
    }
    window.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, cancelable: true }));
    return 'drop ' + [...transfer.files].map(f => f.name);";

/// What is not shown until the page is there.
const HERE: &str = "document.querySelector('main nav')";

async fn wander(seed: u64, time: Duration) -> Result<usize> {
    let (visit, debugger) = Visit::open_watched(SMALL).await?;
    let mut dice = Dice(seed);
    let mut done: Vec<String> = Vec::new();
    let started = Instant::now();
    while started.elapsed() < time {
        let what = act(&visit, &mut dice).await;
        let told = what.unwrap_or_else(|error| format!("failed: {error:#}"));
        done.push(told);
        let complaints = debugger.complaints();
        if !complaints.is_empty() {
            bail!("seed {seed}: {complaints:#?} after\n{}", done.join("\n"));
        }
        tokio::time::sleep(Duration::from_millis(dice.roll(6) * 60)).await;
    }
    settle(&visit)
        .await
        .map_err(|error| error.context(format!("seed {seed}:\n{}", done.join("\n"))))?;
    // Some of what was typed is worth a warning to browsers.
    visit.close_amid_errors().await?;
    Ok(done.len())
}

async fn act(visit: &Visit, dice: &mut Dice) -> Result<String> {
    let (m, n) = (dice.roll(1 << 20), dice.roll(1 << 20));
    let numbered = |script: &str| {
        let script = format!("const M = {m}, N = {n};{script}");
        format!("return (async () => {{ {script} }})();")
    };
    let told = match dice.roll(20) {
        0 => {
            visit.go(&format!("{SMALL}#{}", crate::VIEWS[n as usize % 6].0)).await?;
            visit.script("location.reload(); return 1;").await?;
            visit.wait_until("the page is there", HERE, 60).await?;
            "reload".into()
        }
        1 => {
            visit.script("history.back(); return 1;").await?;
            tokio::time::sleep(Duration::from_millis(200)).await;
            // Before the page there was none.
            visit.script("if (location.host === '') history.forward(); return 1;").await?;
            visit.wait_until("the page is there", HERE, 60).await?;
            "back".into()
        }
        2 => {
            visit.upload(&photo("ood_koala.jpg")).await?;
            "choose a file".into()
        }
        3 | 4 => visit.script(&numbered(DROP)).await?.to_string(),
        5..=8 => visit.script(&numbered(TYPE)).await?.to_string(),
        _ => visit.script(&numbered(CLICK)).await?.to_string(),
    };
    Ok(told)
}

/// Whatever runs can be stopped, and whatever loads arrives.
async fn settle(visit: &Visit) -> Result<()> {
    visit.wait_until("the page is there", HERE, 60).await?;
    let still = "(() => { document.querySelector('#stop:not(:disabled)')?.click(); \
        return [...document.querySelectorAll('[data-phase]')].every(panel => \
        ['idle', 'finished', 'failed'].includes(panel.dataset.phase)); })()";
    visit.wait_until("nothing runs or loads any more", still, 120).await
}

#[tokio::test]
async fn nothing_that_a_visitor_does_breaks_the_page() -> Result<()> {
    for seed in SEEDS {
        let actions = wander(seed, TWO_MINUTES / SEEDS.len() as u32).await?;
        assert!(actions > 20, "only {actions} actions");
    }
    Ok(())
}

/// By hand: `SEED=17 MINUTES=60 cargo test -p robust-tests wander_for_long -- --ignored --nocapture`.
#[tokio::test]
#[ignore = "takes as long as it is told to"]
async fn wander_for_long() -> Result<()> {
    let number = |name: &str, usual: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
    };
    let first = number("SEED", 1);
    for seed in first..first + number("MINUTES", 60).div_ceil(2) {
        let actions = wander(seed, TWO_MINUTES).await?;
        println!("seed {seed}: {actions} actions");
    }
    Ok(())
}
