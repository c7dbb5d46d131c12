//! A path between photos, and the files that it is saved as.

use std::rc::Rc;

use robust_core::engine::Model;
use robust_core::engine::tasks::path::PathRun;
use robust_core::image::strip::{to_apng, to_filmstrip, to_gif};
use robust_core::link;
use serde_bytes::ByteBuf;

use super::pace::{Pace, progress};
use super::{Engine, canvas_image, failed, where_it_was};
use crate::protocol::{Event, Fault, FileKind, MorphRequest, PhotoFile, Response, Resume, RunId};

/// Carries out one request to its end.
pub(super) async fn morph(
    engine: &Engine,
    run: RunId,
    request: MorphRequest,
    resume: Option<Resume>,
) -> Result<(), Fault> {
    request.settings.check().map_err(|error| error.to_string())?;
    let model: Rc<Model> = engine.model()?;
    let mut stops = Vec::new();
    for stop in &request.stops {
        stops.push(engine.photos.open(stop, &model).await?);
    }
    let mut pace = Pace::new(engine.begin(run)?);
    engine.tell(run, Event::Started(canvas_image(&stops[0])));
    let mut path = PathRun::in_batches(&model, &stops, &request.settings, engine.batch.get())
        .map_err(failed)?;
    if let Some(resume) = resume {
        let (images, step) = where_it_was(&resume);
        path.resume(&images, step).map_err(failed)?;
        pace.begins_at(step);
    }
    pace.follow(&mut path, |report, speed| {
        engine.tell(run, Event::Progress(progress(report, speed)));
        engine.films.replace(vec![report.images.clone()]);
    })
    .await?;
    engine.tell(run, Event::Finished { likeness: None });
    Ok(())
}

/// Shrinks a photo so that a link can carry it.
pub(super) async fn embed(engine: &Engine, photo: &PhotoFile) -> Result<ByteBuf, Fault> {
    let square = engine.photos.read(photo, &*engine.model()?).await?;
    Ok(ByteBuf::from(link::embed(&square).map_err(|error| error.to_string())?))
}

/// The newest path as a file.
pub(super) fn save(engine: &Engine, kind: FileKind, link: &str, film: usize) -> Response {
    let films = engine.films.borrow();
    let frames = films.get(film).map_or(&[][..], Vec::as_slice);
    let bytes = match kind {
        FileKind::Gif => to_gif(frames),
        FileKind::Apng => to_apng(frames),
        FileKind::Filmstrip => to_filmstrip(frames, link),
    };
    match bytes {
        Ok(bytes) => Response::Saved { kind, bytes: ByteBuf::from(bytes) },
        Err(error) => Response::Failed(error.to_string().into()),
    }
}
