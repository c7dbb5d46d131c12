//! That nobody is left out: axe's rules in every view, light and dark, and no sideways scrolling on small
//! screens and with large letters.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use robust_tests::{Debugger, Visit};
use serde_json::{Value, json};

use crate::VIEWS;

const SMALL: &str = "?engine=cpu&models=check/index.json";

/// Has the rules look at the page.
const LOOK: &str = "
    window.found = null;
    const told = ({ id, nodes }) => `${id}: ${nodes.map(node => node.html.slice(0, 120)).join(' | ')}`;
    axe.run(document, { resultTypes: ['violations'] }).then(
      ({ violations }) => { window.found = violations.map(told); },
      error => { window.found = [`axe itself: ${error}`]; });
    return true;";

/// The rules, which `cargo xtask test` installs.
fn axe() -> Result<String> {
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../tools");
    let file = tools.join("node_modules/axe-core/axe.min.js");
    fs::read_to_string(&file)
        .with_context(|| format!("no {}: `cargo xtask test` installs it", file.display()))
}

/// Has the page's tab do something.
pub fn tab(debugger: &Debugger, method: &str, parameters: &Value) -> Result<()> {
    let targets = debugger.targets();
    let page = targets.iter().find(|target| target.kind == "page").context("no page")?;
    debugger.target(page, method, parameters.clone()).map(drop)
}

async fn go_to(visit: &Visit, (view, shown): (&str, &str)) -> Result<()> {
    visit.script(&format!("location.hash = '{view}'; return true;")).await?;
    visit.wait_until(view, shown, 60).await
}

