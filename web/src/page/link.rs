//! What is shown as a link, and back. Paths and drawings have files of their own for that.

use futures_channel::oneshot;
use leptos::prelude::*;
use leptos::task::spawn_local;
use robust_core::link::{Link, LinkStart, RegionLink, Stop};
use robust_core::settings::InvertSettings;
use robust_core::settings::change::Goal;
use serde_bytes::ByteBuf;

use super::modes::Mode;
use super::morph::GONE;
use super::photos::Photo;
use super::session::Session;
use super::state::StartChoice;
use super::url;
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
            let link = self.link().await;
            // What everybody sees who comes here needs no more than this page's address.
            let plain = link == usual();
            (link.and_then(|link| link.to_fragment().ok()), plain)
        });
    }

    /// Publishes a link once it is made, unless something else is shown by then. `making` gives its
    /// fragment, and whether the page's own address says as much.
    pub(super) fn publish(self, making: impl Future<Output = (Option<String>, bool)> + 'static) {
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

    /// The view at hand; `None` where a link cannot tell it, or no network is there to make the
    /// visitor's photo small.
    async fn link(self) -> Option<Link> {
        let stop = async |id: usize| self.stop_of(&self.photo(id)?).await.ok();
        let selected = self.tray.selected.get_untracked();
        let (mode, goal) = (self.mode.get_untracked(), self.goal());
        match mode {
            Mode::Invert => {
                let settings = self.invert.settings.get_untracked();
                let start = match self.invert.start.get_untracked() {
                    StartChoice::Noise => LinkStart::Noise,
                    StartChoice::Grey => LinkStart::Grey,
                    StartChoice::Photo(id) => LinkStart::Photo(stop(id).await?),
                };
                return Some(Link::Invert { photo: stop(selected).await?, settings, start });
            }
            Mode::Explain => {
                let class = self.explained.class.get_untracked();
                let question = self.explained.question.get_untracked();
                let photo = stop(selected).await?;
                return Some(match question {
                    Some(other) => Link::WhyNot { photo, class, other },
                    None => Link::Explain { photo, class },
                });
            }
            _ => {}
        }
        // A collision is done in one way.
        let authors = self.change.authors.get_untracked() && mode != Mode::Collide;
        let region = self.change.region.with_untracked(|region| {
            let painted = region.as_ref().filter(|_| mode == Mode::Add)?;
            RegionLink::of(painted)
        });
        let other = self.change.other.get_untracked();
        let goal = goal?;
        let (start, other) = match (&goal, self.change.start.get_untracked()) {
            (Goal::Add(_), _) => (LinkStart::Photo(stop(selected).await?), None),
            (Goal::Collide { .. }, _) => {
                (LinkStart::Photo(stop(selected).await?), Some(stop(other).await?))
            }
            (_, StartChoice::Noise) => (LinkStart::Noise, None),
            (_, StartChoice::Grey) => (LinkStart::Grey, None),
            (_, StartChoice::Photo(_)) => (LinkStart::Photo(stop(selected).await?), None),
        };
        Some(if authors || region.is_some() {
            Link::ChangeBy { start, other, goal, authors, region }
        } else {
            Link::Change { start, other, goal }
        })
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

    /// Inverts a photo that a link names.
    pub fn open_inversion(self, photo: &Stop, settings: InvertSettings, start: &LinkStart) {
        let Some(id) = self.open_stop(photo) else { return };
        let Some(start) = self.open_start(start) else { return };
        self.tray.selected.set(id);
        self.invert.settings.set(settings);
        self.invert.start.set(start);
        self.enter(Mode::Invert);
        self.show_or_compute();
    }

    /// Shows an explanation that a link names.
    pub fn open_explanation(self, photo: &Stop, class: Option<usize>, question: Option<usize>) {
        if let Some(id) = self.open_stop(photo) {
            self.tray.selected.set(id);
            self.explained.class.set(class);
            self.explained.question.set(question);
            self.enter(Mode::Explain);
            self.show_or_compute();
        }
    }

    /// Shows a change that a link names.
    pub fn open_change(
        self,
        start: &LinkStart,
        other: Option<&Stop>,
        goal: Goal,
        authors: bool,
        region: Option<&RegionLink>,
    ) {
        let Some(choice) = self.open_start(start) else { return };
        if let StartChoice::Photo(id) = choice {
            self.tray.selected.set(id);
        }
        if let Some(other) = other {
            let Some(id) = self.open_stop(other) else { return };
            self.change.other.set(id);
        }
        if !matches!(goal, Goal::Collide { .. }) {
            self.change.authors.set(authors);
        }
        if matches!(goal, Goal::Add(_)) {
            self.change.region.set(region.map(RegionLink::pixels));
        }
        self.enter(match goal {
            Goal::Add(features) => {
                self.change.features.set(features);
                Mode::Add
            }
            Goal::Collide { epsilon } => {
                self.change.epsilon.set(Some(epsilon));
                Mode::Collide
            }
            goal => {
                self.change.start.set(choice);
                self.change.goal.set(goal);
                Mode::Atlas
            }
        });
        self.show_or_compute();
    }

    fn open_start(self, start: &LinkStart) -> Option<StartChoice> {
        start.try_map(|photo| self.open_stop(photo).ok_or(())).ok()
    }

    fn open_stop(self, stop: &Stop) -> Option<usize> {
        let id = self.stop_id(stop);
        if id.is_none() {
            self.notice.set(Some(GONE.into()));
        }
        id
    }
}
