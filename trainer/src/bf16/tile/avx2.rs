//! Vectors of 32-bit numbers, to which pairs of bf16 are widened: AVX2, which most processors have.

use std::arch::x86_64::{
    __m256, __m256i, _mm256_and_si256, _mm256_castsi256_ps, _mm256_fmadd_ps, _mm256_set1_epi32,
    _mm256_set1_ps, _mm256_setzero_ps, _mm256_slli_epi32,
};
use std::mem::transmute;

use super::{SIDE, Step, Sums};
use crate::bf16::line::{Line, Wide};

/// Proof that the processor has these instructions: there is no other way to one than
/// [`Avx2::detect`].
#[derive(Clone, Copy, Debug)]
pub struct Avx2(());

/// Rows of sums that stay in registers: 8 of the 16 registers, two a row.
const HELD: usize = 4;

/// Steps whose operands stay in the first cache, while all rows go over them: 4 kB of the first one,
/// widened, and 2 kB of the second one each.
const NEAR: usize = 4;

impl Avx2 {
    /// Asks the processor.
    pub fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        found.then_some(Self(()))
    }

    /// Whether this is faster than products in f32: where those have no wider vectors than these.
    pub fn is_fast(self) -> bool {
        !is_x86_feature_detected!("avx512f")
    }

    /// Adds the products of all steps; panics where one goes beyond an operand's end.
    pub fn accumulate(self, sums: &mut Sums, fresh: bool, a: &[Line], b: &[Line], steps: &[Step]) {
        if fresh {
            *sums = [Wide::default(); SIDE];
        }
        let mut wide = [[Wide::default(); SIDE]; NEAR];
        for steps in steps.chunks(NEAR) {
            // SAFETY: `self` proves that the processor has both features.
            unsafe { multiply_near(sums, &mut wide, a, b, steps) };
        }
    }
}

/// Adds the products of a few steps.
#[target_feature(enable = "avx2,fma")]
fn multiply_near(
    sums: &mut Sums,
    wide: &mut [[Wide; SIDE]; NEAR],
    a: &[Line],
    b: &[Line],
    steps: &[Step],
) {
    for i in 0..steps.len() {
        let a = &a[steps[i].a as usize..][..SIDE];
        for m in 0..SIDE {
            for k in 0..SIDE {
                wide[i][m].0[k] = a[m].0[k].wide();
            }
        }
    }
    for tile in 0..2 {
        for (i, held) in sums.as_chunks_mut().0.iter_mut().enumerate() {
            multiply(held, i * HELD, tile, wide, b, steps);
        }
    }
}

/// Adds to a tile's sums of the rows that begin at `first`. Loops count, and arrays have a length, so
/// that the sums stay in registers.
#[target_feature(enable = "avx2,fma")]
fn multiply(
    sums: &mut [Wide; HELD],
    first: usize,
    tile: usize,
    wide: &[[Wide; SIDE]; NEAR],
    b: &[Line],
    steps: &[Step],
) {
    let mut held = [[_mm256_setzero_ps(); 2]; HELD];
    for m in 0..HELD {
        held[m] = quarters(&sums[m])[tile];
    }
    for i in 0..steps.len() {
        let b = &b[steps[i].b as usize + tile * (SIDE / 2)..][..SIDE / 2];
        let a = &wide[i][first..][..HELD];
        for k in 0..SIDE / 2 {
            let pairs = numbers(&b[k]);
            let columns = [even(pairs[0]), even(pairs[1])];
            for m in 0..HELD {
                let row = _mm256_set1_ps(a[m].0[2 * k]);
                held[m][0] = _mm256_fmadd_ps(row, columns[0], held[m][0]);
                held[m][1] = _mm256_fmadd_ps(row, columns[1], held[m][1]);
            }
            let columns = [odd(pairs[0]), odd(pairs[1])];
            for m in 0..HELD {
                let row = _mm256_set1_ps(a[m].0[2 * k + 1]);
                held[m][0] = _mm256_fmadd_ps(row, columns[0], held[m][0]);
                held[m][1] = _mm256_fmadd_ps(row, columns[1], held[m][1]);
            }
        }
    }
    for m in 0..HELD {
        let mut row = quarters(&sums[m]);
        row[tile] = held[m];
        // SAFETY: both are 32 numbers of 32 bits in the same order, and any bits are a number.
        sums[m] = unsafe { transmute::<[[__m256; 2]; 2], Wide>(row) };
    }
}

/// A row of sums: the columns of either tile, eight at a time.
#[target_feature(enable = "avx2")]
fn quarters(sums: &Wide) -> [[__m256; 2]; 2] {
    // SAFETY: both are 32 numbers of 32 bits in the same order, and any bits are a number.
    unsafe { transmute::<Wide, [[__m256; 2]; 2]>(*sums) }
}

/// Pairs of eight columns, and of the next eight.
#[target_feature(enable = "avx2")]
fn numbers(line: &Line) -> [__m256i; 2] {
    // SAFETY: both are 512 bits, and any bits are integers.
    unsafe { transmute::<Line, [__m256i; 2]>(*line) }
}

/// The first number of each pair, in 32 bits.
#[target_feature(enable = "avx2")]
fn even(pairs: __m256i) -> __m256 {
    _mm256_castsi256_ps(_mm256_slli_epi32(pairs, 16))
}

/// The second number of each pair, in 32 bits.
#[target_feature(enable = "avx2")]
fn odd(pairs: __m256i) -> __m256 {
    _mm256_castsi256_ps(_mm256_and_si256(pairs, _mm256_set1_epi32(!0xffff)))
}
