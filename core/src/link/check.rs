//! What a link may ask for. It can come from anyone.

use super::{
    AimLink, DrawingLink, InkLink, Link, LinkError, LinkStart, PathLink, RegionLink, SheetLink,
    Stop, StrokeLink,
};
use crate::settings::Crop;
use crate::settings::change::{COLLIDE_EPSILONS, Goal, MOST_ADDED};
use crate::settings::path::STOPS;

/// Longest name of a model or a gallery photo.
const MAX_NAME: usize = 64;

/// Largest photo inside a link, in bytes.
pub(super) const MAX_PHOTO: usize = 16 << 10;

/// Most steps that opening a link may cost: the authors' number.
const MAX_STEPS: usize = 10_000;

/// Most places that the strokes of a drawing go through; a hand makes a few hundred.
const MAX_PLACES: usize = 16 << 10;

/// Most pixels on a side of what a network sees.
const MAX_SIDE: u16 = 512;

/// No representation is longer and no network has more classes.
const MAX_NUMBER: usize = 4096;

impl Link {
    /// An error unless everything in it is something that this program could have written.
    pub(super) fn check(&self) -> Result<(), LinkError> {
        match self {
            Link::Path(link) => link.check(),
            Link::Explain { photo, class } => {
                photo.check()?;
                numbers(class.as_slice())
            }
            Link::WhyNot { photo, class, other } => {
                photo.check()?;
                numbers(class.as_slice())?;
                numbers(&[*other])
            }
            Link::Change { start, other, goal } => {
                check_start(start)?;
                other.iter().try_for_each(Stop::check)?;
                check_goal(goal)
            }
            Link::ChangeBy { start, other, goal, region, .. } => {
                check_start(start)?;
                other.iter().try_for_each(Stop::check)?;
                region.iter().try_for_each(RegionLink::check)?;
                check_goal(goal)
            }
            Link::Drawing(link) => link.check(),
            Link::Invert { photo, settings, start } => {
                photo.check()?;
                check_start(start)?;
                settings.check()?;
                check_steps(settings.steps)
            }
        }
    }
}

fn check_start(start: &LinkStart) -> Result<(), LinkError> {
    match start {
        LinkStart::Photo(photo) => photo.check(),
        LinkStart::Noise | LinkStart::Grey => Ok(()),
    }
}

fn check_steps(steps: usize) -> Result<(), LinkError> {
    if steps > MAX_STEPS {
        return Err(LinkError::Invalid("more than 10,000 steps"));
    }
    Ok(())
}

impl PathLink {
    fn check(&self) -> Result<(), LinkError> {
        self.settings.check()?;
        check_steps(self.settings.steps)?;
        if !STOPS.contains(&self.stops.len()) {
            return Err(LinkError::Invalid("a path of fewer than 2 or more than 8 photos"));
        }
        if !is_name(&self.model) {
            return Err(LinkError::Invalid("a model whose name cannot be one"));
        }
        self.stops.iter().try_for_each(Stop::check)
    }
}

impl DrawingLink {
    fn check(&self) -> Result<(), LinkError> {
        match &self.sheet {
            SheetLink::Colour(colour) => check_colour(*colour)?,
            SheetLink::Noise(_) => {}
            SheetLink::Photo(photo) => photo.check()?,
        }
        self.strokes.iter().try_for_each(StrokeLink::check)?;
        if self.strokes.iter().map(|stroke| stroke.places.len() / 2).sum::<usize>() > MAX_PLACES {
            return Err(LinkError::Invalid("more strokes than a hand draws"));
        }
        if !(1..=100).contains(&self.reach) {
            return Err(LinkError::Invalid("a reach out of range"));
        }
        match self.aim {
            Some(AimLink::Class(class) | AimLink::Dream { class, .. }) => numbers(&[class]),
            Some(AimLink::Seen) | None => Ok(()),
        }
    }
}

impl RegionLink {
    fn check(&self) -> Result<(), LinkError> {
        let count: u64 = self.runs.iter().map(|run| u64::from(*run)).sum();
        if !(1..=MAX_SIDE).contains(&self.side) || count != u64::from(self.side).pow(2) {
            return Err(LinkError::Invalid("a painted part that does not fit its photo"));
        }
        Ok(())
    }
}

impl StrokeLink {
    fn check(&self) -> Result<(), LinkError> {
        if self.places.is_empty() || !self.places.len().is_multiple_of(2) {
            return Err(LinkError::Invalid("a stroke that leads nowhere"));
        }
        if !(1..=100).contains(&self.width) {
            return Err(LinkError::Invalid("a brush whose width is out of range"));
        }
        match self.ink {
            InkLink::Colour(colour) => check_colour(colour),
            InkLink::Sheet | InkLink::Hole => Ok(()),
        }
    }
}

fn check_colour(colour: u32) -> Result<(), LinkError> {
    if colour > 0xff_ff_ff {
        return Err(LinkError::Invalid("a colour that is none"));
    }
    Ok(())
}

impl Stop {
    fn check(&self) -> Result<(), LinkError> {
        let share = |v: f32| (0.0..=1.0).contains(&v);
        match self {
            Stop::Gallery { name, .. } if !is_name(name) => {
                Err(LinkError::Invalid("a gallery photo whose name cannot be one"))
            }
            Stop::Gallery { crop: Crop::Square { x, y, side }, .. }
                if !(share(*x) && share(*y) && share(*side)) =>
            {
                Err(LinkError::Invalid("a crop outside its photo"))
            }
            Stop::Embedded(bytes) if bytes.len() > MAX_PHOTO => {
                Err(LinkError::Invalid("a photo too large for a link"))
            }
            _ => Ok(()),
        }
    }
}

fn numbers(numbers: &[usize]) -> Result<(), LinkError> {
    if numbers.iter().any(|number| *number >= MAX_NUMBER) {
        return Err(LinkError::Invalid("a number that no network has"));
    }
    Ok(())
}

fn check_goal(goal: &Goal) -> Result<(), LinkError> {
    match goal {
        Goal::Feature(number) | Goal::Class(number) => numbers(&[*number]),
        Goal::Add(features) if !(1..=MOST_ADDED).contains(&features.len()) => {
            Err(LinkError::Invalid("no features to add, or too many"))
        }
        Goal::Add(features) => numbers(features),
        Goal::Collide { epsilon } if !COLLIDE_EPSILONS.contains(epsilon) => {
            Err(LinkError::Invalid("a radius out of range"))
        }
        Goal::Collide { .. } => Ok(()),
    }
}

/// Names become parts of paths: letters, digits, `-` and `_`, as in our own files.
fn is_name(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=MAX_NAME).contains(&name.len()) && name.chars().all(letter)
}
