//! Serves the built page on this machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

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
        let fixtures = tests()?.join("fixtures/site");
        thread::spawn(move || {
            for request in answering.incoming_requests() {
                let path = request.url().split('?').next().unwrap_or_default().to_owned();
                let _ = match file(&dist, &fixtures, &path) {
                    Some((bytes, kind)) => {
                        let response = Response::from_data(bytes);
                        let header = Header::from_bytes("Content-Type", kind);
                        request.respond(match header {
                            Ok(header) => response.with_header(header),
                            Err(()) => response,
                        })
                    }
                    None => request.respond(Response::empty(404)),
                };
            }
        });
        Ok(Self { server, origin: format!("http://127.0.0.1:{port}/") })
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

fn file(dist: &Path, fixtures: &Path, url: &str) -> Option<(Vec<u8>, &'static str)> {
    let path = url.trim_start_matches('/');
    if path.split('/').any(|part| part == "..") {
        return None;
    }
    let path: PathBuf = match path.strip_prefix("fixtures/") {
        Some(fixture) => fixtures.join(fixture),
        None if path.is_empty() => dist.join("index.html"),
        None => dist.join(path),
    };
    let kind = match path.extension()?.to_str()? {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript",
        "css" => "text/css",
        "json" => "application/json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "jpg" => "image/jpeg",
        "md" => "text/markdown; charset=utf-8",
        _ => "application/octet-stream",
    };
    Some((fs::read(path).ok()?, kind))
}
