//! The networks of a visit: those of the site, and the visitor's own.

use leptos::prelude::*;
use leptos::task::spawn_local;
use robust_core::model::card::{Card, Role};
use robust_core::model::catalog::CatalogEntry;
use serde::{Deserialize, Serialize};
use web_sys::{Blob, File};

use super::kept;
use super::wanted::Wanted;
use crate::protocol::{ImportRequest, Refused};

/// A network that the visitor has brought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Own {
    /// SHA-256 of the file that was brought, in hexadecimal. Tells networks apart.
    pub sha256: String,
    /// Its description.
    pub card: Card,
    /// Length of the model's file.
    pub bytes: u64,
}

/// What becomes of a file.
#[derive(Clone, Debug)]
pub enum Arrival {
    /// It is read.
    Reading(String),
    /// It has become a network. More can be said of it.
    Taken(File, Box<ImportRequest>),
    /// It cannot be used as it is.
    Refused(File, Box<ImportRequest>, Refused),
}

/// State of the networks' list.
#[derive(Clone, Copy)]
pub struct Models {
    /// The site's, and the description of those that have been loaded.
    pub listed: RwSignal<Vec<(CatalogEntry, Option<Card>)>>,
    /// The visitor's, the newest first.
    pub own: RwSignal<Vec<Own>>,
    /// The visitor's files, by SHA-256; those that are kept are fetched when they are used.
    pub(super) files: StoredValue<Vec<(String, Blob)>, LocalStorage>,
    /// The own network in the robust and in the standard one's place, by SHA-256.
    pub chosen: RwSignal<[Option<String>; 2]>,
    /// Which of the visitor's are kept in the browser.
    pub kept: RwSignal<Vec<String>>,
    /// The file at hand.
    pub arrival: RwSignal<Option<Arrival>, LocalStorage>,
    /// What was assumed of the newest one.
    pub notes: RwSignal<Vec<String>>,
    /// The network that the address asks for.
    pub wanted: RwSignal<Option<Wanted>>,
    /// Whether the list is open.
    pub open: RwSignal<bool>,
}

/// The place of a role among the two networks at work.
pub fn place(role: Role) -> usize {
    match role {
        Role::Robust => 0,
        Role::Standard => 1,
    }
}

impl Models {
    /// Those of an address, and those that are kept.
    pub fn new() -> Self {
        let wanted = Wanted::of_address();
        let models = Self {
            listed: RwSignal::default(),
            own: RwSignal::default(),
            files: StoredValue::new_local(Vec::new()),
            chosen: RwSignal::default(),
            kept: RwSignal::default(),
            arrival: RwSignal::new_local(None),
            notes: RwSignal::default(),
            open: RwSignal::new(wanted.is_some()),
            wanted: RwSignal::new(wanted),
        };
        spawn_local(async move {
            let own = kept::list().await;
            models.kept.set(own.iter().map(|own| own.sha256.clone()).collect());
            models.own.update(|all| all.extend(own));
        });
        models
    }

    /// These are the site's.
    pub(super) fn list(self, catalog: Vec<CatalogEntry>) {
        let before = self.listed.get_untracked();
        let known = |entry: &CatalogEntry| {
            before.iter().find(|(other, _)| other == entry).and_then(|(_, card)| card.clone())
        };
        self.listed.set(catalog.into_iter().map(|entry| (entry.clone(), known(&entry))).collect());
    }

    /// A network has been loaded into a role's place.
    pub fn loaded(self, role: Role, card: &Card) {
        let chosen = self.chosen.with_untracked(|chosen| chosen[place(role)].clone());
        self.listed.update(|listed| {
            let found = listed.iter_mut().find(|(entry, _)| match &chosen {
                Some(sha256) => entry.sha256 == *sha256,
                None => entry.role == role,
            });
            if let Some((_, known)) = found {
                *known = Some(card.clone());
            }
        });
    }

    /// A file that was brought in this visit.
    pub(super) fn file(self, sha256: &str) -> Option<Blob> {
        self.files.with_value(|files| {
            let found = files.iter().find(|(other, _)| other == sha256);
            found.map(|(_, file)| file.clone())
        })
    }
}
