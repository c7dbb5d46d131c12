//! What the page and an engine say to each other; with the importer, [`import`]; an engine and the reader of
//! photos, [`read`].

mod fault;
pub mod import;
pub mod read;

use robust_core::model::card::Card;
use robust_core::report::Explanation;
use robust_core::report::Speed;
use robust_core::settings::change::Goal;
use robust_core::settings::path::PathSettings;
use robust_core::settings::{Crop, InvertSettings, PgdSettings, Start};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

pub use fault::{Cause, Fault, Loss};

/// Number of a run. The page counts them, and hears of no run but the one it asked for last.
pub type RunId = u32;

/// From the page to an engine.
#[derive(Debug, Serialize, Deserialize)]
pub enum Request {
    /// Take the model file that comes with this message.
    Load {
        /// Most images that are computed together from now on.
        batch: usize,
    },
    /// Have photos read at the other end of the port that comes with this message. Whatever was asked for at
    /// the one before is not answered any more.
    Reader,
    /// Do this; ends the run at hand once its photos have been read.
    Run {
        /// Comes back with every answer.
        id: RunId,
        /// What to do.
        task: Box<Task>,
        /// Where it goes on, if an engine that is lost had begun it.
        resume: Option<Resume>,
    },
    /// Tell the representation of photos, beside whatever runs.
    Look {
        /// Their ids, which come back with the answer.
        ids: Vec<usize>,
        /// The photos.
        photos: Vec<PhotoFile>,
    },
    /// Shrink a photo so that a link can carry it.
    Embed {
        /// Comes back with the answer.
        id: usize,
        /// The photo.
        photo: PhotoFile,
    },
    /// Make a file of the newest path.
    Save {
        /// What file.
        kind: FileKind,
        /// The link that a filmstrip carries.
        link: String,
        /// Which of several images that were made together.
        film: usize,
    },
    /// Hold after the step at hand.
    Pause,
    /// Go on.
    Resume,
    /// End after the step at hand and say what was reached.
    Stop,
    /// Recompute a reference file with a model of its own, to see whether the device computes correctly.
    Prove {
        /// The whole model file.
        weights: ByteBuf,
        /// The whole reference file.
        reference: ByteBuf,
    },
    /// Recompute a reference file.
    Verify {
        /// The whole file.
        reference: ByteBuf,
    },
    /// Measure the speed at some batch sizes.
    Bench {
        /// Images in a batch, in order.
        batches: Vec<usize>,
        /// Seconds to measure each.
        seconds: f64,
    },
}

/// Where a run was when its engine was lost.
#[derive(Debug, Serialize, Deserialize)]
pub struct Resume {
    /// Steps done.
    pub step: usize,
    /// The images shown after them.
    pub images: Vec<Image>,
}

/// What a run does.
#[derive(Debug, Serialize, Deserialize)]
pub enum Task {
    /// Inverts a photo.
    Invert(InvertRequest),
    /// Computes a path between photos.
    Morph(MorphRequest),
    /// Says why a photo is classified as it is.
    Explain(ExplainRequest),
    /// Changes an image towards a goal.
    Change(ChangeRequest),
    /// Shows what would have to change for another class.
    WhyNot(WhyNotRequest),
    /// Makes something of a drawing.
    Paint(PaintRequest),
}

/// One inversion.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InvertRequest {
    /// The photo whose representation is inverted.
    pub photo: PhotoFile,
    /// What is optimised, how.
    pub settings: InvertSettings,
    /// Where the image starts.
    pub start: StartRequest,
}

/// One path between photos.
#[derive(Debug, Serialize, Deserialize)]
pub struct MorphRequest {
    /// The photos, in order.
    pub stops: Vec<StopFile>,
    /// How the frames between them are computed.
    pub settings: PathSettings,
}

/// One change towards a goal.
#[derive(Debug, Serialize, Deserialize)]
pub struct ChangeRequest {
    /// Where the image starts.
    pub start: StartRequest,
    /// The photo to collide with.
    pub other: Option<PhotoFile>,
    /// What it is changed towards.
    pub goal: Goal,
    /// Not 0 where the image may change, pixel by pixel; everywhere if there is none.
    pub region: Option<ByteBuf>,
    /// As the authors do it, where there is a faster way.
    pub authors: bool,
}

/// One question why a photo is not something else.
#[derive(Debug, Serialize, Deserialize)]
pub struct WhyNotRequest {
    /// The photo.
    pub photo: PhotoFile,
    /// The other class.
    pub class: usize,
}

/// One thing to make of a drawing, or of nothing.
#[derive(Debug, Serialize, Deserialize)]
pub struct PaintRequest {
    /// Where it starts.
    pub start: PaintStart,
    /// Not 0 where the drawing was rubbed out, pixel by pixel: that part grows again, and the rest
    /// stays as far as it can.
    pub hole: Option<ByteBuf>,
    /// What it is to become; what the network sees in it, if there is none.
    pub class: Option<usize>,
    /// How it is made; if there are none, the network only says what it sees.
    pub settings: Option<PgdSettings>,
}

