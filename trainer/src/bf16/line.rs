//! Numbers by lines of 32: the lanes of a tile's row.
//!
//! Loops over lanes count: an array's `map`, and iterators in places, are calls that the compiler
//! leaves standing, lane by lane, where vectors should be (a training step was 1.5 times as slow).

use pulp::Arch;

/// Lanes of a line.
pub const LANES: usize = 32;

/// The upper half of a 32-bit float: its range, 8 bits of significand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(transparent)]
pub struct Bf16(u16);

impl Bf16 {
    /// The same number in 32 bits.
    #[inline(always)]
    pub fn wide(self) -> f32 {
        f32::from_bits(u32::from(self.0) << 16)
    }

    /// The nearest number, the even one of two that are as near. What processors call not a number
    /// stays that.
    #[inline(always)]
    pub fn nearest(value: f32) -> Self {
        let bits = value.to_bits();
        Self((bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16) as u16)
    }

    /// Of 16 bits.
    #[inline(always)]
    pub fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// Its 16 bits.
    #[inline(always)]
    pub fn bits(self) -> u16 {
        self.0
    }
}

/// 32 channels of an image at a place, or what else a tile's row holds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C, align(64))]
pub struct Line(pub [Bf16; LANES]);

/// A line of 32-bit numbers: sums, weights, statistics.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C, align(64))]
pub struct Wide(pub [f32; LANES]);

impl Line {
    /// The same numbers in 32 bits.
    #[inline(always)]
    pub fn wide(&self) -> Wide {
        let mut out = Wide::default();
        for lane in 0..LANES {
            out.0[lane] = self.0[lane].wide();
        }
        out
    }
}

impl Wide {
    /// Rounded, lane by lane.
    #[inline(always)]
    pub fn nearest(&self) -> Line {
        let mut out = Line::default();
        for lane in 0..LANES {
            out.0[lane] = Bf16::nearest(self.0[lane]);
        }
        out
    }

    /// Of every lane of two lines.
    #[inline(always)]
    pub fn zip(&self, other: &Self, f: impl Fn(f32, f32) -> f32) -> Self {
        let mut out = *self;
        for lane in 0..LANES {
            out.0[lane] = f(self.0[lane], other.0[lane]);
        }
        out
    }

    /// Of every lane.
    #[inline(always)]
    pub fn map(&self, f: impl Fn(f32) -> f32) -> Self {
        let mut out = *self;
        for lane in 0..LANES {
            out.0[lane] = f(self.0[lane]);
        }
        out
    }
}

/// Lines that hold so many numbers.
pub const fn lines(numbers: usize) -> usize {
    numbers.div_ceil(LANES)
}

/// Runs `work` compiled for the widest vectors that the processor has. All that it calls must be
/// inlined into it.
#[inline(always)]
pub fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    Arch::new().dispatch(work)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_to_the_nearest_and_to_even() {
        let round = |value: f32| Bf16::nearest(value).wide();
        // Between 1 and 2 numbers are 2^-7 apart.
        let apart = 1.0 / 128.0;
        assert_eq!(round(1.0 + 0.4 * apart), 1.0);
        assert_eq!(round(1.0 + 0.6 * apart), 1.0 + apart);
        assert_eq!((round(1.0 + 0.5 * apart), round(1.0 + 1.5 * apart)), (1.0, 1.0 + 2.0 * apart));
        assert_eq!((round(f32::MAX), round(f32::INFINITY)), (f32::INFINITY, f32::INFINITY));
        assert!(round(f32::NAN).is_nan() && round(-f32::NAN).is_nan());
        for i in 0..10_000 {
            let value = (i as f32 - 5e3).powi(3) * 1e-7;
            assert!((round(value) - value).abs() <= value.abs() / 256.0);
        }
    }
}
