//! What the visitor sees. Usable at once; the engines load behind it.

mod adapter;
mod app;
mod authors;
mod background;
mod canvas;
mod change;
mod chart;
mod classes;
mod controls;
mod download;
mod engine;
mod explain;
mod forget;
mod frame;
mod gallery;
mod history;
mod inversion;
mod keep;
mod kept_photos;
mod lab;
mod link;
mod models;
mod modes;
mod morph;
mod offline;
mod paint;
mod panel;
mod photos;
mod place;
mod recover;
mod select;
mod session;
mod share;
mod shown;
mod slot;
mod state;
mod tell;
mod term;
mod tour;
mod tray;
mod url;
mod view;
mod wait;
mod why_not;
mod wipe;
mod words;

use leptos::prelude::*;

/// Shows the page.
pub fn start() {
    console_error_panic_hook::set_once();
    mount_to_body(app::App);
}
