//! What Chromium itself knows of a visit, over its debugging protocol: every request and every
//! complaint, those of workers included.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::TcpStream;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};
use tungstenite::{Error, Message, WebSocket, client};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Between two looks for something to send.
const LISTEN: Duration = Duration::from_millis(5);

struct Command {
    session: Option<String>,
    method: String,
    parameters: Value,
    answer: Sender<Result<Value>>,
}

/// Page or worker, by the name of the protocol's session with it.
#[derive(Clone, Debug)]
pub struct Target {
    /// `page`, `worker` or `service_worker`.
    pub kind: String,
    session: String,
}

#[derive(Default)]
struct Seen {
    events: Vec<Value>,
    targets: Vec<Target>,
}

/// A connection to the browser, until dropped.
pub struct Debugger {
    commands: Sender<Command>,
    seen: Arc<Mutex<Seen>>,
}

impl Debugger {
    /// Connects to the browser with this profile, and watches all that it opens from now on.
    pub(crate) fn connect(profile: &Path) -> Result<Self> {
        let file = profile.join("DevToolsActivePort");
        let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        let (port, path) = text.split_once('\n').context("no address of the browser")?;
        let stream = TcpStream::connect(format!("127.0.0.1:{port}"))?;
        let (socket, _) = client(format!("ws://127.0.0.1:{port}{}", path.trim()), stream)
            .map_err(|error| anyhow!("the browser takes no debugger: {error}"))?;
        socket.get_ref().set_read_timeout(Some(LISTEN))?;
        let (commands, received) = channel();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let mut wire = Wire { socket, next: 0, waiting: HashMap::new(), seen: seen.clone() };
        thread::spawn(move || wire.run(&received));
        let debugger = Self { commands, seen };
        debugger.browser("Target.setAutoAttach", attach())?;
        Ok(debugger)
    }

    /// Has the browser as a whole do something.
    pub fn browser(&self, method: &str, parameters: Value) -> Result<Value> {
        self.command(None, method, parameters)
    }

    /// Has one page or worker do something.
    pub fn target(&self, target: &Target, method: &str, parameters: Value) -> Result<Value> {
        self.command(Some(target.session.clone()), method, parameters)
    }

    /// Every page and worker that is there.
    pub fn targets(&self) -> Vec<Target> {
        self.seen.lock().map(|seen| seen.targets.clone()).unwrap_or_default()
    }

    /// What has happened under this name so far, such as `Network.requestWillBeSent`.
    pub fn events(&self, method: &str) -> Vec<Value> {
        let seen = self.seen.lock();
        let named = |event: &&Value| event["method"] == method;
        seen.map(|seen| {
            seen.events.iter().filter(named).map(|event| event["params"].clone()).collect()
        })
        .unwrap_or_default()
    }

    /// Every address that was asked for, by page and workers.
    pub fn requests(&self) -> Vec<String> {
        let url = |event: Value| event["request"]["url"].as_str().unwrap_or_default().to_owned();
        self.events("Network.requestWillBeSent").into_iter().map(url).collect()
    }

    /// Whatever was thrown and not caught, broke a policy, or was written to the console as an error.
    pub fn complaints(&self) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut all = Vec::new();
        for event in self.events("Runtime.exceptionThrown") {
            let details = &event["exceptionDetails"];
            all.push(format!("{} {}", text(&details["text"]), details["exception"]["description"]));
        }
        for event in self.events("Log.entryAdded") {
            let entry = &event["entry"];
            if entry["level"] == "error" {
                all.push(format!("{} ({})", text(&entry["text"]), text(&entry["url"])));
            }
        }
        for event in self.events("Runtime.consoleAPICalled") {
            if event["type"] == "error" || event["type"] == "assert" {
                all.push(event["args"].to_string());
            }
        }
        all
    }

    fn command(&self, session: Option<String>, method: &str, parameters: Value) -> Result<Value> {
        let (answer, answered) = channel();
        let command = Command { session, method: method.into(), parameters, answer };
        self.commands.send(command).map_err(|_| anyhow!("the browser is gone"))?;
        answered.recv_timeout(PATIENCE).with_context(|| format!("no answer to {method}"))?
    }
}

/// All pages and workers, each held until it is watched.
fn attach() -> Value {
    json!({ "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true })
}

struct Wire {
    socket: WebSocket<TcpStream>,
    next: u64,
    waiting: HashMap<u64, Sender<Result<Value>>>,
    seen: Arc<Mutex<Seen>>,
}

impl Wire {
    fn run(&mut self, commands: &Receiver<Command>) {
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => {
                    let message = serde_json::from_str(&text).unwrap_or_default();
                    if self.hear(message).is_err() {
                        return;
                    }
                }
                Ok(_) => {}
                Err(Error::Io(error))
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => return,
            }
            loop {
                match commands.try_recv() {
                    Ok(command) => {
                        let sent = self.send(
                            command.session.as_deref(),
                            &command.method,
                            &command.parameters,
                        );
                        match sent {
                            Ok(id) => drop(self.waiting.insert(id, command.answer)),
                            Err(_) => return,
                        }
                    }
                    Err(std::sync::mpsc::TryRecvError::Empty) => break,
                    Err(std::sync::mpsc::TryRecvError::Disconnected) => return,
                }
            }
        }
    }

    fn send(&mut self, session: Option<&str>, method: &str, parameters: &Value) -> Result<u64> {
        self.next += 1;
        let mut message = json!({ "id": self.next, "method": method, "params": parameters });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        self.socket.send(Message::text(message.to_string()))?;
        Ok(self.next)
    }

    fn hear(&mut self, message: Value) -> Result<()> {
        if let Some(id) = message["id"].as_u64() {
            if let Some(answer) = self.waiting.remove(&id) {
                let error = message.get("error");
                let _ = answer.send(match error {
                    Some(error) => Err(anyhow!("{error}")),
                    None => Ok(message["result"].clone()),
                });
            }
            return Ok(());
        }
        let parameters = &message["params"];
        match message["method"].as_str() {
            Some("Target.attachedToTarget") => {
                let session = parameters["sessionId"].as_str().context("a session")?.to_owned();
                let of = |name: &str| parameters["targetInfo"][name].as_str().unwrap_or_default();
                let (kind, url) = (of("type").to_owned(), of("url"));
                // The browser's own windows are pages, too.
                let own = !url.starts_with("chrome://");
                let watch = ["Network.enable", "Log.enable", "Runtime.enable"];
                for method in watch.into_iter().filter(|_| own) {
                    self.send(Some(&session), method, &json!({}))?;
                }
                self.send(Some(&session), "Target.setAutoAttach", &attach())?;
                self.send(Some(&session), "Runtime.runIfWaitingForDebugger", &json!({}))?;
                if own {
                    self.note(|seen| seen.targets.push(Target { kind, session }))?;
                }
                Ok(())
            }
            Some("Target.detachedFromTarget") => {
                let gone = &parameters["sessionId"];
                self.note(|seen| seen.targets.retain(|target| gone != &target.session))
            }
            _ => self.note(|seen| seen.events.push(message.clone())),
        }
    }

    fn note(&self, note: impl FnOnce(&mut Seen)) -> Result<()> {
        let Ok(mut seen) = self.seen.lock() else { bail!("nobody listens") };
        note(&mut seen);
        Ok(())
    }
}
