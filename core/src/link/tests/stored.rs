//! Links that were written once still open.

use super::*;

/// A link of every kind and version that was ever written, as it was written.
macro_rules! stored {
    ($($name:literal: $link:expr),* $(,)?) => {
        [$((include_str!(concat!("../../../tests/fixtures/links/", $name, ".txt")), $link)),*]
    };
}

#[test]
fn stored_links_still_open() {
    let owl = || LinkStart::Photo(gallery("bird_owl"));
    let change = |start, goal| Link::Change { start, other: None, goal };
    let square = Crop::Square { x: 0.5, y: 0.25, side: 0.75 };
    let photos = PathLink {
        model: "cifar10-l2".into(),
        stops: vec![
            Stop::Gallery { name: "bird_owl".into(), crop: square },
            Stop::Embedded(vec![0xff, 0xd8, 0xff, 0xd9].into()),
        ],
        settings: PathSettings {
            frames: 21,
            steps: 300,
            step_size: 1.0,
            epsilon: 40.0,
            start: PathStart::Noise,
            seed: 7,
            solver: Solver::Lbfgs,
        },
    };
    let drawing = DrawingLink {
        sheet: SheetLink::Colour(0x80_80_80),
        strokes: vec![
            stroke_of(InkLink::Colour(0x3c8c32), &[0, 200, 255, 200]),
            stroke_of(InkLink::Sheet, &[128, 128]),
        ],
        making: Making::Sketch,
        reach: 75,
        aim: Some(AimLink::Class(3)),
    };
    let hole = DrawingLink {
        sheet: SheetLink::Photo(gallery("cat_kitten")),
        strokes: vec![stroke_of(InkLink::Hole, &[100, 100, 120, 130])],
        making: Making::Inpaint,
        reach: 30,
        aim: Some(AimLink::Seen),
    };
    let dream = DrawingLink {
        sheet: SheetLink::Noise(5),
        strokes: Vec::new(),
        making: Making::Generate,
        reach: 50,
        aim: Some(AimLink::Dream { class: 0, seed: 7 }),
    };
    let stored = stored! {
        "v1-gallery": example(),
        "v2-gallery": example(),
        "v2-photos": Link::Path(photos),
        "v2-explain": Link::Explain { photo: gallery("cat_kitten"), class: Some(3) },
        "v2-feature": change(LinkStart::Noise, Goal::Feature(1000)),
        "v2-class": change(LinkStart::Grey, Goal::Class(8)),
        "v2-add": change(owl(), Goal::Add(vec![5, 511])),
        "v2-collide": Link::Change {
            start: owl(),
            other: Some(gallery("cat_kitten")),
            goal: Goal::Collide { epsilon: 0.5 },
        },
        "v2-drawing": Link::Drawing(drawing),
        "v2-hole": Link::Drawing(hole),
        "v2-dream": Link::Drawing(dream),
        "v2-invert": Link::Invert {
            photo: gallery("cat_kitten"),
            settings: InvertSettings { steps: 200, seed: 7, ..InvertSettings::AUTHORS },
            start: LinkStart::Grey,
        },
        "v2-within": Link::ChangeBy {
            start: owl(),
            other: None,
            goal: Goal::Add(vec![5]),
            authors: true,
            region: Some(RegionLink { side: 2, runs: vec![1, 2, 1] }),
        },
        "v2-why-not": Link::WhyNot { photo: gallery("cat_kitten"), class: None, other: 3 },
    };
    for (text, link) in stored {
        assert_eq!(Link::from_fragment(text).as_ref(), Ok(&link), "{text}");
        if text.starts_with("2.") {
            assert_eq!(link.to_fragment().as_deref(), Ok(text.trim()));
        }
    }
}
