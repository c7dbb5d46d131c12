//! Numbers by lines of 32: the lanes of a tile's row.
//!
//! What is computed of lines is written as one function of a lane ([`Wide::of`], [`Wide::update`]),
//! so that it is one loop without temporary lines, which becomes vectors. Chains of whole lines, an
//! array's `map` and iterators over lanes became calls, lane by lane, and a training step took 1.7
//! times as long.

use std::sync::atomic::{Ordering, compiler_fence};

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
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub struct Line(pub [Bf16; LANES]);

/// A line of 32-bit numbers: sums, weights, statistics.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub struct Wide(pub [f32; LANES]);

// Written out, since the one that is derived is a call as well.
impl Default for Line {
    #[inline(always)]
    fn default() -> Self {
        Self([Bf16(0); LANES])
    }
}

impl Default for Wide {
    #[inline(always)]
    fn default() -> Self {
        Self([0.0; LANES])
    }
}

impl Line {
    /// Lane by lane, rounded.
    #[inline(always)]
    pub fn of(f: impl Fn(usize) -> f32) -> Self {
        alone();
        let mut out = Self::default();
        for lane in 0..LANES {
            out.0[lane] = Bf16::nearest(f(lane));
        }
        out
    }

    /// A lane in 32 bits.
    #[inline(always)]
    pub fn at(&self, lane: usize) -> f32 {
        self.0[lane].wide()
    }
}

impl Wide {
    /// Lane by lane.
    #[inline(always)]
    pub fn of(f: impl Fn(usize) -> f32) -> Self {
        alone();
        let mut out = Self::default();
        for lane in 0..LANES {
            out.0[lane] = f(lane);
        }
        out
    }

    /// Changes every lane by itself and its number.
    #[inline(always)]
    pub fn update(&mut self, f: impl Fn(f32, usize) -> f32) {
        alone();
        for lane in 0..LANES {
            self.0[lane] = f(self.0[lane], lane);
        }
    }

    /// Rounded, lane by lane.
    #[inline(always)]
    pub fn nearest(&self) -> Line {
        Line::of(|i| self.0[i])
    }
}

/// Where a line begins. It costs nothing, and keeps the compiler from making a vector of the same
/// lane of many lines, whose numbers lie far apart, instead of one line's lanes.
#[inline(always)]
pub fn alone() {
    compiler_fence(Ordering::SeqCst);
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
