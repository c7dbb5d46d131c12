//! Vectors that multiply pairs of bf16 numbers: AVX-512 of many processors without matrix units.

use std::arch::x86_64::{
    __cpuid, __m512, __m512bh, __m512i, _mm512_dpbf16_ps, _mm512_set1_epi32, _mm512_setzero_ps,
};
use std::mem::transmute;

use super::{SIDE, Step, Sums};
use crate::bf16::line::{Bf16, Line, Wide};

/// Proof that the processor has these instructions: there is no other way to one than
/// [`Avx512::detect`].
#[derive(Clone, Copy, Debug)]
pub struct Avx512(());

/// Rows of sums that stay in registers: 16 of the 32 registers, two a row.
const HELD: usize = 8;

/// Steps whose 4 kB of operands each stay in the first cache, while all rows go over them.
const NEAR: usize = 8;

impl Avx512 {
    /// Asks the processor.
    pub fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bf16");
        found.then_some(Self(()))
    }

    /// Whether this is faster than AVX-512 in f32: where the instruction takes as long as f32's, which
    /// does half as much, as AMD's does. Intel's takes four times as long.
    pub fn is_fast(self) -> bool {
        let vendor = __cpuid(0);
        [vendor.ebx, vendor.edx, vendor.ecx].map(u32::to_le_bytes).as_flattened() == b"AuthenticAMD"
    }

    /// Adds the products of all steps; panics where one goes beyond an operand's end.
    pub fn accumulate(self, sums: &mut Sums, fresh: bool, a: &[Line], b: &[Line], steps: &[Step]) {
        if fresh {
            *sums = [Wide::default(); SIDE];
        }
        for steps in steps.chunks(NEAR) {
            for (i, held) in sums.as_chunks_mut().0.iter_mut().enumerate() {
                // SAFETY: `self` proves that the processor has both features.
                unsafe { multiply(held, i * HELD, a, b, steps) };
            }
        }
    }
}

/// Adds to the sums of the rows that begin at `first`. Loops count, and arrays have a length, so that
/// the sums stay in registers.
#[target_feature(enable = "avx512f,avx512bf16")]
fn multiply(sums: &mut [Wide; HELD], first: usize, a: &[Line], b: &[Line], steps: &[Step]) {
    let mut held = [[_mm512_setzero_ps(); 2]; HELD];
    for m in 0..HELD {
        held[m] = halves(&sums[m]);
    }
    for step in steps {
        let a = &a[step.a as usize + first..][..HELD];
        let b = &b[step.b as usize..][..SIDE];
        for k in 0..SIDE / 2 {
            let columns = [numbers(&b[k]), numbers(&b[SIDE / 2 + k])];
            for m in 0..HELD {
                let pair = pair(&a[m], k);
                held[m][0] = _mm512_dpbf16_ps(held[m][0], pair, columns[0]);
                held[m][1] = _mm512_dpbf16_ps(held[m][1], pair, columns[1]);
            }
        }
    }
    for m in 0..HELD {
        // SAFETY: both are 32 numbers of 32 bits in the same order, and any bits are a number.
        sums[m] = unsafe { transmute::<[__m512; 2], Wide>(held[m]) };
    }
}

/// A row of sums: columns 0 to 15 and 16 to 31.
#[target_feature(enable = "avx512f")]
fn halves(sums: &Wide) -> [__m512; 2] {
    // SAFETY: both are 32 numbers of 32 bits in the same order, and any bits are a number.
    unsafe { transmute::<Wide, [__m512; 2]>(*sums) }
}

/// Sixteen pairs.
#[target_feature(enable = "avx512f")]
fn numbers(line: &Line) -> __m512bh {
    // SAFETY: both are 32 numbers of 16 bits in the same order, and any bits are a number.
    unsafe { transmute::<Line, __m512bh>(*line) }
}

/// Sixteen times the pair `k`.
#[target_feature(enable = "avx512f")]
fn pair(line: &Line, k: usize) -> __m512bh {
    let bits = |number: Bf16| u32::from(number.bits());
    let pair = bits(line.0[2 * k]) | bits(line.0[2 * k + 1]) << 16;
    // SAFETY: both are 512 bits, and any bits are bf16 numbers.
    unsafe { transmute::<__m512i, __m512bh>(_mm512_set1_epi32(pair.cast_signed())) }
}
