//! The one product that everything is made of: sums of 32 by 32 over lines of 32.
//!
//! The processor's matrix units (AMX) compute it, or its vectors (AVX-512, AVX2), or plain loops that
//! do the same.

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod amx;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod avx2;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod avx512;

use super::line::{LANES, Line, Wide};

/// Rows and columns of a block of sums: two by two tiles of 16 by 16.
pub const SIDE: usize = LANES;

/// A block of sums, row by row.
pub type Sums = [Wide; SIDE];

/// 32 lines of one operand: two tiles of 16 rows.
pub type Rows = [Line; SIDE];

/// Where the 32 lines of both operands begin that are multiplied next.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Step {
    /// In the first operand, in lines.
    pub a: u32,
    /// In the second one, in lines.
    pub b: u32,
}

/// What multiplies.
#[derive(Clone, Copy, Debug)]
pub enum Unit {
    /// Loops that every processor runs.
    Plain,
    /// The processor's matrix units.
    #[cfg(target_arch = "x86_64")]
    Amx(amx::Amx),
    /// Vectors whose lanes multiply pairs of numbers.
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::Avx512),
    /// Vectors of 32-bit numbers, to which pairs are widened.
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
}

impl Unit {
    /// The fastest that this processor has.
    pub fn best() -> Self {
        Self::all()[0]
    }

    /// What this processor has, the fastest first.
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            all.extend(amx::Amx::detect().map(Self::Amx));
            all.extend(avx512::Avx512::detect().map(Self::Avx512));
            all.extend(avx2::Avx2::detect().map(Self::Avx2));
        }
        all.push(Self::Plain);
        all
    }

    /// Whether training is faster with this than in f32.
    pub fn is_fast(self) -> bool {
        match self {
            Self::Plain => false,
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(avx512) => avx512.is_fast(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.is_fast(),
            #[cfg(target_arch = "x86_64")]
            Self::Amx(_) => true,
        }
    }

    /// Adds to `sums` (to zero where it is `fresh`) the products of all steps, row `m`, column `n`:
    /// the sum over `k` of `a[m][k]` times `b[n / 16][k / 2][2 (n % 16) + k % 2]`, where `a` is 32
    /// lines and `b` is two tiles of 16.
    ///
    /// # Panics
    ///
    /// Where a step goes beyond an operand's end.
    #[inline]
    pub fn accumulate(self, sums: &mut Sums, fresh: bool, a: &[Line], b: &[Line], steps: &[Step]) {
        let last = steps.iter().fold([0; 2], |[x, y], step| [x.max(step.a), y.max(step.b)]);
        let inside = |last: u32, operand: &[Line]| last as usize + SIDE <= operand.len();
        assert!(
            steps.is_empty() || (inside(last[0], a) && inside(last[1], b)),
            "a step beyond an operand's end"
        );
        match self {
            Self::Plain => plain(sums, fresh, a, b, steps),
            #[cfg(target_arch = "x86_64")]
            Self::Amx(amx) => amx.accumulate(sums, fresh, a, b, steps),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(avx512) => avx512.accumulate(sums, fresh, a, b, steps),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(avx2) => avx2.accumulate(sums, fresh, a, b, steps),
        }
    }
}

/// What the matrix units compute, in their order: products of even and of odd `k` are summed apart,
/// then both are added. A product of two bf16 numbers is exact in 32 bits, so that it makes no
/// difference whether it is fused with its addition.
fn plain(sums: &mut Sums, fresh: bool, a: &[Line], b: &[Line], steps: &[Step]) {
    if fresh {
        *sums = [Wide::default(); SIDE];
    }
    super::line::vectorised(
        #[inline(always)]
        || {
            for step in steps {
                let (a, b) = (&a[step.a as usize..][..SIDE], &b[step.b as usize..][..SIDE]);
                for (tile, b) in b.chunks_exact(16).enumerate() {
                    let mut wide = [Wide::default(); 16];
                    wide.iter_mut().zip(b).for_each(|(wide, b)| *wide = Wide::of(|i| b.at(i)));
                    for (a, sums) in a.iter().zip(sums.iter_mut()) {
                        let mut parts = [0.0; LANES];
                        for (pair, b) in a.0.chunks_exact(2).zip(&wide) {
                            let (even, odd) = (pair[0].wide(), pair[1].wide());
                            for n in 0..16 {
                                parts[2 * n] += even * b.0[2 * n];
                                parts[2 * n + 1] += odd * b.0[2 * n + 1];
                            }
                        }
                        for n in 0..16 {
                            sums.0[16 * tile + n] += parts[2 * n] + parts[2 * n + 1];
                        }
                    }
                }
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bf16::line::Bf16;

    /// Lines of numbers in [-1, 1].
    fn draw(count: usize, mut state: u32) -> Vec<Line> {
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Bf16::nearest((state >> 8) as f32 / (1 << 23) as f32 - 1.0)
        };
        (0..count).map(|_| Line(std::array::from_fn(|_| next()))).collect()
    }

    /// Sums of 32-bit numbers over `K` products are off by at most `K` roundings, each relative to
    /// the sum of absolute values at most.
    #[test]
    fn all_units_multiply_as_loops_do() {
        let (a, b) = (draw(200, 1), draw(300, 2));
        let steps = [(0, 0), (7, 33), (168, 268), (7, 0)].map(|(a, b)| Step { a, b });
        for unit in Unit::all() {
            let mut sums = [Wide([0.25; SIDE]); SIDE];
            unit.accumulate(&mut sums, false, &a, &b, &steps);
            let mut fresh = [Wide([f32::NAN; SIDE]); SIDE];
            unit.accumulate(&mut fresh, true, &a, &b, &steps[..2]);
            unit.accumulate(&mut fresh, false, &a, &b, &steps[2..]);
            for (m, n) in (0..SIDE).flat_map(|m| (0..SIDE).map(move |n| (m, n))) {
                let (mut exact, mut size) = (0.0, 0.0);
                for step in &steps {
                    for k in 0..SIDE {
                        let a = a[step.a as usize + m].0[k].wide();
                        let b =
                            b[step.b as usize + n / 16 * 16 + k / 2].0[2 * (n % 16) + k % 2].wide();
                        exact += f64::from(a) * f64::from(b);
                        size += f64::from(a * b).abs();
                    }
                }
                let bound = (size + 0.25) * (4.0 * 32.0 + 4.0) * f64::from(f32::EPSILON) / 2.0;
                assert!(
                    (f64::from(sums[m].0[n]) - exact - 0.25).abs() <= bound,
                    "{unit:?} {m} {n}"
                );
                assert!((f64::from(fresh[m].0[n]) - exact).abs() <= bound, "{unit:?} {m} {n}");
            }
        }
    }

    #[test]
    fn no_steps_give_zero_or_what_was_there() {
        for unit in Unit::all() {
            let mut sums = [Wide([3.0; SIDE]); SIDE];
            unit.accumulate(&mut sums, false, &[], &[], &[]);
            assert_eq!(sums, [Wide([3.0; SIDE]); SIDE]);
            unit.accumulate(&mut sums, true, &[], &[], &[]);
            assert_eq!(sums, [Wide::default(); SIDE]);
        }
    }

    #[test]
    #[should_panic(expected = "beyond an operand's end")]
    fn a_step_beyond_the_end_is_refused() {
        let lines = draw(40, 1);
        let mut sums = [Wide::default(); SIDE];
        Unit::Plain.accumulate(&mut sums, true, &lines, &lines, &[Step { a: 0, b: 9 }]);
    }
}
