//! What is shown as a link, and back. Paths and drawings have files of their own for that.

use futures_channel::oneshot;
use leptos::prelude::*;
use leptos::task::spawn_local;
use robust_core::link::{Link, LinkStart, Stop};
use robust_core::settings::InvertSettings;
use serde_bytes::ByteBuf;

use super::url;
use crate::page::photos::Photo;
use crate::page::photos::StartChoice;
use crate::page::session::Session;
use crate::page::views::morph::GONE;
use crate::protocol::{Fault, Request};

/// Photos whose small files are kept.
const SHRUNK: usize = 16;

/// What the page shows by itself.
fn usual() -> Option<Link> {
    let photo = Photo::samples().first()?.stop()?;
    let (settings, start) = (InvertSettings::FAST, LinkStart::Noise);
    Some(Link::Invert { photo, settings, start })
}

impl Session {
    /// Makes a link to the view at hand, for the address and for others: none where it shows what no
    /// link can tell. A photo of the visitor comes into it as small as the network sees it.
    pub fn show_link(self) {
        self.publish(async move {
            let link = (self.view_untracked().ways.link)(self).await;
            // What everybody sees who comes here needs no more than this page's address.
            let plain = link == usual();
            (link.and_then(|link| link.to_fragment().ok()), plain)
        });
    }

    /// Publishes a link once it is made, unless something else is shown by then. `making` gives its
    /// fragment, and whether the page's own address says as much.
    pub fn publish(self, making: impl Future<Output = (Option<String>, bool)> + 'static) {
        let shown = move || {
            let mode = self.mode.get_untracked();
            (mode, self.run.get_untracked(), self.tray.selected.get_untracked())
        };
        let before = shown();
        self.fragment.set(None);
        spawn_local(async move {
            let (fragment, plain) = making.await;
            if shown() == before {
                let address = fragment.as_deref().filter(|_| !plain);
                url::replace_fragment(address.unwrap_or_else(|| before.0.fragment()));
                self.fragment.set(fragment);
            }
        });
    }

    /// The photo with this id as a link names or holds it; `None` where it is gone, or no network is
    /// there to make the visitor's photo small.
    pub async fn linked_photo(self, id: usize) -> Option<Stop> {
        self.stop_of(&self.photo(id)?).await.ok()
    }

    /// A photo as a link names or holds it, shrunk where it has to be.
    pub async fn stop_of(self, photo: &Photo) -> Result<Stop, Fault> {
        if let Some(stop) = photo.stop() {
            return Ok(stop);
        }
        let known = self.tray.shrunk.with_value(|all| {
            let same = |(known, _): &&(Photo, ByteBuf)| known.shows_the_same(photo);
            all.iter().find(same).map(|(_, bytes)| bytes.clone())
        });
        if let Some(bytes) = known {
            return Ok(Stop::Embedded(bytes));
        }
        let bytes = self.embed(photo).await?;
        self.tray.shrunk.update_value(|all| {
            if all.len() >= SHRUNK {
                all.remove(0);
            }
            all.push((photo.clone(), bytes.clone()));
        });
        Ok(Stop::Embedded(bytes))
    }

    /// The photo in the tray that a link holds: it came in one, or has gone into one in this visit.
    pub fn known(self, stop: &Stop) -> Option<usize> {
        let Stop::Embedded(bytes) = stop else { return None };
        let shrunk = self.tray.shrunk.with_value(|all| {
            all.iter().find(|(_, small)| small == bytes).map(|(photo, _)| photo.clone())
        });
        self.tray.photos.with_untracked(|photos| {
            let same = |photo: &&Photo| {
                photo.stop().as_ref() == Some(stop)
                    || shrunk.as_ref().is_some_and(|shrunk| shrunk.shows_the_same(photo))
            };
            photos.iter().find(same).map(|photo| photo.id)
        })
    }

    /// Has an engine shrink a photo so that a link can carry it.
    async fn embed(self, photo: &Photo) -> Result<ByteBuf, Fault> {
        let (send, receive) = oneshot::channel();
        let slot = self.slots.into_iter().find(|slot| untrack(|| slot.is_ready()));
        let slot = slot.ok_or("no network has been loaded yet")?;
        let id = self.requests.get_value();
        self.requests.set_value(id + 1);
        self.tray.shrinking.update_value(|all| drop(all.insert(id, send)));
        slot.send(&Request::Embed { id, photo: photo.file() });
        let shrunk = receive.await.map_err(|_| "the network was loaded anew")?;
        let named = |message: &str| [&*photo.name, ": ", message].concat();
        shrunk.map_err(|fault| Fault { message: named(&fault.message), ..fault })
    }

    /// Where an image starts that a link tells of; `None` where that photo is not here, which is said.
    pub fn open_start(self, start: &LinkStart) -> Option<StartChoice> {
        start.try_map(|photo| self.open_stop(photo).ok_or(())).ok()
    }

    /// Id of a photo that a link names or brings along; `None` where it is not here, which is said.
    pub fn open_stop(self, stop: &Stop) -> Option<usize> {
        let id = self.stop_id(stop);
        if id.is_none() {
            self.notice.set(Some(GONE.into()));
        }
        id
    }
}
