//! A photo inverted.

use std::rc::Rc;

use robust_core::engine::Model;
use robust_core::engine::solve::Report;
use robust_core::engine::tasks::invert::invert as prepare;
use robust_core::image::measure::coarse_correlation;

use super::pace::{Pace, progress};
use super::{Engine, canvas_image, failed, where_it_was};
use crate::protocol::{Event, Fault, InvertRequest, Resume, RunId};

/// Carries out one request to its end.
pub(super) async fn invert(
    engine: &Engine,
    run: RunId,
    request: InvertRequest,
    resume: Option<Resume>,
) -> Result<(), Fault> {
    request.settings.check().map_err(|error| error.to_string())?;
    let model: Rc<Model> = engine.model()?;
    let target = engine.photos.read(&request.photo, &model).await?;
    let start = engine.photos.start(&request.start, &model).await?;
    // Only now: a file that is no photo must not cost the run at hand.
    let mut pace = Pace::new(engine.begin(run)?);
    engine.tell(run, Event::Started(canvas_image(&target)));
    let mut pgd = prepare(&model, std::slice::from_ref(&target), &start, &request.settings)
        .map_err(failed)?;
    if let Some(resume) = resume {
        let (images, step) = where_it_was(&resume);
        pgd.resume(&images, step).map_err(failed)?;
        pace.begins_at(step);
    }
    let tell = |report: &Report, speed| engine.tell(run, Event::Progress(progress(report, speed)));
    let result = pace.follow(&mut pgd, tell).await?;
    let likeness = Some(coarse_correlation(result.image().map_err(failed)?, &target));
    engine.tell(run, Event::Finished { likeness });
    Ok(())
}
