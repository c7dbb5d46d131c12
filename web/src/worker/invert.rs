use std::ops::ControlFlow;
use std::rc::Rc;

use robust_core::engine::Model;
use robust_core::engine::solve::objective::Invert;
use robust_core::engine::solve::pgd::Pgd;
use robust_core::engine::tasks::invert::{Start, invert as prepare};
use robust_core::image::Pixels;
use robust_core::image::measure::coarse_correlation;

use super::pace::Pace;
use super::{Engine, canvas_image, decode, device_failed};
use crate::protocol::{Event, InvertRequest, Progress, RunId, StartRequest};

/// Carries out one request to its end.
pub(super) async fn invert(
    engine: &Engine,
    run: RunId,
    request: InvertRequest,
) -> Result<(), String> {
    request.settings.check().map_err(|error| error.to_string())?;
    let model: Rc<Model> = engine.model()?;
    let target = decode(&request.photo, &model)?;
    let start = match &request.start {
        StartRequest::Noise => Start::Noise,
        StartRequest::Grey => Start::Grey,
        StartRequest::Photo(photo) => Start::Image(decode(photo, &model)?),
    };
    // Only now: a file that is no photo must not cost the run at hand.
    let mut pace = Pace::new(engine.new_run());
    engine.tell(run, Event::Started(canvas_image(&target)));
    let mut pgd = prepare(&model, std::slice::from_ref(&target), &start, &request.settings)
        .ok_or("there is nothing to invert")?;
    pgd.run(async |pgd| {
        if !pace.goes_on(pgd.steps_done()).await {
            return Ok(ControlFlow::Break(()));
        }
        if pace.is_due(pgd.steps_done()) {
            report(engine, run, &mut pace, pgd).await?;
        }
        Ok::<_, String>(ControlFlow::Continue(()))
    })
    .await?;
    let result = report(engine, run, &mut pace, &mut pgd).await?;
    let likeness = Some(coarse_correlation(&result, &target));
    engine.tell(run, Event::Finished { likeness });
    Ok(())
}

async fn report(
    engine: &Engine,
    run: RunId,
    pace: &mut Pace,
    pgd: &mut Pgd<'_, Invert>,
) -> Result<Pixels, String> {
    let report = pgd.report().await.map_err(device_failed)?;
    pace.reported(report.step);
    let image = report.images.first().ok_or("the device returned no image")?.clone();
    engine.tell(
        run,
        Event::Progress(Progress {
            step: report.step,
            losses: report.losses.iter().filter_map(|step| step.first().copied()).collect(),
            images: vec![canvas_image(&image)],
            steps_per_second: pace.steps_per_second,
        }),
    );
    Ok(image)
}
