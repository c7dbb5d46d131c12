//! One image changed towards a goal; a photo taken for another class; many photos looked at.

use robust_core::engine::Model;
use robust_core::engine::solve::Run;
use robust_core::engine::tasks::Additions;
use robust_core::engine::tasks::change::{activations, confidences, towards, why_not as search};
use robust_core::image::Pixels;
use robust_core::image::measure::magnified_difference;
use robust_core::settings::change::{Goal, MOST_ADDED, radii};

use super::pace::{Pace, progress};
use super::{Engine, canvas_image, failed, where_it_was};
use crate::protocol::{
    ChangeRequest, Event, Fault, PhotoFile, Progress, Resume, RunId, WhyNotRequest,
};

/// Steps from one stage of an addition, which a slider can stop at, to the next.
const STAGE: usize = 2;

/// Carries out one request to its end.
pub(super) async fn change(
    engine: &Engine,
    run: RunId,
    request: ChangeRequest,
    resume: Option<Resume>,
) -> Result<(), Fault> {
    let model = engine.model()?;
    check(&model, &request.goal)?;
    let start = engine.photos.start(&request.start, &model).await?;
    let start = start.image(model.card().input_size, 0, 0);
    let other = match &request.other {
        Some(photo) => Some(engine.photos.read(photo, &model).await?),
        None => None,
    };
    let switch = engine.begin(run)?;
    engine.tell(run, Event::Started(canvas_image(&start)));
    let settings = request.goal.settings(start.size(), request.authors);
    if let Goal::Add(features) = &request.goal {
        let region = request.region.as_ref();
        let region: Option<Vec<bool>> = region.map(|r| r.iter().map(|&free| free != 0).collect());
        let mut additions = Additions::new(&model, &start, features, region.as_deref(), settings)
            .map_err(failed)?;
        Pace::every(switch, STAGE)
            .follow(&mut additions, |report, speed| {
                // The objective is min(R(x)_i - 1, 0).
                let reached = report.latest().iter().map(|loss| loss + 1.0).collect();
                let stage = Progress { losses: reached, ..progress(report, speed) };
                engine.tell(run, Event::Stage(stage));
            })
            .await?;
    } else {
        let mut pgd =
            towards(&model, &start, other.as_ref(), &request.goal, settings).map_err(failed)?;
        let mut pace = Pace::new(switch);
        if let Some(resume) = resume {
            let (images, step) = where_it_was(&resume);
            // Beside a collision its difference is shown.
            pgd.resume(images.get(..1).unwrap_or_default(), step).map_err(failed)?;
            pace.begins_at(step);
        }
        pace.follow(&mut pgd, |report, speed| {
            let mut progress = progress(report, speed);
            if matches!(request.goal, Goal::Collide { .. }) {
                let difference = report.images.iter().map(|x| magnified_difference(x, &start).0);
                progress.images.extend(difference.map(|image| canvas_image(&image)));
            }
            engine.tell(run, Event::Progress(progress));
        })
        .await?;
    }
    engine.tell(run, Event::Finished { likeness: None });
    Ok(())
}

/// What no message of this page asks for, but a link might.
fn check(model: &Model, goal: &Goal) -> Result<(), Fault> {
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
        return Err(format!("the representation has numbers 0 to {last}").into());
    }
    if features.len() > MOST_ADDED {
        return Err(format!("at most {MOST_ADDED} numbers can be added one after another").into());
    }
    Ok(())
}

/// Carries out one request to its end.
pub(super) async fn why_not(
    engine: &Engine,
    run: RunId,
    request: WhyNotRequest,
) -> Result<(), Fault> {
    let model = engine.model()?;
    check(&model, &Goal::Class(request.class))?;
    let photo = engine.photos.read(&request.photo, &model).await?;
    let switch = engine.begin(run)?;
    engine.tell(run, Event::Started(canvas_image(&photo)));
    for epsilon in radii(photo.size()) {
        let mut pgd = search(&model, &photo, request.class, epsilon).map_err(failed)?;
        // Only its end is shown.
        let pace = Pace::every(switch.clone(), usize::MAX);
        let report = pace.follow(&mut pgd, |_, _| {}).await?;
        if !pgd.is_done() {
            break;
        }
        let rows = confidences(&model, &report.images).await.map_err(failed)?;
        let confidence = rows.first().and_then(|row| row.get(request.class)).copied();
        engine.tell(
            run,
            Event::WhyNot {
                epsilon,
                confidence: confidence.unwrap_or_default(),
                image: canvas_image(report.image().map_err(failed)?),
            },
        );
    }
    engine.tell(run, Event::Finished { likeness: None });
    Ok(())
}

/// The representation of each photo; a photo that cannot be read has none.
pub(super) async fn look(engine: &Engine, photos: &[PhotoFile]) -> Result<Vec<Vec<f32>>, Fault> {
    let model = engine.model()?;
    let mut images: Vec<Option<Pixels>> = Vec::new();
    for photo in photos {
        images.push(engine.photos.read(photo, &model).await.ok());
    }
    let readable: Vec<Pixels> = images.iter().flatten().cloned().collect();
    let mut rows = Vec::new();
    for some in readable.chunks(engine.batch.get()) {
        rows.extend(activations(&model, some).await.map_err(failed)?);
    }
    let mut rows = rows.into_iter();
    let row = |image: &Option<Pixels>| image.as_ref().and_then(|_| rows.next());
    Ok(images.iter().map(row).map(Option::unwrap_or_default).collect())
}
