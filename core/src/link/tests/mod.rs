//! Links of every kind, there and back; texts that are none; photos inside.

mod stored;

use proptest::prelude::*;

use super::*;
use crate::settings::change::{Goal, MOST_ADDED};
use crate::settings::paint::Making;
use crate::settings::path::{PathSettings, PathStart};
use crate::settings::{Crop, InvertSettings, Solver};

fn gallery(name: &str) -> Stop {
    Stop::Gallery { name: name.into(), crop: Crop::Centre }
}

fn example() -> Link {
    Link::Path(path())
}

fn path() -> PathLink {
    PathLink {
        model: "robust".into(),
        stops: vec![gallery("bird_owl"), gallery("cat_kitten")],
        settings: PathSettings {
            frames: 9,
            steps: 100,
            step_size: 0.5,
            epsilon: 1000.0,
            start: PathStart::Blend,
            seed: 0,
            solver: Solver::Plain,
        },
    }
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9_-]{1,64}"
}

fn stop() -> impl Strategy<Value = Stop> {
    let share = || 0.0f32..=1.0;
    let square = (share(), share(), share()).prop_map(|(x, y, side)| Crop::Square { x, y, side });
    let crop = prop_oneof![Just(Crop::Centre), square];
    prop_oneof![
        (name(), crop).prop_map(|(name, crop)| Stop::Gallery { name, crop }),
        prop::collection::vec(any::<u8>(), 0..3000).prop_map(|v| Stop::Embedded(v.into())),
    ]
}

fn settings() -> impl Strategy<Value = PathSettings> {
    let start = prop_oneof![Just(PathStart::Blend), Just(PathStart::Noise), Just(PathStart::Grey)];
    let solver = prop::sample::select(Solver::ALL.to_vec());
    let lengths = (0.001f32..9.0, 0.1f32..2000.0);
    (3..=21usize, 1..=10_000usize, lengths, start, any::<u64>(), solver).prop_map(
        |(frames, steps, (step_size, epsilon), start, seed, solver)| PathSettings {
            frames,
            steps,
            step_size,
            epsilon,
            start,
            seed,
            solver,
        },
    )
}

fn goal() -> impl Strategy<Value = Goal> {
    let number = || 0..4096usize;
    prop_oneof![
        number().prop_map(Goal::Feature),
        number().prop_map(Goal::Class),
        prop::collection::vec(number(), 1..=MOST_ADDED).prop_map(Goal::Add),
        (0.1f32..=20.0).prop_map(|epsilon| Goal::Collide { epsilon }),
    ]
}

fn stroke() -> impl Strategy<Value = StrokeLink> {
    let ink = prop_oneof![
        (0u32..1 << 24).prop_map(InkLink::Colour),
        Just(InkLink::Sheet),
        Just(InkLink::Hole)
    ];
    let places = prop::collection::vec(any::<[u8; 2]>(), 1..20);
    (ink, 1u8..=100, places).prop_map(|(ink, width, places)| StrokeLink {
        ink,
        width,
        places: places.concat().into(),
    })
}

fn drawing() -> impl Strategy<Value = Link> {
    let sheet = prop_oneof![
        (0u32..1 << 24).prop_map(SheetLink::Colour),
        any::<u32>().prop_map(SheetLink::Noise),
        stop().prop_map(SheetLink::Photo)
    ];
    let aim = prop_oneof![
        Just(AimLink::Seen),
        (0..4096usize).prop_map(AimLink::Class),
        (0..4096usize, any::<u32>()).prop_map(|(class, seed)| AimLink::Dream { class, seed })
    ];
    let making = prop::sample::select(vec![Making::Sketch, Making::Inpaint, Making::Generate]);
    let strokes = prop::collection::vec(stroke(), 0..8);
    (sheet, strokes, making, 1u8..=100, prop::option::of(aim)).prop_map(
        |(sheet, strokes, making, reach, aim)| {
            Link::Drawing(DrawingLink { sheet, strokes, making, reach, aim })
        },
    )
}

fn start() -> impl Strategy<Value = LinkStart> {
    prop_oneof![Just(LinkStart::Noise), Just(LinkStart::Grey), stop().prop_map(LinkStart::Photo)]
}

/// What a path and an inversion have in common.
fn inverting(path: &PathSettings) -> InvertSettings {
    let PathSettings { steps, step_size, epsilon, seed, solver, .. } = *path;
    InvertSettings { steps, step_size, epsilon, seed, solver }
}

fn region() -> impl Strategy<Value = RegionLink> {
    (1..12usize)
        .prop_flat_map(|side| prop::collection::vec(any::<bool>(), side * side))
        .prop_map(|pixels| RegionLink::of(&pixels).unwrap())
}

