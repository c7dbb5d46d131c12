//! The networks of a visit: those of the site, and the visitor's own.

use leptos::prelude::*;
use leptos::task::spawn_local;
use robust_core::model::card::{Card, Role};
use robust_core::model::catalog::CatalogEntry;
use web_sys::{Blob, File};

use super::kept;
use super::wanted::Wanted;
use crate::page::engines::place::{PLACES, Place};
use crate::protocol::import::{ImportRequest, Refused};

/// A network to choose.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// What is known of it, and where its file is; what is the visitor's own lies in no folder, and its
    /// SHA-256 is that of the file that was brought.
    pub entry: CatalogEntry,
    /// Whether the visitor has brought it.
    pub own: bool,
}

impl Network {
    /// One that the visitor has brought.
    pub fn own(name: String, role: Role, card: Option<Card>, bytes: u64, sha256: String) -> Self {
        let (file, atlas, gaussians, examples) = Default::default();
        let entry =
            CatalogEntry { name, role, file, bytes, sha256, atlas, gaussians, examples, card };
        Self { entry, own: true }
    }
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
    /// All of them, the visitor's own first, the newest of them foremost.
    pub all: RwSignal<Vec<Network>>,
    /// The visitor's files, by SHA-256; those that are kept are fetched when they are used.
    pub(super) files: StoredValue<Vec<(String, Blob)>, LocalStorage>,
    /// The network that was chosen for each place, by SHA-256.
    pub chosen: RwSignal<[Option<String>; PLACES]>,
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

impl Models {
    /// The networks that an address asks for, and those that the browser keeps.
    pub fn new() -> Self {
        let wanted = Wanted::of_address();
        let models = Self {
            all: RwSignal::default(),
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
            models.kept.set(own.iter().map(|network| network.entry.sha256.clone()).collect());
            models.all.update(|all| drop(all.splice(0..0, own)));
        });
        models
    }

    /// These are the site's.
    pub(super) fn list(self, catalog: Vec<CatalogEntry>) {
        self.all.update(|all| {
            let (own, before): (Vec<_>, Vec<_>) = all.drain(..).partition(|network| network.own);
            let listed = catalog.into_iter().map(|mut entry| {
                let known = before.iter().find(|known| known.entry.sha256 == entry.sha256);
                entry.card = entry.card.or_else(|| known?.entry.card.clone());
                Network { entry, own: false }
            });
            all.extend(own.into_iter().chain(listed));
        });
    }

    /// The site's network of that name.
    pub(super) fn named(self, name: &str) -> Option<Network> {
        let named = |network: &&Network| !network.own && network.entry.name == name;
        self.all.with_untracked(|all| all.iter().find(named).cloned())
    }

    /// The network that is to work here: the chosen one, or the site's first of the place's role.
    pub(super) fn at(self, place: Place) -> Option<Network> {
        let chosen = self.chosen.with_untracked(|chosen| chosen[place as usize].clone());
        self.all.with_untracked(|all| {
            let found = all.iter().find(|network| match &chosen {
                Some(sha256) => network.entry.sha256 == *sha256,
                None => !network.own && Some(network.entry.role) == place.role(),
            });
            found.cloned()
        })
    }

    /// A network has been loaded here.
    pub fn loaded(self, place: Place, card: &Card) {
        let Some(sha256) = self.at(place).map(|network| network.entry.sha256) else { return };
        self.all.update(|all| {
            let found = all.iter_mut().find(|network| network.entry.sha256 == sha256);
            if let Some(network) = found {
                network.entry.card = Some(card.clone());
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
