//! A loss curve as the points of an SVG polyline.

/// Points that a curve is drawn with at most.
const POINTS: usize = 240;

/// The curve of `losses`, one a step, in a box of 1000 by 400 that is `steps` wide and reaches from
/// 1 % to 200 % on a logarithmic scale.
pub fn polyline(losses: &[f32], steps: usize) -> String {
    let stride = losses.len().div_ceil(POINTS).max(1);
    let width = steps.max(losses.len()).max(2) as f32 - 1.0;
    let point = |(step, loss): (usize, &f32)| {
        // 2.0 is the top, 0.01 the bottom.
        let height = (loss.clamp(0.01, 2.0) / 0.01).log10() / 200f32.log10();
        let whole = |share: f32, most: f32| (share * most).round() as u32;
        format!("{},{}", whole(step as f32 / width, 1000.0), whole(1.0 - height, 400.0))
    };
    losses.iter().enumerate().step_by(stride).map(point).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_spans_its_steps_and_stays_short() {
        assert_eq!(polyline(&[2.0, 0.01], 2), "0,0 1000,400");
        assert_eq!(polyline(&[], 200), "");
        let long = polyline(&vec![0.5; 10_000], 10_000);
        assert!(long.split(' ').count() <= POINTS);
    }
}
