//! Figures 5, 6 and 13 to 16: inversions.

use anyhow::{Result, bail};
use robust_core::engine::Model;
use robust_core::image::Pixels;
use serde_json::{Value, json};

use super::Drawn;
use super::subject::Subject;
use crate::sheet::Sheet;

/// "distance 12 %, correlation 0.52" below each image.
fn judged(images: Vec<Pixels>, numbers: &Value) -> impl Iterator<Item = (Pixels, String)> {
    let number = |i: usize, key: &str| numbers["each"][i][key].as_f64().unwrap_or_default();
    let captions: Vec<String> = (0..images.len())
        .map(|i| {
            let (distance, likeness) =
                (100.0 * number(i, "relative_distance"), number(i, "coarse_correlation"));
            format!("{distance:.0} %\nlike {likeness:.2}")
        })
        .collect();
    images.into_iter().zip(captions)
}

/// Photos, then what comes back from noise.
pub fn from_noise(
    sheet: &mut Sheet,
    model: &Model,
    subject: &Subject,
    photos: &[Pixels],
    name: &str,
) -> Result<Value> {
    let (images, numbers) = subject.inverted(model, photos, None)?;
    sheet.row(&format!("{name}\noriginal"), photos);
    sheet.captioned("inverted\nfrom noise", judged(images, &numbers));
    Ok(numbers)
}

pub fn seeds(subject: &Subject) -> Result<Drawn> {
    let photos = subject.photos(1);
    let mut sheet = Sheet::new("");
    sheet.row("original", &photos);
    let mut all = Vec::new();
    let (one, another) = (Subject::others(&photos, 1), Subject::others(&photos, 2));
    let starts = [subject.noises(photos.len()), one, another];
    for start in starts {
        let (images, numbers) = subject.inverted(&subject.robust, &photos, Some(&start))?;
        sheet.row("seed", &start);
        sheet.captioned("result", judged(images, &numbers));
        all.push(numbers);
    }
    Ok(Drawn { sheet, numbers: json!({ "noise": all[0], "photos": [all[1], all[2]] }) })
}

pub fn embeddings(subject: &Subject) -> Result<Drawn> {
    let mut sheet = Sheet::new("");
    let robust = &subject.robust;
    let inside = from_noise(&mut sheet, robust, subject, &subject.photos(4), "held out")?;
    let others = subject.elsewhere(false);
    let outside = match others.is_empty() {
        true => Value::Null,
        false => from_noise(&mut sheet, robust, subject, &others, "elsewhere")?,
    };
    Ok(Drawn { sheet, numbers: json!({ "held_out": inside, "elsewhere": outside }) })
}

pub fn robust(subject: &Subject) -> Result<Drawn> {
    from_both(subject, &subject.robust)
}

pub fn standard(subject: &Subject) -> Result<Drawn> {
    from_both(subject, &subject.standard)
}

/// From other photos, and from noise.
fn from_both(subject: &Subject, model: &Model) -> Result<Drawn> {
    let photos = subject.photos(5);
    let starts = Subject::others(&photos, 1);
    let mut sheet = Sheet::new("");
    sheet.row("original", &photos);
    sheet.row("start", &starts);
    let (images, from_photos) = subject.inverted(model, &photos, Some(&starts))?;
    sheet.captioned("inverted", judged(images, &from_photos));
    let from_noise = from_noise(&mut sheet, model, subject, &photos, "again")?;
    Ok(Drawn { sheet, numbers: json!({ "from_photos": from_photos, "from_noise": from_noise }) })
}

pub fn cifar(subject: &Subject) -> Result<Drawn> {
    let photos = subject.elsewhere(true);
    if photos.len() < 2 {
        bail!("it needs photos of CIFAR-10's classes among --ood; leave it out with --only");
    }
    let mut sheet = Sheet::new("");
    let mut numbers = Vec::new();
    for (model, name) in [(&subject.robust, "robust"), (&subject.standard, "standard")] {
        numbers.push(from_noise(&mut sheet, model, subject, &photos, name)?);
    }
    Ok(Drawn { sheet, numbers: json!({ "robust": numbers[0], "standard": numbers[1] }) })
}

pub fn out_of_distribution(subject: &Subject) -> Result<Drawn> {
    let mut sheet = Sheet::new("");
    let patterns: Vec<Pixels> =
        (0..subject.columns as u64).map(|i| subject.kaleidoscope(i)).collect();
    let robust = &subject.robust;
    let of_patterns = from_noise(&mut sheet, robust, subject, &patterns, "patterns")?;
    let others = subject.elsewhere(false);
    let of_others = match others.is_empty() {
        true => Value::Null,
        false => from_noise(&mut sheet, robust, subject, &others, "elsewhere")?,
    };
    Ok(Drawn { sheet, numbers: json!({ "patterns": of_patterns, "elsewhere": of_others }) })
}
