//! Serves the built page on this machine.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use tiny_http::{Header, Response, Server};

/// This package's folder. Asked for when it runs: a build folder may serve several checkouts.
fn tests() -> Result<PathBuf> {
    Ok(std::env::var_os("CARGO_MANIFEST_DIR").context("this runs under cargo")?.into())
}

/// Folder of the built page.
///
/// # Errors
///
/// Where the page has not been built.
pub fn dist() -> Result<PathBuf> {
    let dist = tests()?.join("../dist");
    if !dist.join("engines.json").exists() {
        bail!(
            "the page has not been built: run `cargo xtask build`, or all tests with `cargo xtask test`"
        );
    }
    Ok(dist)
}

/// The built page on a port of its own, until dropped.
pub struct Site {
    server: Arc<Server>,
    origin: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Files that stand in for those of the page.
    replaced: HashMap<String, Vec<u8>>,
    /// Files that take so long to come.
    slow: HashMap<String, Duration>,
    down: bool,
    asked: Vec<String>,
}

impl Site {
    /// Serves `dist/`, and below `fixtures/` the tests' own files.
    ///
    /// # Errors
    ///
    /// Where the page has not been built, or no port is free.
    pub fn open() -> Result<Self> {
        let dist = dist()?;
        let server = Server::http("127.0.0.1:0").map_err(|error| anyhow!("no server: {error}"))?;
        let port = server.server_addr().to_ip().map_or(0, |address| address.port());
        let server = Arc::new(server);
        let answering = server.clone();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        let fixtures = tests()?.join("fixtures/site");
        thread::spawn(move || {
            for request in answering.incoming_requests() {
                let path = request.url().split('?').next().unwrap_or_default();
                let path = match path.trim_start_matches('/') {
                    "" => "index.html".to_owned(),
                    path => path.to_owned(),
                };
                let (found, otherwise, wait) = {
                    let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
                    state.asked.push(path.clone());
                    let wait = state.slow.get(&path).copied();
                    match state.replaced.get(&path) {
                        _ if state.down => (None, 503, wait),
                        Some(bytes) => (kind(&path).map(|kind| (bytes.clone(), kind)), 404, wait),
                        None => (file(&dist, &fixtures, &path), 404, wait),
                    }
                };
                let respond = move || match found {
                    Some((bytes, kind)) => {
                        let response = Response::from_data(bytes);
                        let header = Header::from_bytes("Content-Type", kind);
                        request.respond(match header {
                            Ok(header) => response.with_header(header),
                            Err(()) => response,
                        })
                    }
                    None => request.respond(Response::empty(otherwise)),
                };
                match wait {
                    // Others are answered meanwhile.
                    Some(wait) => drop(thread::spawn(move || {
                        thread::sleep(wait);
                        respond()
                    })),
                    None => drop(respond()),
                }
            }
        });
        Ok(Self { server, origin: format!("http://127.0.0.1:{port}/"), state })
    }

    /// From now on `path`, such as `index.html`, holds this.
    pub fn replace(&self, path: &str, contents: impl Into<Vec<u8>>) {
        self.state().replaced.insert(path.into(), contents.into());
    }

    /// From now on `path` takes so long to come.
    pub fn slow_down(&self, path: &str, wait: Duration) {
        self.state().slow.insert(path.into(), wait);
    }

    /// From now on nothing is answered but that there is nobody. Forgets what was asked before.
    pub fn shut_down(&self) {
        let mut state = self.state();
        state.down = true;
        state.asked.clear();
    }

    /// Every path that was asked for.
    pub fn asked(&self) -> Vec<String> {
        self.state().asked.clone()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Address of the page.
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.unblock();
    }
}

fn file(dist: &Path, fixtures: &Path, path: &str) -> Option<(Vec<u8>, &'static str)> {
    if path.split('/').any(|part| part == "..") {
        return None;
    }
    let file = match path.strip_prefix("fixtures/") {
        Some(fixture) => fixtures.join(fixture),
        None => dist.join(path),
    };
    Some((fs::read(file).ok()?, kind(path)?))
}

fn kind(path: &str) -> Option<&'static str> {
    Some(match Path::new(path).extension()?.to_str()? {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript",
        "css" => "text/css",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "jpg" => "image/jpeg",
        "png" => "image/png",
        "md" => "text/markdown; charset=utf-8",
        _ => "application/octet-stream",
    })
}
