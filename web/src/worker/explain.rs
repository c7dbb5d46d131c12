use robust_core::engine::tasks::change::magnify;
use robust_core::engine::tasks::explain::{explain as weigh, saliency};
use robust_core::settings::change::explain_settings;

use super::pace::Pace;
use super::{Engine, canvas_image, decode, device_failed};
use crate::protocol::{Event, ExplainRequest, Progress, RunId};

/// Carries out one request to its end.
pub(super) async fn explain(
    engine: &Engine,
    run: RunId,
    request: ExplainRequest,
) -> Result<(), String> {
    let model = engine.model()?;
    let photo = decode(&request.photo, &model)?;
    let mut pace = Pace::new(engine.new_run());
    engine.tell(run, Event::Started(canvas_image(&photo)));
    let explanation =
        weigh(&model, &photo, request.class, request.count).await.map_err(device_failed)?;
    let gradient = saliency(&model, &photo, explanation.class).await.map_err(device_failed)?;
    let features: Vec<usize> = explanation.features.iter().map(|part| part.feature).collect();
    let saliency = canvas_image(&gradient);
    let settings = explain_settings(photo.size());
    let steps = settings.steps;
    engine.tell(run, Event::Explained { explanation, saliency, steps });
    let images = vec![photo; features.len()];
    let mut pgd =
        magnify(&model, &images, &features, settings).ok_or("there is nothing to magnify")?;
    while pace.goes_on(pgd.steps_done()).await {
        if pace.is_due(pgd.steps_done()) || pgd.is_done() {
            let report = pgd.report().await.map_err(device_failed)?;
            pace.reported(report.step);
            engine.tell(
                run,
                Event::Progress(Progress {
                    step: report.step,
                    losses: Vec::new(),
                    images: report.images.iter().map(canvas_image).collect(),
                    steps_per_second: pace.steps_per_second,
                }),
            );
        }
        if pgd.is_done() {
            break;
        }
        pgd.step();
    }
    engine.tell(run, Event::Finished { likeness: None });
    Ok(())
}
