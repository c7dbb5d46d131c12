use std::ops::ControlFlow;
use std::rc::Rc;

use robust_core::inversion::{Start, invert as prepare};
use robust_core::measure::coarse_correlation;
use robust_core::model::Model;
use robust_core::objective::Invert;
use robust_core::pgd::Pgd;
use robust_core::photo::Photo;
use robust_core::pixels::Pixels;
use serde_bytes::ByteBuf;

use super::{Engine, time};
use crate::protocol::{Image, InvertRequest, PhotoFile, Progress, Response, RunId, StartRequest};

/// How often the page hears of a run, in ms. Reading an image back holds a graphics card up.
const REPORT_EVERY: f64 = 120.0;

/// How long a run may keep the worker from its messages, in ms.
const LISTEN_EVERY: f64 = 30.0;

/// Carries out one request to its end, whatever that is.
pub(super) async fn invert(engine: &Engine, request: InvertRequest) {
    let id = request.run;
    if let Err(message) = try_invert(engine, request).await {
        engine.port.send(&Response::Failed { run: Some(id), message });
    }
}

async fn try_invert(engine: &Engine, request: InvertRequest) -> Result<(), String> {
    request.settings.check().map_err(|error| error.to_string())?;
    let model: Rc<Model> = engine.model()?;
    let target = decode(&request.photo, &model)?;
    // Only now: a file that is no photo must not cost the run at hand.
    let run = engine.new_run();
    engine.port.send(&Response::Target { run: request.run, image: canvas_image(&target) });
    let start = match &request.start {
        StartRequest::Noise => Start::Noise,
        StartRequest::Grey => Start::Grey,
        StartRequest::Photo(photo) => Start::Image(decode(photo, &model)?),
    };
    let mut pgd = prepare(&model, std::slice::from_ref(&target), &start, &request.settings)
        .ok_or("there is nothing to invert")?;
    let mut reporter = Reporter::new(engine, request.run);
    pgd.run(async |pgd| {
        if time::now() - reporter.listened > LISTEN_EVERY {
            time::next_turn().await;
            reporter.listened = time::now();
        }
        let (goes_on, waited) = run.goes_on().await;
        if waited {
            reporter.restart_clock(pgd.steps_done());
        }
        if !goes_on {
            return Ok(ControlFlow::Break(()));
        }
        if pgd.steps_done() >= reporter.next_step {
            reporter.report(pgd).await?;
        }
        Ok::<_, String>(ControlFlow::Continue(()))
    })
    .await?;
    let result = reporter.report(&mut pgd).await?;
    let coarse_correlation = coarse_correlation(&result, &target);
    engine.port.send(&Response::Finished { run: request.run, coarse_correlation });
    Ok(())
}

fn decode(photo: &PhotoFile, model: &Model) -> Result<Pixels, String> {
    let decoded = Photo::decode(&photo.bytes, [255; 3]).map_err(|error| error.to_string())?;
    Ok(decoded.square(photo.crop, model.card().input_size))
}

fn canvas_image(pixels: &Pixels) -> Image {
    Image { size: pixels.size() as u32, rgba: ByteBuf::from(pixels.to_rgba8()) }
}

/// Tells the page about a run, as often as it can be seen and no more.
struct Reporter<'a> {
    engine: &'a Engine,
    run: RunId,
    /// Report when this many steps are done.
    next_step: usize,
    /// Step and time of the last report.
    last: (usize, f64),
    steps_per_second: f64,
    /// When messages were last let in.
    listened: f64,
}

impl<'a> Reporter<'a> {
    fn new(engine: &'a Engine, run: RunId) -> Self {
        let now = time::now();
        Self { engine, run, next_step: 0, last: (0, now), steps_per_second: 0.0, listened: now }
    }

    /// A pause is no slowness.
    fn restart_clock(&mut self, step: usize) {
        self.last = (step, time::now());
    }

    async fn report(&mut self, pgd: &mut Pgd<'_, Invert>) -> Result<Pixels, String> {
        let report = pgd.report().await.map_err(|error| format!("the device failed: {error:?}"))?;
        let image = report.images.first().ok_or("the device returned no image")?.clone();
        let now = time::now();
        let (last_step, last_time) = self.last;
        let steps = report.step - last_step;
        if steps > 0 {
            // The first step compiles kernels and says nothing about speed.
            self.steps_per_second = steps as f64 * 1000.0 / (now - last_time).max(0.1);
        }
        self.last = (report.step, now);
        let due = (self.steps_per_second * REPORT_EVERY / 1000.0) as usize;
        self.next_step = report.step + due.clamp(1, 64);
        self.engine.port.send(&Response::Progress(Progress {
            run: self.run,
            step: report.step,
            losses: report.losses.iter().filter_map(|step| step.first().copied()).collect(),
            image: canvas_image(&image),
            steps_per_second: self.steps_per_second,
        }));
        Ok(image)
    }
}
