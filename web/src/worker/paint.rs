//! A drawing on its way to a class, a hole that grows again, and dreams of a class.

use robust_core::engine::Model;
use robust_core::engine::tasks::change::{confidences, synthesise};
use robust_core::engine::tasks::explain::largest;
use robust_core::engine::tasks::paint::{go_on, inpaint};
use robust_core::image::Pixels;
use robust_core::model::gaussians::Gaussians;

use super::pace::{Pace, progress};
use super::{Engine, canvas_image, failed, pixels_of};
use crate::protocol::{Event, Fault, Image, PaintRequest, PaintStart, RunId};

/// Frames of an animation at most. Once there are so many, every second one goes.
const FRAMES: usize = 96;

/// Carries out one request to its end.
pub(super) async fn paint(engine: &Engine, run: RunId, request: PaintRequest) -> Result<(), Fault> {
    let model = engine.model()?;
    let classes = model.card().classes.len();
    if request.class.is_some_and(|class| class >= classes) {
        return Err("this network knows no such class".into());
    }
    let (starts, centre) = starts(&model, &request)?;
    let switch = engine.begin(run)?;
    engine.tell(run, Event::Started(canvas_image(&starts[0])));
    let rows = judge(engine, run, &model, &starts).await?;
    let Some(settings) = request.settings else {
        engine.tell(run, Event::Finished { likeness: None });
        return Ok(());
    };
    let likely = || rows.first().map_or(0, |row| largest(row));
    let class = request.class.unwrap_or_else(likely);
    if centre.is_none() {
        engine.films.replace(starts.iter().map(|start| vec![start.clone()]).collect());
    }
    let mut pgd = match (&request.hole, &centre) {
        (Some(hole), _) => {
            let hole: Vec<bool> = hole.iter().map(|&gone| gone != 0).collect();
            inpaint(&model, &starts[0], &hole, class, settings).map_err(failed)?.boxed()
        }
        (None, Some(centre)) => {
            go_on(&model, &starts[0], centre, class, settings).map_err(failed)?.boxed()
        }
        (None, None) => {
            let classes = vec![class; starts.len()];
            synthesise(&model, &starts, &classes, settings).map_err(failed)?.boxed()
        }
    };
    let report = Pace::new(switch)
        .follow(&mut pgd, |report, speed| {
            engine.tell(run, Event::Progress(progress(report, speed)));
            for (film, image) in engine.films.borrow_mut().iter_mut().zip(&report.images) {
                film.push(image.clone());
                if film.len() > FRAMES {
                    let mut at = 0;
                    film.retain(|_| {
                        at += 1;
                        at % 2 == 1
                    });
                }
            }
        })
        .await?;
    judge(engine, run, &model, &report.images).await?;
    engine.tell(run, Event::Finished { likeness: None });
    Ok(())
}

/// Where the images start, and the centre of the ball where that is another image.
fn starts(model: &Model, request: &PaintRequest) -> Result<(Vec<Pixels>, Option<Pixels>), Fault> {
    let size = model.card().input_size;
    match &request.start {
        PaintStart::Drawing { now, centre } => {
            let centre = centre.as_ref().map(|centre| pixels(centre, size)).transpose()?;
            Ok((vec![pixels(now, size)?], centre))
        }
        PaintStart::Dreams { gaussians, count, seed } => {
            let all = Gaussians::from_json(gaussians, model.card().classes.len())
                .map_err(|error| error.to_string())?;
            let class = request.class.unwrap_or_default();
            let draw = |i: u32| all.draw(class, size, u64::from(*seed), u64::from(i));
            let draws: Option<Vec<Pixels>> = (0..*count).map(draw).collect();
            let draws = draws.filter(|draws| !draws.is_empty());
            Ok((draws.ok_or("there is no dream of this class")?, None))
        }
    }
}

/// Tells the page how sure the network is of every class, image by image.
async fn judge(
    engine: &Engine,
    run: RunId,
    model: &Model,
    images: &[Pixels],
) -> Result<Vec<Vec<f32>>, Fault> {
    let rows = confidences(model, images).await.map_err(failed)?;
    engine.tell(run, Event::Confidences(rows.clone()));
    Ok(rows)
}

/// What a canvas shows, as the network takes it.
fn pixels(image: &Image, size: usize) -> Result<Pixels, Fault> {
    pixels_of(image).filter(|pixels| pixels.size() == size).ok_or_else(|| {
        let drawn = image.size;
        format!("this network sees {size} pixels a side, and the drawing has {drawn}").into()
    })
}