#[tokio::test]
async fn no_rule_of_accessibility_is_broken() -> Result<()> {
    let (visit, debugger) = Visit::open_watched(SMALL).await?;
    visit.wait_for_phase("robust", "finished", 60).await?;
    visit.script(&format!("{}; return true;", axe()?)).await?;
    visit
        .script("document.querySelectorAll('details').forEach(d => d.open = true); return true;")
        .await?;
    let mut broken = Vec::new();
    for scheme in ["light", "dark"] {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        tab(&debugger, "Emulation.setEmulatedMedia", &features)?;
        for view in VIEWS {
            go_to(&visit, view).await?;
            visit.script(LOOK).await?;
            visit.wait_until("a verdict", "window.found !== null", 30).await?;
            let found = visit.script("return window.found").await?;
            let found = found.as_array().context("a list")?.clone();
            broken.extend(found.iter().map(|rule| format!("{scheme}, #{}: {rule}", view.0)));
        }
        // What opens over the page: the link's panel, the tour, two pictures full screen.
        for (open, there, close) in [
            ("#share", "#link", "#share"),
            (".take-tour", "#tour", "#tour-leave"),
            ("#robust .picture", "#wipe[open]", "#close-wipe"),
        ] {
            visit.script(&format!("document.querySelector('{open}').click(); return 1;")).await?;
            let there = format!("document.querySelector('{there}')");
            visit.wait_until(open, &there, 20).await?;
            visit.script(LOOK).await?;
            visit.wait_until("a verdict", "window.found !== null", 30).await?;
            let found = visit.script("return window.found").await?;
            let found = found.as_array().context("a list")?.clone();
            broken.extend(found.iter().map(|rule| format!("{scheme}, {open}: {rule}")));
            visit.script(&format!("document.querySelector('{close}').click(); return 1;")).await?;
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert_eq!(debugger.complaints(), [""; 0]);
    visit.close().await
}

#[tokio::test]
async fn nothing_scrolls_sideways() -> Result<()> {
    let (visit, debugger) = Visit::open_watched(SMALL).await?;
    visit.wait_for_phase("robust", "finished", 60).await?;
    let mut wide = Vec::new();
    // The smallest phone, and a desk of 1280 pixels where everything is twice as large.
    for (width, height) in [(320, 640), (640, 400)] {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        tab(&debugger, "Emulation.setDeviceMetricsOverride", &size)?;
        for view in VIEWS {
            go_to(&visit, view).await?;
            let open = "document.querySelectorAll('main details').forEach(d => d.open = true);";
            let beyond = visit
                .script(&format!(
                    "{open} const most = document.documentElement.clientWidth; \
                     if (document.documentElement.scrollWidth <= most) return []; \
                     const scrolls = e => ['auto', 'scroll', 'hidden'].includes(getComputedStyle(e).overflowX); \
                     const within = e => e && (scrolls(e) || within(e.parentElement)); \
                     return [...document.querySelectorAll('body *')] \
                       .filter(e => e.getBoundingClientRect().right > most + 1 && !within(e.parentElement)) \
                       .map(e => `${{e.tagName}} ${{e.id}} ${{e.className}}`).slice(0, 6);"
                ))
                .await?;
            let beyond = beyond.as_array().context("a list")?.clone();
            if !beyond.is_empty() {
                wide.push(format!("{width} pixels, #{}: {beyond:?}", view.0));
            }
        }
    }
    assert!(wide.is_empty(), "{}", wide.join("\n"));
    visit.close().await
}

/// What has the focus, and whether it shows that: a name, and the width of its outline in pixels.
const FOCUSED: &str = "
    const e = document.activeElement;
    const shown = e.matches('input[type=file]') ? e.closest('.button') : e;
    const name = e.id || e.getAttribute('aria-label') || e.textContent.trim().slice(0, 30);
    return [e === document.body ? '' : `${e.tagName} ${name}`,
      getComputedStyle(shown).outlineStyle === 'none' ? 0
        : parseFloat(getComputedStyle(shown).outlineWidth)];";

/// Everything that can be pressed is reached by the Tab key alone, and shows that it has the focus.
#[tokio::test]
async fn every_view_can_be_walked_by_keys() -> Result<()> {
    let (visit, debugger) = Visit::open_watched(SMALL).await?;
    visit.wait_for_phase("robust", "finished", 60).await?;
    for view in VIEWS {
        go_to(&visit, view).await?;
        // What comes in a row of samples or tiles is reached like the first of it.
        let wanted = "return [...document.querySelectorAll('main button, main select, main input, main summary')]
            .filter(e => e.checkVisibility({ visibilityProperty: true }) && !e.disabled)
            .filter(e => !e.closest('.thumbnails, .atlas, .filmstrip')).length;";
        let wanted = visit.script(wanted).await?.as_u64().context("a number")?;
        visit.script("document.querySelector('h1').tabIndex = -1; document.querySelector('h1').focus(); return 1;").await?;
        let (mut reached, mut hidden) = (std::collections::HashSet::new(), Vec::new());
        for _ in 0..250 {
            for kind in ["keyDown", "keyUp"] {
                let key = json!({ "type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9 });
                tab(&debugger, "Input.dispatchKeyEvent", &key)?;
            }
            let (name, outline): (String, f64) =
                serde_json::from_value(visit.script(FOCUSED).await?)?;
            if name.is_empty() || name.starts_with("FOOTER") {
                break;
            }
            if outline < 1.0 {
                hidden.push(name.clone());
            }
            let left = "return document.activeElement.closest('footer') !== null;";
            if visit.script(left).await? == true {
                break;
            }
            reached.insert(name);
        }
        assert!(hidden.is_empty(), "#{}: no focus is seen on {hidden:?}", view.0);
        assert!(reached.len() as u64 * 2 > wanted, "#{}: {} of {wanted}", view.0, reached.len());
    }
    visit.close().await
}

/// What is smaller than a fingertip among what can be pressed; links within a sentence may be.
const TOO_SMALL: &str = "
    document.querySelectorAll('main details').forEach(d => d.open = true);
    return [...document.querySelectorAll('button, .button, select, summary, nav a, label.check, \
        .take-tour, .onward, #onward, figcaption a, main input:not([type=checkbox], [type=file])')]
      .filter(e => e.checkVisibility({ visibilityProperty: true }) && e.offsetHeight > 0)
      .map(e => [e, e.getBoundingClientRect()])
      .filter(([, box]) => Math.min(box.height, box.width) < 43.5)
      .map(([e, box]) => `${e.tagName} ${e.id} .${e.className} ${e.textContent.slice(0, 20)}: \
        ${Math.round(box.width)} x ${Math.round(box.height)}`).slice(0, 8);";

#[tokio::test]
async fn everything_can_be_hit_with_a_finger() -> Result<()> {
    let (visit, debugger) = Visit::open_watched(SMALL).await?;
    visit.wait_for_phase("robust", "finished", 60).await?;
    let size = json!({ "width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": true });
    tab(&debugger, "Emulation.setDeviceMetricsOverride", &size)?;
    tab(&debugger, "Emulation.setTouchEmulationEnabled", &json!({ "enabled": true }))?;
    visit.wait_until("a finger", "matchMedia('(pointer: coarse)').matches", 10).await?;
    visit.upload(&crate::photo("bird_owl.jpg")).await?;
    let mut small = Vec::new();
    for view in VIEWS {
        go_to(&visit, view).await?;
        let found = visit.script(TOO_SMALL).await?;
        let found = found.as_array().context("a list")?.clone();
        if !found.is_empty() {
            small.push(format!("#{}: {found:#?}", view.0));
        }
    }
    assert!(small.is_empty(), "{}", small.join("\n"));
    visit.close().await
}
