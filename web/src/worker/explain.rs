//! Which coordinates speak for a prediction, and each magnified.

use robust_core::engine::tasks::change::magnify;
use robust_core::engine::tasks::explain::{explain as weigh, saliency};
use robust_core::settings::change::explain_settings;

use super::pace::{Pace, progress};
use super::{Engine, canvas_image, failed, where_it_was};
use crate::protocol::{Event, ExplainRequest, Fault, Progress, Resume, RunId};

/// Carries out one request to its end.
pub(super) async fn explain(
    engine: &Engine,
    run: RunId,
    request: ExplainRequest,
    resume: Option<Resume>,
) -> Result<(), Fault> {
    let model = engine.model()?;
    let photo = engine.photos.read(&request.photo, &model).await?;
    let mut pace = Pace::new(engine.begin(run)?);
    engine.tell(run, Event::Started(canvas_image(&photo)));
    let explanation = weigh(&model, &photo, request.class, request.count).await.map_err(failed)?;
    let gradient = saliency(&model, &photo, explanation.class).await.map_err(failed)?;
    let features: Vec<usize> = explanation.features.iter().map(|part| part.feature).collect();
    let saliency = canvas_image(&gradient);
    let settings = explain_settings(photo.size());
    let steps = settings.steps;
    engine.tell(run, Event::Explained { explanation, saliency, steps });
    let batch = engine.batch.get();
    let mut runs = features
        .chunks(batch)
        .map(|some| magnify(&model, &vec![photo.clone(); some.len()], some, settings))
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    if let Some(resume) = resume {
        let (images, step) = where_it_was(&resume);
        for (run, images) in runs.iter_mut().zip(images.chunks(batch)) {
            run.resume(images, step).map_err(failed)?;
        }
        pace.begins_at(step);
    }
    pace.follow(&mut runs, |report, speed| {
        let progress = Progress { losses: Vec::new(), ..progress(report, speed) };
        engine.tell(run, Event::Progress(progress));
    })
    .await?;
    engine.tell(run, Event::Finished { likeness: None });
    Ok(())
}
