//! The nearest point of a hyperplane within [0, 1].

use super::Norm;

/// The shortest change `d` by which `⟨w, x + d⟩ = ⟨w, x⟩ + gain` and `x + d` stays in [0, 1], for `x`
/// in [0, 1]. Where the hyperplane does not meet that box, the change to the box's point nearest to it.
///
/// Every value moves the way that helps, as far as it has room: in l2 in proportion to its weight, in
/// linf all alike. How far follows from the values sorted by when they run out of room, between two of
/// which the gain grows at one rate (Hein and Andriushchenko 2017; exact, not iterated).
pub fn step_onto(norm: Norm, x: &[f32], w: &[f32], gain: f64) -> Vec<f32> {
    let mut values: Vec<Value> = x
        .iter()
        .zip(w)
        .enumerate()
        .filter(|(_, (_, w))| **w != 0.0)
        .map(|(i, (&x, &w))| Value::new(norm, i, x, f64::from(w) * gain.signum()))
        .collect();
    values.sort_unstable_by(|a, b| a.until.total_cmp(&b.until));
    let mut rate: f64 = values.iter().map(|value| value.weight * value.speed).sum();
    let (mut left, mut time) = (gain.abs(), 0.0);
    for value in &values {
        let until_then = rate * (value.until - time);
        if until_then >= left {
            break;
        }
        (left, time) = (left - until_then, value.until);
        rate -= value.weight * value.speed;
    }
    // What rounding has left of a rate of 0 would be a time without end; room ends it below.
    if rate > 0.0 {
        time += left / rate;
    }
    let mut change = vec![0.0; x.len()];
    for value in values {
        change[value.place] = (value.sign * (time * value.speed).min(value.room)) as f32;
    }
    change
}

/// One that can move: which way, how fast, how far, and until when.
struct Value {
    place: usize,
    weight: f64,
    sign: f64,
    speed: f64,
    room: f64,
    until: f64,
}

impl Value {
    fn new(norm: Norm, place: usize, x: f32, w: f64) -> Self {
        let (weight, sign) = (w.abs(), w.signum());
        let room = if sign > 0.0 { 1.0 - f64::from(x) } else { f64::from(x) };
        let speed = match norm {
            Norm::L2 => weight,
            Norm::Linf => 1.0,
        };
        Self { place, weight, sign, speed, room, until: room / speed }
    }
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn gained(w: &[f32], change: &[f32]) -> f64 {
        w.iter().zip(change).map(|(&w, &d)| f64::from(w) * f64::from(d)).sum()
    }

    /// The shortest change of all on a fine grid of the first two values, where the third follows from
    /// the plane.
    fn by_force(norm: Norm, x: &[f32], w: &[f32], gain: f64) -> Option<f64> {
        const FINE: u16 = 400;
        let grid = || (0..=FINE).map(|i| f32::from(i) / f32::from(FINE));
        let lengths = grid().flat_map(|a| grid().map(move |b| (a, b))).filter_map(|(a, b)| {
            let two = gained(w, &[a - x[0], b - x[1]]);
            let third = f64::from(x[2]) + (gain - two) / f64::from(w[2]);
            let change = [a - x[0], b - x[1], third as f32 - x[2]];
            (0.0..=1.0).contains(&third).then(|| norm.length(change.into_iter()))
        });
        lengths.min_by(f64::total_cmp)
    }

    #[test]
    fn no_point_of_the_plane_in_the_box_is_nearer() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let (mut met, mut missed) = (0, 0);
        for _ in 0..40 {
            let x: [f32; 3] = std::array::from_fn(|_| rng.random_range(0.0..=1.0));
            let w: [f32; 3] = std::array::from_fn(|_| rng.random_range(-1.0..=1.0));
            let gain = rng.random_range(-1.0..=1.0);
            for norm in [Norm::L2, Norm::Linf] {
                let change = step_onto(norm, &x, &w, gain);
                let moved: Vec<f32> = x.iter().zip(&change).map(|(x, d)| x + d).collect();
                assert!(moved.iter().all(|v| (-1e-6..=1.000_001).contains(v)), "{moved:?}");
                let length = norm.length(change.iter().copied());
                let room: f64 = x
                    .iter()
                    .zip(&w)
                    .map(|(&x, &w)| {
                        let w = f64::from(w) * gain.signum();
                        w.abs() * f64::from(if w > 0.0 { 1.0 - x } else { x })
                    })
                    .sum();
                if room < gain.abs() {
                    missed += 1;
                    assert!((gained(&w, &change).abs() - room).abs() < 1e-5, "not at the corner");
                    continue;
                }
                met += 1;
                assert!((gained(&w, &change) - gain).abs() < 1e-5, "beside the plane");
                let least = by_force(norm, &x, &w, gain);
                assert!(
                    least.is_none_or(|least| length <= least + 1e-5),
                    "{norm:?}: {length}, {least:?}"
                );
            }
        }
        assert!(met > 20 && missed > 10, "{met} planes met the box, {missed} did not");
    }

    #[test]
    fn where_there_is_room_it_is_the_plain_projection() {
        let (x, w) = ([0.5; 4], [0.3, -0.4, 0.0, 1.2]);
        let l2 = step_onto(Norm::L2, &x, &w, 0.169);
        assert!(
            l2.iter().zip([0.03, -0.04, 0.0, 0.12]).all(|(a, b)| (a - b).abs() < 1e-6),
            "{l2:?}"
        );
        let linf = step_onto(Norm::Linf, &x, &w, 0.19);
        assert!(
            linf.iter().zip([0.1, -0.1, 0.0, 0.1]).all(|(a, b)| (a - b).abs() < 1e-6),
            "{linf:?}"
        );
        assert_eq!(step_onto(Norm::L2, &x, &[0.0; 4], 1.0), [0.0; 4]);
    }
}
