use robust_core::features::add as prepare;
use robust_core::goal::add_settings;

use super::pace::Pace;
use super::{Engine, canvas_image, decode, device_failed};
use crate::protocol::{AddRequest, Progress, Response};

/// Steps from one stage, which a slider can stop at, to the next.
const STAGE: usize = 2;

/// Carries out one request to its end, whatever that is.
pub(super) async fn add(engine: &Engine, request: AddRequest) {
    let id = request.run;
    if let Err(message) = try_add(engine, request).await {
        engine.port.send(&Response::Failed { run: Some(id), message });
    }
}

async fn try_add(engine: &Engine, request: AddRequest) -> Result<(), String> {
    let model = engine.model()?;
    let photo = decode(&request.photo, &model)?;
    let last = model.card().architecture.representation_len() - 1;
    if request.feature > last {
        return Err(format!("the representation has numbers 0 to {last}"));
    }
    let mut pace = Pace::new(engine.new_run());
    let run = request.run;
    engine.port.send(&Response::Target { run, image: canvas_image(&photo) });
    let settings = add_settings(photo.size());
    let mut pgd = prepare(&model, &photo, request.feature, settings);
    let mut reached = false;
    while !reached && pace.goes_on(pgd.steps_done()).await && !pgd.is_done() {
        pgd.step();
        if pgd.steps_done().is_multiple_of(STAGE) {
            let report = pgd.report().await.map_err(device_failed)?;
            pace.reported(report.step);
            let image = report.images.first().ok_or("the device returned no image")?;
            // The objective is min(R(x)_i - 1, 0): at 0 its gradient ends, and so may we.
            let loss = report.latest().first().copied().unwrap_or_default();
            reached = loss >= 0.0;
            engine.port.send(&Response::Stage(Progress {
                run,
                step: report.step,
                losses: vec![loss + 1.0],
                images: vec![canvas_image(image)],
                steps_per_second: pace.steps_per_second,
            }));
        }
    }
    engine.port.send(&Response::Finished { run, likeness: None });
    Ok(())
}
