//! How many numbers the instruction set at hand computes at once.

use pulp::{Arch, Simd, WithSimd};

/// Most rows of sums that are kept in registers.
pub const MOST_ROWS: usize = 6;

/// Most numbers in a row of sums: four vectors of AVX-512.
pub const MOST_COLUMNS: usize = 64;

/// Vectors in a row of sums. Rows and vectors fill the registers of AVX-512 (24 of 32), AVX2 (12
/// of 16) and SIMD128 (8 of 16; some are needed for what is added).
#[inline(always)]
pub const fn vectors<S: Simd>() -> usize {
    if S::F32_LANES >= 16 { 4 } else { 2 }
}

/// Rows of sums.
#[inline(always)]
pub const fn rows<S: Simd>() -> usize {
    if S::F32_LANES >= 8 { MOST_ROWS } else { 4 }
}

/// Numbers in a row of sums: columns of a panel of weights.
#[inline(always)]
pub const fn width<S: Simd>() -> usize {
    S::F32_LANES * vectors::<S>()
}

/// [`width`] of this machine's instruction set.
pub fn panel_width() -> usize {
    struct Width;
    impl WithSimd for Width {
        type Output = usize;

        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> usize {
            width::<S>()
        }
    }
    Arch::new().dispatch(Width)
}

/// The same number in every lane.
#[inline(always)]
pub fn splat<S: Simd>(simd: S, value: f32) -> S::f32s {
    simd.splat_f32s(value)
}

/// One row: `V` vectors.
#[derive(Clone, Copy)]
pub struct Columns<S: Simd, const V: usize>([S::f32s; V]);

impl<S: Simd, const V: usize> Columns<S, V> {
    /// The first numbers of a slice that holds a row or more.
    #[inline(always)]
    pub fn load(values: &[f32]) -> Self {
        let vectors = S::as_simd_f32s(&values[..V * S::F32_LANES]).0;
        let mut row = [vectors[0]; V];
        row.iter_mut().zip(vectors).for_each(|(row, vector)| *row = *vector);
        Self(row)
    }

    /// Into the first numbers of a slice.
    #[inline(always)]
    pub fn store(&self, values: &mut [f32]) {
        let vectors = S::as_mut_simd_f32s(&mut values[..V * S::F32_LANES]).0;
        vectors.iter_mut().zip(self.0).for_each(|(vector, row)| *vector = row);
    }

    /// Adds a product.
    #[inline(always)]
    pub fn add(&mut self, simd: S, factor: S::f32s, other: &Self) {
        for (sum, other) in self.0.iter_mut().zip(other.0) {
            *sum = simd.mul_add_e_f32s(factor, other, *sum);
        }
    }
}
