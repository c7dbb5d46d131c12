//! One visit to the page, in the words of a visitor.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use fantoccini::actions::{
    ActionSequence, InputSource, MOUSE_BUTTON_LEFT, MouseActions, PenActions, PointerAction,
    TouchActions,
};
use fantoccini::wd::WindowHandle;
use fantoccini::{Client, Locator};
use serde_json::Value;
use tempfile::TempDir;

use crate::console::complaints;
use crate::debugger::Debugger;
use crate::driver::Driver;
use crate::site::Site;

/// Window of a desktop, in pixels.
const DESKTOP: (u32, u32) = (1280, 900);

/// Between two looks at the page.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What a visitor points with.
#[derive(Clone, Copy, Debug)]
pub enum Hand {
    /// A mouse, its left button held.
    Mouse,
    /// A pen on a screen.
    Pen,
    /// A finger on a screen.
    Finger,
}

impl Hand {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Mouse, Self::Pen, Self::Finger];
}

/// A browser with a fresh profile on the page.
pub struct Visit {
    client: Client,
    downloads: TempDir,
    _driver: Driver,
    site: Site,
}

impl Visit {
    /// Opens the page at `query` (such as `?engine=cpu`).
    ///
    /// # Errors
    ///
    /// Where the page is not built or there is no browser; the message says what to do.
    pub async fn open(query: &str) -> Result<Self> {
        let visit = Self::prepare().await?;
        visit.go(query).await?;
        Ok(visit)
    }

    /// The same, watched from its first request on.
    ///
    /// # Errors
    ///
    /// The same, and where the browser takes no debugger.
    pub async fn open_watched(query: &str) -> Result<(Self, Debugger)> {
        let visit = Self::prepare().await?;
        let capabilities = visit.client.capabilities().context("no capabilities")?;
        let profile = capabilities.get("chrome").and_then(|chrome| chrome["userDataDir"].as_str());
        let debugger = Debugger::connect(Path::new(profile.context("no profile")?))?;
        visit.go(query).await?;
        Ok((visit, debugger))
    }

    /// A browser that has not been anywhere.
    ///
    /// # Errors
    ///
    /// Where the page is not built or there is no browser; the message says what to do.
    pub async fn prepare() -> Result<Self> {
        let (driver, site) = (Driver::start()?, Site::open()?);
        let downloads = tempfile::tempdir()?;
        let client = driver.browser(DESKTOP, downloads.path()).await?;
        Ok(Self { client, downloads, _driver: driver, site })
    }

    /// Goes to the page at `query`, in the same browser.
    pub async fn go(&self, query: &str) -> Result<()> {
        Ok(self.client.goto(&format!("{}{query}", self.site.origin())).await?)
    }

    /// Folder that the browser saves into.
    pub fn downloads(&self) -> &Path {
        self.downloads.path()
    }

    /// Runs a script in the page; it must `return` something.
    pub async fn script(&self, script: &str) -> Result<Value> {
        self.client.execute(script, Vec::new()).await.with_context(|| script.to_owned())
    }

    /// Text of the first element that matches.
    pub async fn text(&self, css: &str) -> Result<String> {
        Ok(self
            .client
            .find(Locator::Css(css))
            .await
            .with_context(|| css.to_owned())?
            .text()
            .await?)
    }

    /// Clicks the first element that matches.
    pub async fn click(&self, css: &str) -> Result<()> {
        let element = self.client.find(Locator::Css(css)).await.with_context(|| css.to_owned())?;
        element.click().await.with_context(|| format!("click on {css}"))
    }

    /// Types keys into the first element that matches; WebDriver has a character for each.
    pub async fn press(&self, css: &str, keys: &str) -> Result<()> {
        let element = self.client.find(Locator::Css(css)).await.with_context(|| css.to_owned())?;
        Ok(element.send_keys(keys).await?)
    }

    /// Draws with a hand's pointer over what matches, through places in shares of its sides.
    pub async fn drag(&self, hand: Hand, css: &str, places: &[(f64, f64)]) -> Result<()> {
        self.script(&format!("document.querySelector('{css}').scrollIntoView(); return true;"))
            .await?;
        let element = self.client.find(Locator::Css(css)).await.with_context(|| css.to_owned())?;
        let (_, _, width, height) = element.rectangle().await?;
        let button = MOUSE_BUTTON_LEFT;
        let mut actions = Vec::new();
        for (i, (x, y)) in places.iter().enumerate() {
            let (x, y) = ((x - 0.5) * width, (y - 0.5) * height);
            let duration = Some(Duration::from_millis(if i == 0 { 0 } else { 50 }));
            actions.push(PointerAction::MoveToElement { element: element.clone(), duration, x, y });
            if i == 0 {
                actions.push(PointerAction::Down { button });
            }
        }
        actions.push(PointerAction::Up { button });
        let name = format!("{hand:?}");
        let sequence: ActionSequence = match hand {
            Hand::Mouse => {
                actions.into_iter().fold(MouseActions::new(name), |a, b| a.then(b)).into()
            }
            Hand::Pen => actions.into_iter().fold(PenActions::new(name), |a, b| a.then(b)).into(),
            Hand::Finger => {
                actions.into_iter().fold(TouchActions::new(name), |a, b| a.then(b)).into()
            }
        };
        self.client.perform_actions(sequence).await?;
        Ok(self.client.release_actions().await?)
    }

    /// Opens another tab at `query` and goes on there. Gives the name of the one before.
    pub async fn open_tab(&self, query: &str) -> Result<WindowHandle> {
        let before = self.client.window().await?;
        let tab = self.client.new_window(true).await?.handle;
        self.client.switch_to_window(tab).await?;
        self.go(query).await?;
        Ok(before)
    }

