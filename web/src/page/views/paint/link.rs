//! A drawing as a link, and back.

use leptos::prelude::*;
use leptos::task::spawn_local;
use robust_core::link::{AimLink, DrawingLink, InkLink, Link, SheetLink};
use robust_core::settings::Crop;
use robust_core::settings::paint::Making;
use web_sys::Url;

use super::state::{Choices, Origin};
use crate::drawing::{flat, noise};
use crate::page::components::canvas::{blank, draw, png_file};
use crate::page::photos::Photo;
use crate::page::session::Session;
use crate::page::views::Mode;
use crate::page::views::morph::{GONE, preview};
use crate::protocol::Image;

/// Longest fragment of a drawing. One with more strokes is shared as its pixels.
const LONGEST: usize = 8000;

impl Session {
    /// Makes the drawing's link the address, for sharing and for coming back.
    pub(super) fn show_drawing_link(self) {
        self.publish(async move {
            let fragment = self.drawing_link(false).await;
            let fragment = match fragment.filter(|fragment| fragment.len() <= LONGEST) {
                Some(fragment) => Some(fragment),
                None => self.drawing_link(true).await,
            };
            (fragment, false)
        });
    }

    /// The drawing that is there and what is made of it; `flattened`: as its pixels in place of its
    /// strokes.
    async fn drawing_link(self, flattened: bool) -> Option<String> {
        let paint = self.paint;
        let Choices { making, reach, class, made, .. } = paint.chosen.get_untracked();
        let now = paint.drawing.get_untracked();
        let (sheet, start, seed, by_hand) =
            paint.work(|work| (work.sheet.clone(), work.centre.clone(), work.seed, work.by_hand));
        let mut sheet = sheet?;
        let made = made && !by_hand;
        if by_hand {
            sheet.strokes.clear();
        }
        if flattened || by_hand || (sheet.touched && !made) {
            sheet.origin = Origin::Made;
        }
        let of_photo = async |photo: Photo| self.stop_of(&photo).await.ok().map(SheetLink::Photo);
        let sheet_link = match sheet.origin {
            Origin::Colour(colour) => SheetLink::Colour(colour),
            Origin::Noise(seed) => SheetLink::Noise(seed),
            Origin::Photo(id) => of_photo(self.photo(id)?).await?,
            Origin::Made => {
                // Its pixels hold all strokes; a hole has to be told beside them.
                sheet.strokes.retain(|stroke| !matches!(stroke.ink, InkLink::Colour(_)));
                let picture = picture(&start.filter(|_| made).unwrap_or(now)).await?;
                let url = picture.url.clone();
                let link = of_photo(picture).await;
                let _ = Url::revoke_object_url(&url);
                link?
            }
        };
        let aim = match class {
            _ if !made => None,
            Some(class) if making == Making::Generate => Some(AimLink::Dream { class, seed }),
            Some(class) => Some(AimLink::Class(class)),
            None => Some(AimLink::Seen),
        };
        let reach = (100.0 * reach).round() as u8;
        let link = DrawingLink { sheet: sheet_link, strokes: sheet.strokes, making, reach, aim };
        Link::Drawing(link).to_fragment().ok()
    }

    /// Shows a drawing that a link tells of, once its network is there.
    pub fn open_drawing(self, link: DrawingLink) {
        self.show_paint();
        self.paint.work(|work| work.wanted = Some(link));
        if untrack(|| self.slots[0].is_ready()) {
            self.look_at_drawing();
        }
    }

    /// Draws it, and makes of it what it asks for.
    pub(super) fn draw_link(self, link: DrawingLink, side: u32) {
        spawn_local(async move {
            let (image, origin) = match link.sheet {
                SheetLink::Colour(colour) => (flat(side, colour), Origin::Colour(colour)),
                SheetLink::Noise(seed) => (noise(side, seed), Origin::Noise(seed)),
                SheetLink::Photo(stop) => {
                    let id = self.stop_id(&stop);
                    let photo = id.and_then(|id| self.photo(id));
                    let image = match &photo {
                        Some(photo) => preview(photo, side).await,
                        None => None,
                    };
                    let (Some(id), Some(image)) = (id, image) else {
                        return self.notice.set(Some(GONE.into()));
                    };
                    self.tray.selected.set(id);
                    (image, Origin::Photo(id))
                }
            };
            if self.mode.get_untracked() != Mode::Paint {
                return;
            }
            let paint = self.paint;
            paint.begin_making(link.making);
            paint.choose(|chosen| chosen.reach = f32::from(link.reach) / 100.0);
            self.lay(image, origin);
            link.strokes.iter().for_each(|stroke| paint.draw_whole(stroke));
            paint.work(|work| {
                if let Some(sheet) = &mut work.sheet {
                    sheet.strokes = link.strokes;
                }
            });
            match link.aim {
                None => self.look_at_drawing(),
                Some(AimLink::Seen) => self.make(None),
                Some(AimLink::Class(class)) => self.make(Some(class)),
                Some(AimLink::Dream { class, seed }) => {
                    paint.work(|work| work.seed = seed.wrapping_sub(1));
                    self.make(Some(class));
                }
            }
        });
    }
}

/// An image as a photo that no tray shows.
async fn picture(image: &Image) -> Option<Photo> {
    let (canvas, _) = blank(image.size, image.size)?;
    draw(&canvas, image);
    Photo::of_blob(0, String::new(), &png_file(&canvas).await.ok()?, Crop::Centre).ok()
}
