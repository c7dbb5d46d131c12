//! What the visitor sees. Usable at once; the engines load behind it.

mod app;
mod classes;
mod components;
mod download;
mod engines;
mod forget;
mod history;
mod lab;
mod models;
mod offline;
mod photos;
mod session;
mod sharing;
mod tell;
mod tour;
mod views;
mod wait;
mod words;

use leptos::prelude::*;

/// Shows the page.
pub fn start() {
    console_error_panic_hook::set_once();
    mount_to_body(app::App);
}