/// Where something that is made starts.
#[derive(Debug, Serialize, Deserialize)]
pub enum PaintStart {
    /// A drawing, of the size that the network sees.
    Drawing {
        /// As it is.
        now: Image,
        /// What it may differ from by the radius, where the run goes on with a drawing that was
        /// changed meanwhile.
        centre: Option<Image>,
    },
    /// Draws from the Gaussian of the class.
    Dreams {
        /// The file of Gaussians, whole.
        gaussians: ByteBuf,
        /// How many.
        count: u32,
        /// Of the draws.
        seed: u32,
    },
}

/// One explanation.
#[derive(Debug, Serialize, Deserialize)]
pub struct ExplainRequest {
    /// The photo.
    pub photo: PhotoFile,
    /// The class to explain, or the predicted one.
    pub class: Option<usize>,
    /// How many coordinates to show.
    pub count: usize,
}

/// A photo of a path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum StopFile {
    /// A photo of the gallery, whole.
    Gallery(PhotoFile),
    /// The small file that a link carries. It may come from anyone.
    Embedded(ByteBuf),
}

/// A kind of file that a path can be saved as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileKind {
    /// An animation that every program shows.
    Gif,
    /// An animation with exact colours.
    Apng,
    /// All frames side by side, with the link inside.
    Filmstrip,
}

impl FileKind {
    /// Name of the saved file, and its media type.
    pub fn file(self) -> (&'static str, &'static str) {
        match self {
            FileKind::Gif => ("morph.gif", "image/gif"),
            FileKind::Apng => ("morph.apng", "image/apng"),
            FileKind::Filmstrip => ("morph.png", "image/png"),
        }
    }
}

/// Where a photo's file is, and the part of it that counts. The file does not pass through the page's
/// memory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PhotoFile {
    /// Its number in the tray.
    pub id: usize,
    /// Its address: a path of this site, or the object URL of a file of the visitor.
    pub url: String,
    /// What the network sees of it.
    pub crop: Crop,
}

/// Where an image starts.
pub type StartRequest = Start<PhotoFile>;

/// From an engine to the page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Response {
    /// The engine runs.
    Ready,
    /// The model is in place.
    Loaded(Box<Card>),
    /// What became of a run.
    Run {
        /// Number of the run.
        id: RunId,
        /// What happened.
        event: Box<Event>,
    },
    /// The representation of each photo; empty where one could not be read.
    Looked {
        /// The ids of the request.
        ids: Vec<usize>,
        /// `R(x)`, photo by photo, or why there is none.
        activations: Result<Vec<Vec<f32>>, Fault>,
    },
    /// A photo small enough for a link, or why there is none.
    Embedded {
        /// That of the request.
        id: usize,
        /// The small file.
        photo: Result<ByteBuf, Fault>,
    },
    /// A file to keep.
    Saved {
        /// What file.
        kind: FileKind,
        /// All of it.
        bytes: ByteBuf,
    },
    /// One key of a reference was recomputed.
    VerifiedKey {
        /// Its row of the report.
        row: String,
    },
    /// The whole reference was recomputed.
    Verified {
        /// Whether every key was close enough.
        ok: bool,
    },
    /// The device has shown how it computes.
    Proved {
        /// What it gets wrong, if anything.
        wrong: Option<String>,
    },
    /// A speed was measured.
    Speed {
        /// What was measured.
        speed: Speed,
        /// Bytes that the engine has taken, without those on the device.
        memory: f64,
    },
    /// The engine or its model is of no use any more.
    Failed(Fault),
}

/// What happens to a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Event {
    /// Its photos have been read, and it has begun with this one.
    Started(Image),
    /// What weighs most for a class.
    Explained {
        /// The reasons.
        explanation: Explanation,
        /// The gradient of the loss.
        saliency: Image,
        /// Steps in which the coordinates are magnified.
        steps: usize,
    },
    /// The photo, changed by at most epsilon, and how sure the network is of the other class.
    WhyNot {
        /// Radius of the change, in the l2 norm.
        epsilon: f32,
        /// Probability of the class asked for.
        confidence: f32,
        /// The changed photo.
        image: Image,
    },
    /// How sure the network is of every class, for each image as it is now.
    Confidences(Vec<Vec<f32>>),
    /// How far it is.
    Progress(Progress),
    /// One more image of a run whose images are all kept; for `losses` what the feature has reached.
    Stage(Progress),
    /// It has ended, by itself or because it was stopped.
    Finished {
        /// Of an inversion: correlation of result and original, both averaged to 8x8.
        likeness: Option<f32>,
    },
    /// It cannot be carried out. Where it had not started, the run before it goes on.
    Failed(Fault),
}

/// How far a run is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Progress {
    /// Steps done.
    pub step: usize,
    /// Relative representation distance before each step since the last message.
    pub losses: Vec<f32>,
    /// The image now; of a path, all frames in order.
    pub images: Vec<Image>,
    /// Speed of late.
    pub steps_per_second: f64,
}

/// An image ready for a canvas.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Image {
    /// Side in pixels.
    pub size: u32,
    /// RGBA, row by row.
    pub rgba: ByteBuf,
}