    /// Goes on in another tab.
    pub async fn switch(&self, tab: &WindowHandle) -> Result<()> {
        Ok(self.client.switch_to_window(tab.clone()).await?)
    }

    /// Makes the window this large.
    pub async fn resize(&self, width: u32, height: u32) -> Result<()> {
        Ok(self.client.set_window_size(width, height).await?)
    }

    /// Chooses a file of this machine.
    pub async fn upload(&self, path: &Path) -> Result<()> {
        self.upload_into("#file-input", path).await
    }

    /// Chooses a file in the input that matches.
    pub async fn upload_into(&self, css: &str, path: &Path) -> Result<()> {
        let input = self.client.find(Locator::Css(css)).await?;
        // The driver takes no `..`.
        let path = std::fs::canonicalize(path)?;
        let path = path.to_str().context("a path that is text")?;
        Ok(input.send_keys(path).await?)
    }

    /// Sets a field of the settings.
    pub async fn set(&self, id: &str, value: &str) -> Result<()> {
        let script = format!(
            "const field = document.getElementById('{id}'); field.value = '{value}'; \
             field.dispatchEvent(new Event('change', {{ bubbles: true }})); return true;"
        );
        self.script(&script).await.map(drop)
    }

    /// Moves a slider.
    pub async fn set_range(&self, id: &str, value: &str) -> Result<()> {
        let script = format!(
            "const slider = document.getElementById('{id}'); slider.value = '{value}'; \
             for (const kind of ['input', 'change']) \
               slider.dispatchEvent(new Event(kind, {{ bubbles: true }})); return true;"
        );
        self.script(&script).await.map(drop)
    }

    /// Waits until the JavaScript expression, or what it promises, is true, and fails with what the
    /// page shows. What it asks about may not be there at first: an error is not yet true.
    pub async fn wait_until(&self, what: &str, expression: &str, seconds: u64) -> Result<()> {
        let started = Instant::now();
        let script = format!("return Promise.resolve({expression}).then(Boolean);");
        loop {
            let found = self.script(&script).await;
            if matches!(found, Ok(Value::Bool(true))) {
                return Ok(());
            }
            if started.elapsed() > Duration::from_secs(seconds) {
                found?;
                let page = self.text("main").await.unwrap_or_default();
                bail!("waited {seconds} s for this: {what}. The page shows:\n{page}");
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until a model (`robust` or `standard`) is in this phase.
    pub async fn wait_for_phase(&self, model: &str, phase: &str, seconds: u64) -> Result<()> {
        let expression = format!("document.querySelector('#{model}')?.dataset.phase === '{phase}'");
        self.wait_until(&format!("the {model} model is {phase}"), &expression, seconds).await
    }

    /// The pixels of a canvas, as base64: two are the same where the pictures are.
    pub async fn picture(&self, canvas: &str) -> Result<String> {
        let script = format!("return document.getElementById('{canvas}').toDataURL();");
        let value = self.script(&script).await?;
        value.as_str().map(str::to_owned).ok_or_else(|| anyhow!("no canvas {canvas}"))
    }

    /// Waits until a canvas shows another picture than this one.
    pub async fn wait_for_another(&self, canvas: &str, than: &str, seconds: u64) -> Result<()> {
        let other = format!("document.getElementById('{canvas}').toDataURL() !== '{than}'");
        self.wait_until(&format!("another picture in {canvas}"), &other, seconds).await
    }

    /// The 8-bit values of a canvas, RGBA row by row.
    pub async fn pixels(&self, canvas: &str) -> Result<Vec<u8>> {
        let script = format!(
            "const canvas = document.getElementById('{canvas}'); const {{ width, height }} = canvas; \
             const copy = new OffscreenCanvas(width, height); \
             const context = copy.getContext('2d', {{ willReadFrequently: true }}); \
             context.drawImage(canvas, 0, 0); \
             return Array.from(context.getImageData(0, 0, width, height).data);"
        );
        Ok(serde_json::from_value(self.script(&script).await?)?)
    }

    /// Waits until a file has been saved whole.
    pub async fn wait_for_download(&self, name: &str) -> Result<()> {
        self.wait_for_any_download(&[name]).await
    }

    /// Waits until one of these files has been saved whole.
    pub async fn wait_for_any_download(&self, names: &[&str]) -> Result<()> {
        for _ in 0..200 {
            if names.iter().any(|name| self.downloads().join(name).exists()) {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        bail!("{} was not saved", names.join(" or "));
    }

    /// The relative distance that a model shows, in percent.
    pub async fn distance(&self, model: &str) -> Result<f64> {
        let text = self.text(&format!("#{model} [data-value=distance]")).await?;
        text.trim_end_matches(['%', ' ']).parse().with_context(|| format!("distance {text:?}"))
    }

    /// Every address that the page has asked for.
    pub async fn requests(&self) -> Result<Vec<String>> {
        let script = "return performance.getEntriesByType('resource').map(entry => entry.name);";
        Ok(serde_json::from_value(self.script(script).await?)?)
    }

    /// The server.
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// Where the page comes from.
    pub fn origin(&self) -> &str {
        self.site.origin()
    }

    /// What is on the screen, as a PNG file.
    pub async fn screenshot(&self) -> Result<Vec<u8>> {
        Ok(self.client.screenshot().await?)
    }

    /// Ends the visit.
    ///
    /// # Errors
    ///
    /// Where the browser's console holds an error or a warning.
    pub async fn close(self) -> Result<()> {
        let complaints = complaints(&self.client).await?;
        ensure!(complaints.is_empty(), "the console holds complaints:\n{}", complaints.join("\n"));
        self.close_amid_errors().await
    }

    /// Ends a visit in which something was made to go wrong.
    pub async fn close_amid_errors(self) -> Result<()> {
        Ok(self.client.close().await?)
    }
}
