//! Which places of its input a convolution's output is made of.
//!
//! A place is a pixel of a square map, row by row. Padding needs no memory: taps that fall outside
//! are left out. For the first layer, whose three channels would leave a line nearly empty, a place
//! of the input is a run of ten pixels of a row, and so many weights.

use super::line::LANES;

/// Pixels of three channels in a line.
pub const RUN: usize = LANES / 3;

/// Runs that the pixels of a kernel's row can be in.
const REACH: usize = 2;

/// One summand of an output: the input's place `place` times the weights of number `weight`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tap {
    pub weight: usize,
    pub place: usize,
}

/// All summands of all outputs.
pub struct Taps {
    /// Of each place of the output.
    of: Vec<Vec<Tap>>,
    /// Places of the input.
    pub inputs: usize,
    /// Blocks of weights that there are.
    pub weights: usize,
}

/// Side of the map that a convolution makes.
pub const fn side_after(side: usize, kernel: usize, stride: usize) -> usize {
    (side + 2 * (kernel / 2) - kernel) / stride + 1
}

impl Taps {
    /// The taps of a square kernel, padded by half of its side.
    pub fn convolution(side: usize, kernel: usize, stride: usize) -> Self {
        let out = side_after(side, kernel, stride);
        let inside = |at: usize, offset: usize| {
            (at * stride + offset).checked_sub(kernel / 2).filter(|place| *place < side)
        };
        let place = |place: usize| {
            let weights = (0..kernel * kernel).filter_map(|weight| {
                let y = inside(place / out, weight / kernel)?;
                let x = inside(place % out, weight % kernel)?;
                Some(Tap { weight, place: y * side + x })
            });
            weights.collect()
        };
        let of = (0..out * out).map(place).collect();
        Self { of, inputs: side * side, weights: kernel * kernel }
    }

    /// The taps of a first layer over runs of pixels, whose weights are laid out by [`Runs`].
    pub fn runs(side: usize, kernel: usize, stride: usize) -> Self {
        let (out, across) = (side_after(side, kernel, stride), runs_across(side));
        let runs = Runs { kernel, stride };
        let place = |place: usize| {
            let (y, x) = (place / out, place % out);
            let first = (x * stride) as isize - (kernel / 2) as isize;
            let first = first.div_euclid(RUN as isize);
            let mut taps = Vec::new();
            for row in 0..kernel {
                let at = (y * stride + row).checked_sub(kernel / 2).filter(|y| *y < side);
                for reach in 0..REACH {
                    let run = usize::try_from(first + reach as isize).ok();
                    let run = run.filter(|run| *run < across);
                    let weight = (x % runs.phases() * kernel + row) * REACH + reach;
                    if let (Some(y), Some(run), true) = (at, run, runs.touches(weight)) {
                        taps.push(Tap { weight, place: y * across + run });
                    }
                }
            }
            taps
        };
        let of = (0..out * out).map(place).collect();
        Self { of, inputs: side * across, weights: runs.weights() }
    }

    /// The other way round: which places of the output an input is a summand of.
    pub fn turned(&self) -> Self {
        let mut of = vec![Vec::new(); self.inputs];
        for (place, taps) in self.of.iter().enumerate() {
            for tap in taps {
                of[tap.place].push(Tap { place, ..*tap });
            }
        }
        Self { of, inputs: self.of.len(), weights: self.weights }
    }

    /// Places of the output.
    pub fn outputs(&self) -> usize {
        self.of.len()
    }

    /// The summands of a place of the output.
    pub fn of(&self, place: usize) -> &[Tap] {
        &self.of[place]
    }

    /// How many there are of all places.
    pub fn count(&self) -> usize {
        self.of.iter().map(Vec::len).sum()
    }
}

/// Runs in a row of `side` pixels.
pub const fn runs_across(side: usize) -> usize {
    side.div_ceil(RUN)
}

/// The weights of a first layer over runs of pixels: where a kernel's row begins within a run
/// repeats after a few places, and each such phase has blocks of its own, made of the same weights.
#[derive(Clone, Copy, Debug)]
pub struct Runs {
    pub kernel: usize,
    pub stride: usize,
}

impl Runs {
    fn phases(self) -> usize {
        if RUN.is_multiple_of(self.stride) { RUN / self.stride } else { RUN }
    }

    /// Blocks: by phase, row of the kernel and run.
    pub fn weights(self) -> usize {
        self.phases() * self.kernel * REACH
    }

    /// The number, among a channel's `[3, kernel, kernel]` weights, of the one that a lane of a run
    /// is multiplied with.
    pub fn source(self, weight: usize, lane: usize) -> Option<usize> {
        let Self { kernel, stride } = self;
        let (phase, row, reach) =
            (weight / REACH / kernel, weight / REACH % kernel, weight % REACH);
        let begin = ((phase * stride) as isize - (kernel / 2) as isize).rem_euclid(RUN as isize);
        let column = (reach * RUN + lane / 3).checked_sub(begin as usize)?;
        (lane < 3 * RUN && column < kernel).then_some((lane % 3 * kernel + row) * kernel + column)
    }

    fn touches(self, weight: usize) -> bool {
        (0..LANES).any(|lane| self.source(weight, lane).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taps_outside_are_left_out() {
        let taps = Taps::convolution(4, 3, 2);
        assert_eq!((taps.outputs(), taps.inputs, taps.count()), (4, 16, 4 + 6 + 6 + 9));
        assert_eq!(taps.of(0)[0], Tap { weight: 4, place: 0 });
        let turned = taps.turned();
        assert_eq!((turned.outputs(), turned.inputs, turned.count()), (16, 4, 25));
        assert!(turned.of(5).contains(&Tap { weight: 0, place: 3 }));
        assert_eq!(Taps::convolution(1, 3, 2).of(0), [Tap { weight: 4, place: 0 }]);
        assert_eq!((side_after(7, 1, 2), side_after(8, 7, 2), side_after(1, 3, 1)), (4, 4, 1));
    }

    /// Every pixel under the kernel is multiplied with its weight, once.
    #[test]
    fn runs_hold_the_pixels_under_a_kernel() {
        for (side, kernel, stride) in [(8, 3, 1), (21, 3, 2), (33, 7, 2), (64, 7, 2), (9, 3, 2)] {
            let taps = Taps::runs(side, kernel, stride);
            let (runs, across) = (Runs { kernel, stride }, runs_across(side));
            let (out, plain) =
                (side_after(side, kernel, stride), Taps::convolution(side, kernel, stride));
            assert_eq!(taps.outputs(), out * out);
            for place in 0..taps.outputs() {
                let mut found = Vec::new();
                for tap in taps.of(place) {
                    for lane in 0..LANES {
                        let x = tap.place % across * RUN + lane / 3;
                        let Some(source) = runs.source(tap.weight, lane) else { continue };
                        if x < side {
                            found.push((source, lane % 3, tap.place / across * side + x));
                        }
                    }
                }
                let mut wanted: Vec<_> = (0..3)
                    .flat_map(|c| plain.of(place).iter().map(move |tap| (c, tap)))
                    .map(|(c, tap)| (c * kernel * kernel + tap.weight, c, tap.place))
                    .collect();
                found.sort_unstable();
                wanted.sort_unstable();
                assert_eq!(
                    found, wanted,
                    "side {side}, kernel {kernel}, stride {stride}, place {place}"
                );
            }
        }
    }
}
