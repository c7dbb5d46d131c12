//! The page with one's own models, as a browser asks for it.

#![allow(clippy::unwrap_used)]

mod program;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use program::{stderr, stdout};

/// The program at work, until dropped.
struct Serving {
    child: Child,
    address: String,
}

impl Serving {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_robust-reps"));
        command.arg("serve").args(arguments).args(["--port", "0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned();
        Self { child, address }
    }

    /// Status and body of the answer to a request, whose path is sent as it is.
    fn ask(&self, method: &str, path: &str) -> (u16, Vec<u8>) {
        self.ask_by_name(&self.address, method, path)
    }

    fn ask_by_name(&self, host: &str, method: &str, path: &str) -> (u16, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "{method} {path} HTTP/1.0\r\nHost: {host}\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|part| part == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(answer[..end].to_vec()).unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), answer[end + 4..].to_vec())
    }

    fn get(&self, path: &str) -> (u16, Vec<u8>) {
        self.ask("GET", path)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What matters of a built page.
fn page(folder: &Path) {
    fs::create_dir_all(folder.join("models")).unwrap();
    for (name, contents) in [
        ("index.html", "<!doctype html>"),
        ("engines.json", "{}"),
        ("models/index.json", "[]"),
        ("models/theirs.safetensors", "theirs"),
        ("offline.js", "const FILES = {\"index.html\": \"0\", \"models/index.json\": \"1\"};"),
    ] {
        fs::write(folder.join(name), contents).unwrap();
    }
}

#[test]
fn the_page_is_served_with_other_models() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let manifest = std::env::var("CARGO_MANIFEST_DIR").unwrap();
    let checkpoint = format!("{manifest}/../tests/fixtures/reference/cifar-basic.pt");
    // As `train` leaves them: of the same file name.
    let (robust, standard) = (path("a/my model.safetensors"), path("b/my model.safetensors"));
    for (model, role) in [(&robust, "robust"), (&standard, "standard")] {
        let words = ["import", &checkpoint, "--stem", "cifar", "--role", role, "--out", model];
        stdout(&words);
    }
    fs::write(path("a/my model.gaussians.json"), "{}").unwrap();
    let errors = stderr(&["serve", &robust, "--page", &path("nowhere")]);
    assert!(errors.contains("cargo xtask build"), "{errors}");

    page(&folder.path().join("page"));
    fs::write(path("secret"), "not for all").unwrap();
    let errors = stderr(&["serve", &path("secret"), "--page", &path("page")]);
    assert!(errors.contains("safetensors"), "{errors}");

    let serving = Serving::start(&[&robust, &standard, "--page", &path("page")]);
    assert_eq!(serving.get("/"), (200, b"<!doctype html>".to_vec()));
    let (status, index) = serving.get("/models/index.json?anything");
    let index: Value = serde_json::from_slice(&index).unwrap();
    assert_eq!((status, index.as_array().unwrap().len()), (200, 2));
    for (entry, (model, role)) in
        index.as_array().unwrap().iter().zip([(&robust, "robust"), (&standard, "standard")])
    {
        assert_eq!(entry["role"], role);
        let (status, bytes) = serving.get(&format!("/models/{}", entry["file"].as_str().unwrap()));
        assert_eq!((status, bytes == fs::read(model).unwrap()), (200, true));
        // The service worker refuses what is not listed with its hash.
        let (_, worker) = serving.get("/offline.js");
        assert!(String::from_utf8(worker).unwrap().contains(entry["sha256"].as_str().unwrap()));
    }
    assert_ne!(index[0]["file"], index[1]["file"]);
    let gaussians = index[0]["gaussians"].as_str().unwrap();
    assert_eq!(serving.get(&format!("/models/{gaussians}")), (200, b"{}".to_vec()));

    // It is read from the disk, where it may have been written anew.
    let file = index[1]["file"].as_str().unwrap();
    for contents in [fs::read(&robust).unwrap(), b"something else".to_vec()] {
        fs::write(&standard, contents).unwrap();
        let (status, why) = serving.get(&format!("/models/{file}"));
        let why = String::from_utf8(why).unwrap();
        assert!(status == 500 && why.contains("my model.safetensors has changed since"), "{why}");
    }
    fs::remove_file(&standard).unwrap();
    let (status, why) = serving.get(&format!("/models/{file}"));
    assert!(status == 500 && why.starts_with(b"cannot read "), "{why:?}");

    for hidden in [
        "/../secret",
        "/models/../../secret",
        "//etc/passwd",
        "/none",
        "/models/theirs.safetensors",
    ] {
        assert_eq!(serving.get(hidden).0, 404, "{hidden}");
    }
    let (status, body) = serving.ask("HEAD", "/engines.json");
    assert_eq!((status, body.len()), (200, 0));
    assert_eq!(serving.ask("POST", "/engines.json").0, 405);
    for (host, status) in [("localhost:80", 200), ("127.0.0.1", 200), ("elsewhere.example:80", 403)]
    {
        assert_eq!(serving.ask_by_name(host, "GET", "/engines.json").0, status, "{host}");
    }
}
