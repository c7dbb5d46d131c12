//! `robust-reps explain`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, anyhow};
use robust_core::engine::tasks::change::magnify;
use robust_core::engine::tasks::explain::{explain, saliency};
use robust_core::image::photo::to_png;
use robust_core::report::Explanation;
use robust_core::settings::change::explain_settings;

use crate::backend::wait;
use crate::commands::arguments::{Computer, Form, ModelFile};
use crate::files;
use crate::progress::finished;
use crate::ranges;

/// What to explain.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    model: ModelFile,
    /// A photo; the largest square in the middle is used
    photo: PathBuf,
    /// Class to explain [default: the predicted one]
    #[arg(long)]
    class: Option<String>,
    /// How many features of the representation to show
    #[arg(long, default_value_t = 5, value_parser = ranges::count)]
    count: usize,
    /// Folder for the images: each feature magnified in the photo, and the plain gradient
    #[arg(long)]
    out: Option<PathBuf>,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    computer: Computer,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let model = args.model.on(&args.computer)?;
    let (classes, size) = (model.card().classes.clone(), model.card().input_size);
    let class = match &args.class {
        None => None,
        Some(name) => Some(model.card().class(name).map_err(|message| anyhow!(message))?),
    };
    let image = files::read_square(&args.photo, size)?;
    let explanation = wait(explain(&model, &image, class, args.count))?;
    if let Some(out) = &args.out {
        let gradient = wait(saliency(&model, &image, explanation.class));
        files::write(&out.join("saliency.png"), &to_png(&gradient?)?)?;
        files::write(&out.join("photo.png"), &to_png(&image)?)?;
        let features: Vec<usize> = explanation.features.iter().map(|f| f.feature).collect();
        let images = vec![image; features.len()];
        let report = finished(&mut magnify(&model, &images, &features, explain_settings(size))?)?;
        for (feature, image) in features.iter().zip(&report.images) {
            files::write(&out.join(format!("feature-{feature}.png")), &to_png(image)?)?;
        }
    }
    if args.form.json {
        println!("{}", serde_json::to_string(&explanation)?);
    } else {
        print(&explanation, &classes);
    }
    Ok(ExitCode::SUCCESS)
}

fn print(explanation: &Explanation, classes: &[String]) {
    for class in explanation.ranking().into_iter().take(3) {
        println!("{:5.1} %  {}", 100.0 * explanation.confidences[class], classes[class]);
    }
    println!("\nWhat weighs most for \"{}\":", classes[explanation.class]);
    for part in &explanation.features {
        println!(
            "feature {:>4}: activation {:.2}, adds {:+.2} to the logit",
            part.feature, part.activation, part.contribution
        );
    }
}
