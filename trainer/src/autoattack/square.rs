//! The Square attack (Andriushchenko et al. 2020, "Square attack: a query-efficient black-box adversarial
//! attack via random search"): changes a random square at a time and keeps what brings the image nearer to
//! another class. It sees logits only, so that no hidden gradient stops it.

use anyhow::Result;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::{Ball, Classifier, Example, Found, Norm, Watch};
use window::Window;

mod window;

/// Share of an image that the first squares cover.
const FIRST_SHARE: f64 = 0.8;

/// Queries after which the share is halved once more.
const HALVED_AFTER: [usize; 8] = [10, 50, 200, 500, 1000, 2000, 4000, 6000];

/// The ninth halving.
const LAST_HALVING: usize = 8000;

/// One image's search.
struct Search<'a> {
    example: &'a Example,
    rng: ChaCha8Rng,
    /// The best point so far, and by how much its own class's logit leads there.
    x: Vec<f32>,
    margin: f32,
}

/// Attacks each image with its own draws.
pub fn attack(
    network: &dyn Classifier,
    examples: &[&Example],
    ball: Ball,
    queries: usize,
    rngs: Vec<ChaCha8Rng>,
    watch: &mut Watch<'_>,
) -> Result<Found> {
    let mut searches: Vec<Search<'_>> = examples
        .iter()
        .zip(rngs)
        .map(|(&example, rng)| Search { example, rng, x: Vec::new(), margin: f32::INFINITY })
        .collect();
    for query in 0..queries {
        let mut left: Vec<&mut Search<'_>> =
            searches.iter_mut().filter(|search| search.margin > 0.0).collect();
        if left.is_empty() || !watch(query) {
            break;
        }
        let propose = |search: &mut &mut Search<'_>| search.propose(ball, query);
        let proposals: Vec<Vec<f32>> = left.par_iter_mut().map(propose).collect();
        let images: Vec<&[f32]> = proposals.iter().map(Vec::as_slice).collect();
        let logits = network.logits(&images)?;
        for ((search, x), logits) in left.into_iter().zip(proposals).zip(logits) {
            let margin = margin(&logits, search.example.label);
            if margin < search.margin {
                (search.x, search.margin) = (x, margin);
            }
        }
    }
    Ok(searches.into_iter().map(|search| (search.margin <= 0.0).then_some(search.x)).collect())
}

/// By how much the logit of the image's class leads the largest other one.
fn margin(logits: &[f32], label: usize) -> f32 {
    let others = logits.iter().enumerate().filter(|(class, _)| *class != label);
    logits[label] - others.map(|(_, &z)| z).fold(f32::NEG_INFINITY, f32::max)
}

/// The share of an image that a square covers at this query.
fn share(query: usize) -> f64 {
    let halvings = HALVED_AFTER.iter().chain([&LAST_HALVING]).filter(|&&after| query > after);
    FIRST_SHARE / 2f64.powi(halvings.count() as i32)
}

impl Search<'_> {
    fn propose(&mut self, ball: Ball, query: usize) -> Vec<f32> {
        let clean = &self.example.pixels;
        let side = (clean.len() / 3).isqrt();
        let across = (share(query) * (side * side) as f64).sqrt().round() as usize;
        let rng = &mut self.rng;
        let mut x = match (ball.norm, query) {
            (Norm::Linf, 0) => stripes(clean, side, ball.eps, rng),
            (Norm::L2, 0) => tiles(clean, side, ball.eps, rng),
            (Norm::Linf, _) => {
                let square = Window::draw(side, across.clamp(1, side), rng);
                let mut x = self.x.clone();
                for plane in 0..3 {
                    let by = sign(rng) * ball.eps;
                    square.places(plane).for_each(|place| x[place] = clean[place] + by);
                }
                x
            }
            (Norm::L2, _) => {
                let across = across.clamp(3.min(side), side);
                // Odd, so that a square has a middle.
                let across = if across.is_multiple_of(2) { across - 1 } else { across };
                let mut change: Vec<f32> = self.x.iter().zip(clean).map(|(x, c)| x - c).collect();
                let to = Window::draw(side, across, rng);
                let from = Window::draw(side, across, rng);
                shift(&mut change, &from, &to, ball.eps, rng);
                change.iter().zip(clean).map(|(d, c)| c + d).collect()
            }
        };
        ball.project(&mut x, clean);
        x
    }
}

