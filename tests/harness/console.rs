//! What a page has written into the browser's console.

use anyhow::{Context, Result};
use fantoccini::Client;
use fantoccini::wd::WebDriverCompatibleCommand;
use http::Method;
use url::{ParseError, Url};

/// ChromeDriver's own command for what the console holds since it was asked last.
#[derive(Debug)]
struct Log;

impl WebDriverCompatibleCommand for Log {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(r#"{"type":"browser"}"#.into()))
    }
}

/// Errors and warnings.
pub(crate) async fn complaints(client: &Client) -> Result<Vec<String>> {
    let log = client.issue_cmd(Log).await.context("the browser's console")?;
    let entries = log.as_array().context("a list of messages")?;
    let text = |entry: &serde_json::Value| {
        let message = entry["message"].as_str().unwrap_or_default();
        format!("{}: {message}", entry["level"].as_str().unwrap_or_default())
    };
    Ok(entries.iter().map(text).collect())
}
