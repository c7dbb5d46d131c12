//! One image changed towards a goal; a photo taken for another class; many photos looked at.

use robust_core::engine::Model;
use robust_core::engine::solve::pgd::noise;
use robust_core::engine::tasks::change::{
    activations, add, confidences, towards, why_not as search,
};

use robust_core::image::Pixels;
use robust_core::image::measure::magnified_difference;
use robust_core::settings::change::{Goal, MOST_ADDED, WHY_NOT_EPSILONS};

use super::pace::Pace;
use super::{Engine, canvas_image, decode, device_failed};
use crate::protocol::{
    ChangeRequest, Event, PhotoFile, Progress, RunId, StartRequest, WhyNotRequest,
};

/// Steps from one stage of an addition, which a slider can stop at, to the next.
const STAGE: usize = 2;

/// Carries out one request to its end.
pub(super) async fn change(
    engine: &Engine,
    run: RunId,
    request: ChangeRequest,
) -> Result<(), String> {
    let model = engine.model()?;
    check(&model, &request.goal)?;
    let start = match &request.start {
        StartRequest::Noise => noise(model.card().input_size, 0, 0),
        StartRequest::Grey => Pixels::flat(model.card().input_size, [0.5; 3]),
        StartRequest::Photo(photo) => decode(photo, &model)?,
    };
    let other = request.other.as_ref().map(|photo| decode(photo, &model)).transpose()?;
    let mut pace = Pace::new(engine.new_run());
    engine.tell(run, Event::Started(canvas_image(&start)));
    match &request.goal {
        Goal::Add(features) => {
            add_all(engine, &model, run, &request, start, features, &mut pace).await?;
        }
        _ => one_goal(engine, &model, run, &request, &start, other.as_ref(), &mut pace).await?,
    }
    engine.tell(run, Event::Finished { likeness: None });
    Ok(())
}

/// What no message of this page asks for, but a link might.
fn check(model: &Model, goal: &Goal) -> Result<(), String> {
    let last = model.card().architecture.representation_len() - 1;
    let features = match goal {
        Goal::Feature(feature) => std::slice::from_ref(feature),
        Goal::Add(features) => features,
        Goal::Class(class) if *class >= model.card().classes.len() => {
            return Err("this network knows no such class".into());
        }
        Goal::Class(_) | Goal::Collide { .. } => &[],
    };
    if features.iter().any(|feature| *feature > last) {
        return Err(format!("the representation has numbers 0 to {last}"));
    }
    if features.len() > MOST_ADDED {
        return Err(format!("at most {MOST_ADDED} numbers can be added one after another"));
    }
    Ok(())
}

/// The image now and, of a collision, how it differs from the photo.
async fn one_goal(
    engine: &Engine,
    model: &Model,
    run: RunId,
    request: &ChangeRequest,
    start: &Pixels,
    other: Option<&Pixels>,
    pace: &mut Pace,
) -> Result<(), String> {
    let settings = request.goal.settings(start.size(), request.authors);
    let pgd = towards(model, start, other, &request.goal, settings);
    let mut pgd = pgd.ok_or("another photo is needed for this")?;
    loop {
        let goes_on = pace.goes_on(pgd.steps_done()).await && !pgd.is_done();
        if !goes_on || pace.is_due(pgd.steps_done()) {
            let report = pgd.report().await.map_err(device_failed)?;
            pace.reported(report.step);
            let image = report.images.first().ok_or("the device returned no image")?;
            let mut images = vec![canvas_image(image)];
            if matches!(request.goal, Goal::Collide { .. }) {
                images.push(canvas_image(&magnified_difference(image, start).0));
            }
            let losses = report.losses.iter().filter_map(|step| step.first().copied()).collect();
            engine.tell(
                run,
                Event::Progress(Progress {
                    step: report.step,
                    losses,
                    images,
                    steps_per_second: pace.steps_per_second,
                }),
            );
        }
        if !goes_on {
            return Ok(());
        }
        pgd.step();
    }
}

/// One coordinate after another, each from where the one before has led, with all stages.
async fn add_all(
    engine: &Engine,
    model: &Model,
    run: RunId,
    request: &ChangeRequest,
    mut image: Pixels,
    features: &[usize],
    pace: &mut Pace,
) -> Result<(), String> {
    let settings = request.goal.settings(image.size(), request.authors);
    let mut before = 0;
    for &feature in features {
        let mut pgd = add(model, &image, feature, settings);
        if let Some(region) = &request.region {
            let region: Vec<bool> = region.iter().map(|&free| free != 0).collect();
            pgd = pgd.within(&region).map_err(|error| error.to_string())?;
        }
        let mut reached = false;
        while !reached && !pgd.is_done() {
            if !pace.goes_on(before + pgd.steps_done()).await {
                return Ok(());
            }
            pgd.step();
            if pgd.steps_done().is_multiple_of(STAGE) {
                let report = pgd.report().await.map_err(device_failed)?;
                let step = before + report.step;
                pace.reported(step);
                // The objective is min(R(x)_i - 1, 0): at 0 its gradient ends, and so may we.
                let loss = report.latest().first().copied().unwrap_or_default();
                reached = loss >= 0.0;
                image = report.images.into_iter().next().ok_or("the device returned no image")?;
                engine.tell(
                    run,
                    Event::Stage(Progress {
                        step,
                        losses: vec![loss + 1.0],
                        images: vec![canvas_image(&image)],
                        steps_per_second: pace.steps_per_second,
                    }),
                );
            }
        }
        before += pgd.steps_done();
    }
    Ok(())
}

/// Carries out one request to its end.
pub(super) async fn why_not(
    engine: &Engine,
    run: RunId,
    request: WhyNotRequest,
) -> Result<(), String> {
    let model = engine.model()?;
    check(&model, &Goal::Class(request.class))?;
    let photo = decode(&request.photo, &model)?;
    let mut pace = Pace::new(engine.new_run());
    engine.tell(run, Event::Started(canvas_image(&photo)));
    let mut steps = 0;
    for epsilon in WHY_NOT_EPSILONS {
        let mut pgd = search(&model, &photo, request.class, epsilon).ok_or("there is no photo")?;
        while !pgd.is_done() {
            if !pace.goes_on(steps).await {
                engine.tell(run, Event::Finished { likeness: None });
                return Ok(());
            }
            pgd.step();
            steps += 1;
        }
        let report = pgd.report().await.map_err(device_failed)?;
        let rows = confidences(&model, &report.images).await.map_err(device_failed)?;
        let confidence = rows.first().and_then(|row| row.get(request.class)).copied();
        engine.tell(
            run,
            Event::WhyNot {
                epsilon,
                confidence: confidence.unwrap_or_default(),
                image: canvas_image(report.images.first().ok_or("the device returned no image")?),
            },
        );
    }
    engine.tell(run, Event::Finished { likeness: None });
    Ok(())
}

/// The representation of each photo; a photo that cannot be read has none.
pub(super) async fn look(engine: &Engine, photos: &[PhotoFile]) -> Result<Vec<Vec<f32>>, String> {
    let model = engine.model()?;
    let images: Vec<Option<Pixels>> =
        photos.iter().map(|photo| decode(photo, &model).ok()).collect();
    let readable: Vec<Pixels> = images.iter().flatten().cloned().collect();
    let rows = activations(&model, &readable).await.map_err(device_failed)?;
    let mut rows = rows.into_iter();
    let row = |image: &Option<Pixels>| image.as_ref().and_then(|_| rows.next());
    Ok(images.iter().map(row).map(Option::unwrap_or_default).collect())
}