fn sign(rng: &mut impl Rng) -> f32 {
    if rng.random() { 1.0 } else { -1.0 }
}

/// Where the search in linf begins: every column of every plane brighter or darker by the radius.
fn stripes(clean: &[f32], side: usize, eps: f32, rng: &mut impl Rng) -> Vec<f32> {
    let signs: Vec<f32> = (0..3 * side).map(|_| sign(rng)).collect();
    let column = |place: usize| place / (side * side) * side + place % side;
    clean.iter().enumerate().map(|(place, c)| c + eps * signs[column(place)]).collect()
}

/// Where it begins in l2: five by five tiles of the search's own shape, as long as the radius together.
fn tiles(clean: &[f32], side: usize, eps: f32, rng: &mut impl Rng) -> Vec<f32> {
    let across = (side / 5).max(1);
    let (count, edge) = (side / across, (side % across) / 2);
    let mut change = vec![0.0; clean.len()];
    for tile in 0..count * count {
        let (top, left) = (edge + tile / count * across, edge + tile % count * across);
        let window = Window { side, across, top, left };
        let shape = window::bump(across, rng);
        for plane in 0..3 {
            let sign = sign(rng);
            window.places(plane).zip(&shape).for_each(|(place, v)| change[place] = sign * v);
        }
    }
    let length = Norm::L2.length(change.iter().copied()).max(1e-12) as f32;
    change.iter().zip(clean).map(|(d, c)| c + d * eps / length).collect()
}

/// Takes the change away in one window and spends its length, and what clamping has left of the radius,
/// in another one (algorithm 3).
fn shift(change: &mut [f32], from: &Window, to: &Window, eps: f32, rng: &mut impl Rng) {
    let squared = |values: &mut dyn Iterator<Item = f32>| -> f32 { values.map(|v| v * v).sum() };
    let unused = (eps * eps - squared(&mut change.iter().copied())).max(0.0);
    let shape = window::bump(to.across, rng);
    for plane in 0..3 {
        let inside = squared(&mut to.places(plane).map(|place| change[place]));
        let only_from = from.places(plane).filter(|&place| !to.holds(place));
        let outside = squared(&mut only_from.map(|place| change[place]));
        let length = (inside + outside + unused / 3.0).sqrt();
        let sign = sign(rng);
        let before = inside.sqrt().max(1e-12);
        let mixed: Vec<f32> =
            to.places(plane).zip(&shape).map(|(at, v)| sign * v + change[at] / before).collect();
        let scale = length / squared(&mut mixed.iter().copied()).sqrt().max(1e-12);
        from.places(plane).for_each(|place| change[place] = 0.0);
        to.places(plane).zip(mixed).for_each(|(place, v)| change[place] = v * scale);
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::super::Attack;
    use super::super::linear::{holds_and_falls, quick};
    use super::*;

    #[test]
    fn squares_shrink_as_in_the_paper() {
        assert_eq!(
            [0, 10, 11, 51, 201, 8001].map(|query| FIRST_SHARE / share(query)),
            [1.0, 1.0, 2.0, 4.0, 8.0, 512.0]
        );
    }

    #[test]
    fn a_linear_network_falls_well_beyond_its_radius_and_never_below() {
        holds_and_falls(Attack::Square, Norm::Linf, 1.4, &quick());
        holds_and_falls(Attack::Square, Norm::L2, 2.0, &quick());
    }

    #[test]
    fn a_shift_keeps_to_the_radius_and_moves_from_one_window_to_the_other() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let side = 12;
        let mut change = vec![0.01; 3 * side * side];
        let (from, to) = (
            Window { side, across: 5, top: 0, left: 0 },
            Window { side, across: 5, top: 3, left: 6 },
        );
        shift(&mut change, &from, &to, 0.5, &mut rng);
        assert!((Norm::L2.length(change.iter().copied()) - 0.5).abs() < 1e-5);
        let left = |place: &usize| !to.holds(*place);
        assert!(from.places(1).filter(left).all(|place| change[place] == 0.0));
        // Beyond both windows nothing has moved.
        assert_eq!(change[side * side - 1], 0.01);
    }

    #[test]
    fn the_margin_is_to_the_best_other_class() {
        assert_eq!(margin(&[1.0, 5.0, 4.5], 1), 0.5);
        assert_eq!(margin(&[1.0, 5.0, 4.5], 0), -4.0);
    }
}