fn link() -> impl Strategy<Value = Link> {
    let stops = prop::collection::vec(stop(), 2..=8);
    prop_oneof![
        (name(), stops, settings()).prop_map(|(model, stops, settings)| Link::Path(PathLink {
            model,
            stops,
            settings
        })),
        (stop(), prop::option::of(0..4096usize))
            .prop_map(|(photo, class)| Link::Explain { photo, class }),
        (start(), prop::option::of(stop()), goal()).prop_map(|(start, other, goal)| Link::Change {
            start,
            other,
            goal
        }),
        drawing(),
        (stop(), settings(), start()).prop_map(|(photo, settings, start)| {
            Link::Invert { photo, settings: inverting(&settings), start }
        }),
        (stop(), prop::option::of(0..4096usize), 0..4096usize)
            .prop_map(|(photo, class, other)| Link::WhyNot { photo, class, other }),
        (start(), goal(), any::<bool>(), prop::option::of(region())).prop_map(
            |(start, goal, authors, region)| {
                Link::ChangeBy { start, other: None, goal, authors, region }
            }
        ),
    ]
}

proptest! {
    #[test]
    fn a_region_comes_back_as_it_was_painted(
        pixels in (1..20usize).prop_flat_map(|n| prop::collection::vec(any::<bool>(), n * n))
    ) {
        prop_assert_eq!(RegionLink::of(&pixels).unwrap().pixels(), pixels);
    }

    #[test]
    fn what_is_written_is_read(link in link()) {
        let fragment = link.to_fragment().unwrap();
        prop_assert_eq!(Link::from_fragment(&fragment), Ok(link.clone()));
        let whole = format!("https://example.org/page/?a=b#{fragment}");
        prop_assert_eq!(Link::from_fragment(&whole), Ok(link));
    }

    #[test]
    fn a_cut_link_is_damaged(link in link(), share in 0.0..1.0f64) {
        let fragment = link.to_fragment().unwrap();
        let cut = 2 + ((fragment.len() - 2) as f64 * share) as usize;
        prop_assert_eq!(Link::from_fragment(&fragment[..cut]), Err(LinkError::Damaged));
    }

    #[test]
    fn an_altered_link_never_passes(link in link(), at in any::<prop::sample::Index>()) {
        let mut text = link.to_fragment().unwrap().into_bytes();
        let at = 2 + at.index(text.len() - 2);
        text[at] = if text[at] == b'A' { b'B' } else { b'A' };
        let altered = Link::from_fragment(std::str::from_utf8(&text).unwrap());
        // The last character of base64 may hold bits that mean nothing; strict decoders refuse.
        prop_assert!(altered.is_err(), "{altered:?}");
    }

    #[test]
    fn random_text_never_panics(text in ".{0,300}", version in 0u32..5) {
        prop_assert!(Link::from_fragment(&text).is_err());
        let versioned = format!("{version}.{text}");
        prop_assert!(Link::from_fragment(&versioned).is_err());
    }

    /// Past the checksum: hostile content that was made with care.
    #[test]
    fn random_content_never_panics(mut bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        bytes.extend(checksum(&bytes).to_le_bytes());
        for version in 1..=VERSION {
            let text = URL_SAFE_NO_PAD.encode(&bytes);
            let _ = Link::from_fragment(&format!("{version}.{text}"));
        }
    }
}

fn stroke_of(ink: InkLink, places: &[u8]) -> StrokeLink {
    StrokeLink { ink, width: 10, places: places.to_vec().into() }
}

#[test]
fn a_kind_of_later_programs_is_no_damage() {
    let fragment = |kind: u32| {
        let mut bytes = postcard::to_allocvec(&(kind, "whatever it holds")).unwrap();
        bytes.extend(checksum(&bytes).to_le_bytes());
        format!("{VERSION}.{}", URL_SAFE_NO_PAD.encode(bytes))
    };
    assert_eq!(Link::from_fragment(&fragment(v2::KINDS)), Err(LinkError::NewKind));
    assert_eq!(Link::from_fragment(&fragment(v2::KINDS - 1)), Err(LinkError::Damaged));
}

#[test]
fn a_gallery_link_is_short() {
    let length = example().to_fragment().unwrap().len();
    assert!(length <= 300, "{length}");
}

#[test]
fn what_cannot_be_is_refused() {
    type Change = fn(&mut PathLink);
    let cases: [(Change, &str); 7] = [
        (|link| link.model = "../secret".into(), "model"),
        (|link| link.stops.truncate(1), "fewer than 2"),
        (|link| link.settings.steps = 1_000_000, "10,000 steps"),
        (|link| link.settings.frames = 100, "frames"),
        (|link| link.settings.step_size = f32::NAN, "step size"),
        (|link| link.stops[0] = Stop::Embedded(vec![0; 20_000].into()), "too large"),
        (
            |link| {
                let crop = Crop::Square { x: 0.5, y: f32::NAN, side: 1.0 };
                link.stops[0] = Stop::Gallery { name: "cat".into(), crop };
            },
            "crop",
        ),
    ];
    for (change, word) in cases {
        let mut link = path();
        change(&mut link);
        let message = Link::Path(link).to_fragment().unwrap_err().to_string();
        assert!(message.contains(word), "{message}");
    }
}

