//! Two questions about this device: does it compute correctly, and how fast is it?

use leptos::prelude::*;
use leptos::task::spawn_local;
use robust_core::report::Speed;
use serde_bytes::ByteBuf;

use super::download;
use super::session::Session;
use super::sharing::url;
use super::words::fixed;
use crate::protocol::{Request, Response};

/// The model of the self-check.
pub const CHECK_INDEX: &str = "check/index.json";

/// Its reference numbers.
const CHECK_REFERENCE: &str = "check/reference.safetensors";

/// Batch sizes of the benchmark, unless the address says otherwise (`batch=1,8`).
const BATCHES: [usize; 3] = [1, 4, 8];

fn batches() -> Vec<usize> {
    let asked = url::parameter("batch");
    let asked: Vec<usize> = asked
        .iter()
        .flat_map(|list| list.split(','))
        .filter_map(|size| size.parse().ok())
        .filter(|size| (1..=64).contains(size))
        .collect();
    if asked.is_empty() { BATCHES.into() } else { asked }
}

/// Seconds for each, unless the address says otherwise (`seconds=1`).
const SECONDS: f64 = 5.0;

/// A question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Does this device compute correctly?
    Check,
    /// How fast is it?
    Bench,
}

impl View {
    /// The question that an address names.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "check" => Some(View::Check),
            "bench" => Some(View::Bench),
            _ => None,
        }
    }

    fn question(self) -> &'static str {
        match self {
            View::Check => "Does this device compute correctly?",
            View::Bench => "How fast is this device?",
        }
    }

    fn explanation(self) -> &'static str {
        match self {
            View::Check => {
                "A small network runs on this device; its results are compared with numbers that \
                 the authors’ own package computed."
            }
            View::Bench => {
                "Steps of an inversion a second, by the number of photos inverted together."
            }
        }
    }
}

/// Asks the question as soon as the model is loaded, and shows the answer.
#[component]
pub fn Lab(session: Session, view: View) -> impl IntoView {
    let [slot, ..] = session.slots;
    Effect::new(move |asked: Option<bool>| {
        let loaded = slot.card.with(Option::is_some);
        if loaded && asked != Some(true) {
            spawn_local(ask(session, view));
        }
        loaded
    });
    let lines = move || session.measured.with(|m| m.iter().filter_map(line).collect::<String>());
    let verdict = move || session.measured.with(|m| m.last().and_then(verdict)).unwrap_or("…");
    view! {
        <section class="lab">
            <h2>{view.question()}</h2>
            <p>{view.explanation()}</p>
            <pre id="lines">{lines}</pre>
            <p>"Result: " <strong id="verdict">{verdict}</strong></p>
            <p><a href="./">"Back to the page"</a></p>
        </section>
    }
}

async fn ask(session: Session, view: View) {
    session.measured.set(Vec::new());
    let request = match view {
        View::Check => match download::bytes(CHECK_REFERENCE).await {
            Ok(bytes) => Request::Verify { reference: ByteBuf::from(bytes.to_vec()) },
            Err(fault) => return session.notice.set(Some(fault.message)),
        },
        View::Bench => {
            let seconds = url::parameter("seconds").map(|text| js_sys::Number::parse_float(&text));
            let seconds = seconds.filter(|seconds| seconds.is_finite());
            Request::Bench { batches: batches(), seconds: seconds.unwrap_or(SECONDS) }
        }
    };
    let [slot, ..] = session.slots;
    slot.send(&request);
}

fn line(response: &Response) -> Option<String> {
    match response {
        Response::VerifiedKey { row } => Some(format!("{row}\n")),
        Response::Speed { speed, memory } => {
            let Speed { batch, steps_per_second, distance, device_bytes, .. } = speed;
            let device = device_bytes.map_or_else(String::new, |bytes| {
                format!(" and {} MB on the device", fixed(bytes as f64 / 1e6, 0))
            });
            let [speed, distance, memory] = [
                fixed(*steps_per_second, 2),
                fixed(f64::from(*distance), 5),
                fixed(memory / 1e6, 0),
            ];
            Some(format!(
                "batch {batch}: {speed} steps a second, distance {distance}, {memory} MB{device}\n"
            ))
        }
        _ => None,
    }
}

fn verdict(last: &Response) -> Option<&'static str> {
    match last {
        Response::Verified { ok: true } => Some("passed"),
        Response::Verified { ok: false } => Some("failed"),
        Response::Speed { speed, .. } if batches().last() == Some(&speed.batch) => Some("done"),
        _ => None,
    }
}
