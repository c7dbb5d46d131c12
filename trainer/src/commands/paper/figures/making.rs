//! What one robust classifier makes, beside a standard one (Santurkar et al. 2019).

use anyhow::{Context, Result};
use rand::Rng;
use robust_core::engine::Model;
use robust_core::engine::tasks::change::{confidences, synthesise};
use robust_core::engine::tasks::paint::{greyed, inpaint};
use robust_core::image::Pixels;
use robust_core::settings::paint::Making;
use serde_json::{Value, json};

use super::Drawn;
use super::subject::{BATCH, Subject, reached};
use crate::backend::wait;
use crate::commands::paint::{classes, gaussians, region};
use crate::sheet::Sheet;

/// The part of photos that grows again: left, top, right, bottom in shares of the side.
const HOLE: [f32; 4] = [0.35, 0.35, 0.65, 0.65];

/// How many times smaller photos are before they are sharpened.
const SHRINK: usize = 4;

/// What each image becomes on its way to its class.
fn made(model: &Model, making: Making, starts: &[Pixels], aims: &[usize]) -> Result<Vec<Pixels>> {
    let settings = making.settings(model.card().input_size);
    let mut images = Vec::new();
    for (starts, aims) in starts.chunks(BATCH).zip(aims.chunks(BATCH)) {
        images.extend(reached(synthesise(model, starts, aims, settings)?)?.0);
    }
    Ok(images)
}

/// How sure the model is in the mean that images are what they should be.
fn sure(model: &Model, images: &[Pixels], aims: &[usize]) -> Result<f32> {
    let rows = wait(confidences(model, images))?;
    let shares = rows.iter().zip(aims).map(|(row, &aim)| row[aim]);
    Ok(shares.sum::<f32>() / images.len().max(1) as f32)
}

/// What the judge sees in images, in words, and in how many it sees what they should be.
fn judged(subject: &Subject, images: &[Pixels], aims: &[usize]) -> Result<(Vec<String>, Value)> {
    let Some(judge) = &subject.judge else {
        return Ok((vec![String::new(); images.len()], Value::Null));
    };
    let seen = judge.seen(images)?;
    let right = seen.iter().zip(aims).filter(|(seen, aim)| seen == aim).count();
    let names = &subject.robust.card().classes;
    let words = seen.iter().map(|&class| names[class].clone()).collect();
    Ok((words, json!({ "right": right, "of": images.len() })))
}

/// Each network's results in a row of their own below where they started, with the class that the
/// judge sees.
fn compared(
    subject: &Subject,
    starts: &[Pixels],
    aims: &[usize],
    make: impl Fn(&Model) -> Result<Vec<Pixels>>,
    mut sheet: Sheet,
) -> Result<Drawn> {
    let (words, at_first) = judged(subject, starts, aims)?;
    sheet.captioned("start", starts.iter().cloned().zip(words));
    let mut numbers = json!({ "start": { "judged": at_first } });
    for (name, model) in [("robust", &subject.robust), ("standard", &subject.standard)] {
        let images = make(model)?;
        let (before, after) = (sure(model, starts, aims)?, sure(model, &images, aims)?);
        let (words, judged) = judged(subject, &images, aims)?;
        sheet.captioned(name, images.into_iter().zip(words));
        numbers[name] = json!({ "before": before, "after": after, "judged": judged });
    }
    Ok(Drawn { sheet, numbers })
}

/// As many images of each class as there are columns, by the robust network on the left and by the
/// standard one on the right.
pub fn generated(subject: &Subject) -> Result<Drawn> {
    let card = subject.robust.card();
    let gaussians = gaussians(&subject.gaussians, card)?;
    let (mut starts, mut aims) = (Vec::new(), Vec::new());
    for class in 0..card.classes.len() {
        for i in 0..subject.columns as u64 {
            let draw = gaussians.draw(class, card.input_size, subject.seed, i);
            starts.push(draw.context("the file of Gaussians lacks a class")?);
            aims.push(class);
        }
    }
    let mut sheet = Sheet::new("");
    let (mut rows, mut numbers) = (vec![Vec::new(); card.classes.len()], json!({}));
    for (name, model) in [("robust", &subject.robust), ("standard", &subject.standard)] {
        let images = made(model, Making::Generate, &starts, &aims)?;
        let after = sure(model, &images, &aims)?;
        let (words, judged) = judged(subject, &images, &aims)?;
        numbers[name] = json!({ "after": after, "judged": judged });
        let tiles: Vec<_> = images.into_iter().zip(words).collect();
        for (row, tiles) in rows.iter_mut().zip(tiles.chunks(subject.columns)) {
            row.extend(tiles.to_vec());
        }
    }
    for (name, row) in card.classes.iter().zip(rows) {
        sheet.captioned(name, row);
    }
    Ok(Drawn { sheet, numbers })
}

