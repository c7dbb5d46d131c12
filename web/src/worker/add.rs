use robust_core::features::{add as prepare, add_settings};

use super::pace::Pace;
use super::{Engine, canvas_image, decode, device_failed};
use crate::protocol::{AddRequest, Image, Progress, Response};

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
    let (run, stages) = (request.run, request.stages.max(1));
    engine.port.send(&Response::Target { run, image: canvas_image(&photo) });
    let settings = add_settings(photo.size());
    let mut pgd = prepare(&model, &photo, request.feature, settings);
    let mut images: Vec<Image> = vec![canvas_image(&photo)];
    while pace.goes_on(pgd.steps_done()).await && !pgd.is_done() {
        pgd.step();
        // A stage every so many steps: what a slider can stop at.
        if pgd.steps_done() >= settings.steps * images.len() / stages {
            let report = pgd.report().await.map_err(device_failed)?;
            pace.reported(report.step);
            images.extend(report.images.first().map(canvas_image));
            // The objective is min(R(x)_i - 1, 0).
            let losses = report.latest().iter().map(|loss| loss + 1.0).collect();
            engine.port.send(&Response::Progress(Progress {
                run,
                step: report.step,
                losses,
                images: images.clone(),
                steps_per_second: pace.steps_per_second,
            }));
        }
    }
    engine.port.send(&Response::Finished { run, likeness: None });
    Ok(())
}
