//! Tiles of an atlas of features.

use std::sync::Arc;

use leptos::prelude::*;
use robust_core::model::atlas::Atlas;

use crate::page::words::fixed;

/// An atlas and where its sheet is.
#[derive(Clone, Debug, PartialEq)]
pub struct AtlasSheet {
    /// What is on the sheet.
    pub atlas: Arc<Atlas>,
    url: Arc<str>,
}

impl AtlasSheet {
    /// The sheet lies beside the atlas, in `folder`.
    pub fn new(atlas: Atlas, folder: &str) -> Self {
        let url = format!("{folder}{}", atlas.sheet).into();
        Self { atlas: Arc::new(atlas), url }
    }

    /// Size and position of a background that shows one coordinate's tile, whatever the element's size.
    fn place(&self, feature: usize) -> (String, String) {
        let (column, row) = self.atlas.place(feature);
        let columns = self.atlas.columns;
        let rows = self.atlas.activations.len().div_ceil(columns.max(1));
        let share = |at: usize, all: usize| 100.0 * at as f64 / all.saturating_sub(1).max(1) as f64;
        (
            format!("{}% {}%", 100 * columns, 100 * rows),
            format!("{}% {}%", fixed(share(column, columns), 4), fixed(share(row, rows), 4)),
        )
    }
}

/// What a coordinate looks for, as the atlas has it; nothing where there is no atlas.
#[component]
pub fn Tile(#[prop(into)] sheet: Signal<Option<AtlasSheet>>, feature: usize) -> impl IntoView {
    let tile = move || {
        sheet.get().map(|sheet| {
            let (size, position) = sheet.place(feature);
            // One by one: the page's policy lets no attribute hold styles.
            view! { <span class="tile" role="img"
            style:background-image=format!("url('{}')", sheet.url)
            style:background-size=size style:background-position=position
            aria-label=format!("What number {feature} looks for") /> }
        })
    };
    view! { {tile} }
}