/// Rough drawings of an animal, each to become another class.
pub fn sketched(subject: &Subject) -> Result<Drawn> {
    let classes = subject.robust.card().classes.len();
    let starts: Vec<Pixels> = (0..subject.columns as u64).map(|i| drawing(subject, i)).collect();
    let aims: Vec<usize> = (0..starts.len()).map(|i| i % classes).collect();
    let make = |model: &Model| made(model, Making::Sketch, &starts, &aims);
    compared(subject, &starts, &aims, make, Sheet::new(""))
}

/// A body, a head and legs in two muted colours, as a child would draw them.
fn drawing(subject: &Subject, index: u64) -> Pixels {
    let mut rng = subject.rng(2000 + index);
    let mut colour = || [0; 3].map(|_| 0.25 + 0.5 * rng.random::<f32>());
    let (ground, animal) = (colour(), colour());
    let size = subject.size() as f32;
    let width = 0.22 + 0.1 * rng.random::<f32>();
    let side = if rng.random() { 1.0 } else { -1.0 };
    let inside = |x: f32, y: f32| {
        let oval = |cx: f32, cy: f32, rx: f32, ry: f32| ((x - cx) / rx).hypot((y - cy) / ry) < 1.0;
        let leg = |at: f32| (x - at).abs() < 0.035 && (0.5..0.8).contains(&y);
        oval(0.5, 0.5, width, 0.15)
            || oval(0.5 + side * width, 0.35, 0.12, 0.12)
            || [-0.8, -0.4, 0.4, 0.8].into_iter().any(|share| leg(0.5 + share * width))
    };
    Pixels::from_fn(subject.size(), |c, x, y| {
        let there = inside((x as f32 + 0.5) / size, (y as f32 + 0.5) / size);
        if there { animal[c] } else { ground[c] }
    })
}

/// Photos without their middle, which grows again as what they show.
pub fn filled(subject: &Subject) -> Result<Drawn> {
    let (photos, aims) = subject.photos_and_classes(1)?;
    let size = subject.size();
    let hole = region(&HOLE, size, "the hole")?;
    let starts = photos.iter().map(|photo| greyed(photo, &hole)).collect::<Result<Vec<_>, _>>()?;
    let settings = Making::Inpaint.settings(size);
    let make = |model: &Model| {
        let fill = |(photo, &aim): (&Pixels, &usize)| {
            let (images, _) = reached(inpaint(model, photo, &hole, aim, settings)?)?;
            images.into_iter().next().context("the device returned no image")
        };
        photos.iter().zip(&aims).map(fill).collect()
    };
    let drawn = compared(subject, &starts, &aims, make, photos_above(&photos))?;
    with_photos(subject, drawn, &photos, &aims)
}

/// Photos made smaller and enlarged again, sharpened towards what the network sees in them.
pub fn sharpened(subject: &Subject) -> Result<Drawn> {
    let (photos, aims) = subject.photos_and_classes(1)?;
    let size = subject.size();
    let blurred = |photo: &Pixels| smaller(photo, SHRINK).enlarged(size);
    let starts: Vec<Pixels> = photos.iter().map(blurred).collect();
    let make = |model: &Model| {
        let seen = classes(model, &starts, None)?;
        made(model, Making::SuperResolve, &starts, &seen)
    };
    let drawn = compared(subject, &starts, &aims, make, photos_above(&photos))?;
    with_photos(subject, drawn, &photos, &aims)
}

/// Every square of pixels as its mean.
fn smaller(photo: &Pixels, times: usize) -> Pixels {
    let size = photo.size();
    let value = |c: usize, x: usize, y: usize| {
        let part = |i: usize| {
            let (x, y) = (times * x + i % times, times * y + i / times);
            photo.values()[c * size * size + y * size + x]
        };
        (0..times * times).map(part).sum::<f32>() / (times * times) as f32
    };
    Pixels::from_fn(size / times, value)
}

/// Photos of one class turned into the next.
pub fn translated(subject: &Subject) -> Result<Drawn> {
    let (photos, shown) = subject.photos_and_classes(1)?;
    let classes = subject.robust.card().classes.len();
    let aims: Vec<usize> = shown.iter().map(|class| (class + 1) % classes).collect();
    let make = |model: &Model| made(model, Making::Translate, &photos, &aims);
    compared(subject, &photos, &aims, make, Sheet::new(""))
}

fn photos_above(photos: &[Pixels]) -> Sheet {
    let mut sheet = Sheet::new("");
    sheet.row("photo", photos);
    sheet
}

/// What the judge sees in the photos themselves, beside all else.
fn with_photos(
    subject: &Subject,
    mut drawn: Drawn,
    photos: &[Pixels],
    aims: &[usize],
) -> Result<Drawn> {
    drawn.numbers["photos"] = json!({ "judged": judged(subject, photos, aims)?.1 });
    Ok(drawn)
}
