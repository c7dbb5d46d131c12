//! ChromeDriver, and the Chromium it starts.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tempfile::TempDir;

const INSTRUCTIONS: &str = "these tests drive a real browser: install Chromium and its ChromeDriver (`cargo xtask test` \
                            does), and see that the disk has room for a profile";

/// Flags of the browser. WebGPU needs the unsafe one where there is no graphics card, and those for
/// crashes where one loses it more than once; the others keep Chromium from calling home.
const FLAGS: [&str; 12] = [
    "--headless=new",
    "--no-sandbox",
    "--enable-unsafe-webgpu",
    "--disable-domain-blocking-for-3d-apis",
    "--disable-gpu-process-crash-limit",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
];

/// How often a ChromeDriver is started before it is given up.
const ATTEMPTS: usize = 3;

/// Between two attempts to remove what browsers have left, and how many there are.
const REMOVE_EVERY: Duration = Duration::from_millis(50);
const REMOVALS: usize = 40;

/// A ChromeDriver of our own, until dropped.
pub(crate) struct Driver {
    process: Child,
    address: String,
    /// Profiles, caches and shared memory of its browsers: 30 to 90 MB each, which nobody else
    /// removes once they are killed.
    folder: TempDir,
}

impl Driver {
    /// Starts it on a free port, which it tells on its output. It takes the same port in both versions
    /// of the protocol, and ends where the second is taken: then another one may be free.
    pub fn start() -> Result<Self> {
        for _ in 0..ATTEMPTS {
            if let Some(driver) = Self::listening()? {
                return Ok(driver);
            }
        }
        bail!("chromedriver ended {ATTEMPTS} times before it listened. {INSTRUCTIONS}")
    }

    /// One attempt; `None` where it has ended.
    fn listening() -> Result<Option<Self>> {
        let folder = tempfile::tempdir()?;
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .env("TMPDIR", folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context(INSTRUCTIONS)?;
        let output = process.stdout.take().context("chromedriver has no output")?;
        for line in BufReader::new(output).lines() {
            let line = line?;
            if let Some((_, port)) = line.split_once("successfully on port ") {
                let port = port.trim_end_matches('.');
                let address = format!("http://127.0.0.1:{port}");
                return Ok(Some(Self { process, address, folder }));
            }
        }
        process.wait().context("chromedriver did not end")?;
        Ok(None)
    }

    /// Starts a browser with a fresh profile and a window of this size.
    pub async fn browser(&self, size: (u32, u32), downloads: &Path) -> Result<Client> {
        let window = format!("--window-size={},{}", size.0, size.1);
        let flags: Vec<&str> = FLAGS.iter().copied().chain([window.as_str()]).collect();
        let options = json!({
            "args": flags,
            "prefs": { "download.default_directory": downloads },
        });
        let mut capabilities = serde_json::Map::new();
        capabilities.insert("goog:chromeOptions".into(), options);
        capabilities.insert("goog:loggingPrefs".into(), json!({ "browser": "WARNING" }));
        ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&self.address)
            .await
            .context(INSTRUCTIONS)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Its browsers would go on computing after a test that has failed.
        let browsers = ["-KILL", "-P", &self.process.id().to_string()];
        let _ = Command::new("pkill").args(browsers).status();
        let _ = self.process.kill();
        let _ = self.process.wait();
        // A browser's helpers end a moment after it and write until then.
        for _ in 0..REMOVALS {
            let _ = std::fs::remove_dir_all(self.folder.path());
            if !self.folder.path().exists() {
                break;
            }
            std::thread::sleep(REMOVE_EVERY);
        }
    }
}