#[test]
fn goals_that_cannot_be_are_refused() {
    let goals = [
        Goal::Feature(5000),
        Goal::Add(Vec::new()),
        Goal::Add(vec![1; 9]),
        Goal::Collide { epsilon: f32::NAN },
        Goal::Collide { epsilon: 1e9 },
    ];
    for goal in goals {
        let start = LinkStart::Photo(gallery("cat_kitten"));
        let link = Link::Change { start, other: None, goal };
        assert!(matches!(link.to_fragment(), Err(LinkError::Invalid(_))), "{link:?}");
    }
}

#[test]
fn drawings_that_cannot_be_are_refused() {
    type Change = fn(&mut DrawingLink);
    let cases: [(Change, &str); 6] = [
        (|link| link.sheet = SheetLink::Colour(1 << 24), "colour"),
        (|link| link.reach = 0, "reach"),
        (|link| link.aim = Some(AimLink::Class(5000)), "number"),
        (|link| link.strokes[0].places = vec![1; 3].into(), "nowhere"),
        (|link| link.strokes[0].width = 0, "width"),
        (|link| link.strokes[0].places = vec![1; 40_000].into(), "strokes"),
    ];
    for (change, word) in cases {
        let mut link = DrawingLink {
            sheet: SheetLink::Colour(0),
            strokes: vec![stroke_of(InkLink::Hole, &[1, 2])],
            making: Making::Sketch,
            reach: 50,
            aim: None,
        };
        assert!(Link::Drawing(link.clone()).to_fragment().is_ok());
        change(&mut link);
        let message = Link::Drawing(link).to_fragment().unwrap_err().to_string();
        assert!(message.contains(word), "{message}");
    }
}

#[test]
fn places_of_a_stroke_fit_into_bytes() {
    for byte in 0..=255 {
        assert_eq!(StrokeLink::place(StrokeLink::share(byte)), byte);
    }
    assert_eq!((StrokeLink::share(0), StrokeLink::share(255)), (-0.125, 1.125));
    assert_eq!((StrokeLink::place(-3.0), StrokeLink::place(7.0)), (0, 255));
}

#[test]
fn other_links_are_told_apart() {
    let error = |text: &str| Link::from_fragment(text).unwrap_err();
    assert_eq!(error(""), LinkError::Foreign);
    assert_eq!(error("https://example.org/#section"), LinkError::Foreign);
    assert_eq!(error("#7.abc"), LinkError::Newer(7));
    assert_eq!(error("1."), LinkError::Damaged);
    assert_eq!(error(&"1".repeat(100_000)), LinkError::TooLong);
}

#[cfg(feature = "photo")]
mod photos {
    use super::*;
    use crate::image::Pixels;

    fn coffee(size: usize) -> Pixels {
        let bytes = include_bytes!("../../../tests/fixtures/ood_coffee.jpg");
        let photo = crate::image::photo::Photo::decode(bytes, [255; 3]).unwrap();
        photo.square(Crop::Centre, size)
    }

    #[test]
    fn two_photos_fit_into_eight_kilobytes_or_sixteen() {
        for (size, most) in [(32, 8000), (64, 8000), (128, 16_000), (224, 16_000)] {
            let stop = || Stop::Embedded(embed(&coffee(size)).unwrap().into());
            let link = Link::Path(PathLink { stops: vec![stop(), stop()], ..path() });
            let length = link.to_fragment().unwrap().len();
            assert!(length <= most, "{length} characters for two photos of {size} pixels");
        }
    }

    #[test]
    fn an_embedded_photo_looks_the_same() {
        // Both formats: a flat image is smaller as WebP, a photo as JPEG.
        for (image, most) in
            [(Pixels::flat(64, [0.2, 0.4, 0.6]), 0.002), (coffee(64), 0.02), (coffee(128), 0.02)]
        {
            let bytes = embed(&image).unwrap();
            let back = open(&bytes, image.size()).unwrap();
            let differences = image.values().iter().zip(back.values()).map(|(a, b)| (a - b).abs());
            let mean = differences.sum::<f32>() / image.values().len() as f32;
            assert!(mean < most, "mean difference {mean} in {} bytes", bytes.len());
        }
    }

    #[test]
    fn no_link_can_cost_much_memory() {
        let large = crate::image::photo::to_png(&Pixels::flat(600, [0.0; 3])).unwrap();
        assert!(matches!(open(&large, 64), Err(crate::image::photo::PhotoError::TooLarge)));
    }
}
