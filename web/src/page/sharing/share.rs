//! Sharing a view as a link: copy, the system's share sheet, a QR code.

use leptos::prelude::*;
use leptos::task::spawn_local;
use qrcodegen::{QrCode, QrCodeEcc, QrSegment, Version};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::ShareData;

use super::url;
use crate::page::session::Session;

/// The share button and what it opens.
#[component]
pub fn Share(
    /// The link's fragment, once there is one.
    fragment: RwSignal<Option<String>>,
    /// Other buttons beside it.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let told = RwSignal::new("");
    let session: Session = expect_context();
    let own = move || session.models.chosen.with(|chosen| chosen.iter().any(Option::is_some));
    let link = move || fragment.get().map(|fragment| url::to_share(&fragment));
    let copy = move |_| {
        let Some(link) = untrack(link) else { return };
        spawn_local(async move {
            let written = JsFuture::from(window().navigator().clipboard().write_text(&link)).await;
            told.set(if written.is_ok() { "Copied." } else { "Select the link and copy it." });
        });
    };
    let hand_over = move |_| {
        let Some(link) = untrack(link) else { return };
        let data = ShareData::new();
        data.set_title("See what a neural network sees");
        data.set_url(&link);
        // Turning the sheet down is no mistake.
        spawn_local(async move {
            let _ = JsFuture::from(window().navigator().share_with_data(&data)).await;
        });
    };
    let has_sheet =
        js_sys::Reflect::has(&window().navigator(), &JsValue::from("share")).unwrap_or(false);
    let select = |event: web_sys::FocusEvent| {
        event_target::<web_sys::HtmlInputElement>(&event).select();
    };
    let panel = move || {
        let link = link()?;
        let code = qr_code(&link);
        Some(view! {
            <div class="share-panel">
                <label>
                    "The link contains everything, photos included; no server ever sees them."
                    {move || own().then_some(" Only your own network is not in it: whoever opens the link sees this page's.")}
                    <input id="link" type="text" readonly prop:value=link
                        on:focus=select />
                </label>
                <div class="buttons">
                    <button id="copy" on:click=copy>"Copy link"</button>
                    {has_sheet.then(|| view! { <button on:click=hand_over>"Share with…"</button> })}
                    <span role="status">{move || told.get()}</span>
                </div>
                {match code {
                    Some((size, path)) => view! {
                        <svg class="qr" viewBox=format!("0 0 {size} {size}") role="img" aria-label="QR code of the link">
                            <rect width="100%" height="100%" fill="#fff" />
                            <path d=path fill="#000" />
                        </svg>
                    }.into_any(),
                    None => view! {
                        <p class="hint">
                            "The photos make this link too long for a QR code; with samples it fits."
                        </p>
                    }.into_any(),
                }}
            </div>
        })
    };
    let toggle = move |_| {
        told.set("");
        open.update(|open| *open = !*open);
    };
    view! {
        <div class="buttons">
            <button id="share" class="main" aria-expanded=move || open.get().to_string()
                disabled=move || fragment.with(Option::is_none) on:click=toggle>
                "Share"
            </button>
            {children.map(|children| children())}
        </div>
        <Show when=move || open.get()>{panel}</Show>
    }
}

/// The largest code that a phone reads off another screen: 117 modules a side, 1273 bytes.
const LARGEST_CODE: u8 = 25;

/// Side and SVG path of the link's QR code with its quiet zone; `None` where the link is too long.
fn qr_code(link: &str) -> Option<(i32, String)> {
    const QUIET: i32 = 4;
    let text = QrSegment::make_segments(link);
    let (ecc, least) = (QrCodeEcc::Low, Version::MIN);
    let code =
        QrCode::encode_segments_advanced(&text, ecc, least, Version::new(LARGEST_CODE), None, true)
            .ok()?;
    let cells = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y)));
    let dark = cells.filter(|&(x, y)| code.get_module(x, y));
    let path = dark.map(|(x, y)| format!("M{},{}h1v1h-1z", x + QUIET, y + QUIET)).collect();
    Some((code.size() + 2 * QUIET, path))
}
