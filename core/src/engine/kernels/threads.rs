//! Work shared between processor cores, where there are several.

use std::marker::PhantomData;
use std::ops::Range;

use rayon::prelude::*;

/// How many cores share the work. In a browser one does, and what is for several is not compiled.
fn cores() -> usize {
    if cfg!(target_family = "wasm") { 1 } else { rayon::current_num_threads() }
}

/// Calls `work` for every panel and all tiles, in ranges of neighbours, on all cores.
///
/// Every sum is made by one call alone, so the result does not depend on how many cores there are.
pub fn for_each(panels: usize, tiles: usize, work: impl Fn(usize, Range<usize>) + Sync) {
    let cores = cores();
    if cores == 1 || panels * tiles < 8 {
        return (0..panels).for_each(|panel| work(panel, 0..tiles));
    }
    // Some more parts than cores, since not all take as long.
    let parts = (4 * cores).div_ceil(panels).min(tiles);
    (0..panels * parts).into_par_iter().for_each(|job| {
        let (panel, part) = (job / parts, job % parts);
        work(panel, part * tiles / parts..(part + 1) * tiles / parts);
    });
}

/// A slice that several cores write to, each to its own part.
pub struct Shared<'a> {
    start: *mut f32,
    len: usize,
    slice: PhantomData<&'a mut [f32]>,
}

// SAFETY: what makes writing from several threads sound is promised at every call of `write`.
#[allow(unsafe_code)]
unsafe impl Sync for Shared<'_> {}

impl Shared<'_> {
    /// How long the slice is.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Copies `values` to position `at`.
    ///
    /// # Safety
    ///
    /// No other thread may write to the same place.
    ///
    /// # Panics
    ///
    /// Where the slice ends before.
    #[inline(always)]
    #[allow(unsafe_code)]
    pub unsafe fn write(&self, at: usize, values: &[f32]) {
        assert!(at + values.len() <= self.len, "written beyond the end");
        // SAFETY: inside the slice, which nothing else can borrow, and the caller's own part.
        unsafe {
            std::ptr::copy_nonoverlapping(values.as_ptr(), self.start.add(at), values.len());
        }
    }
}

/// A vector of `len` numbers that `fill` writes. Nobody zeroes them first, which one core would do
/// for all.
///
/// # Safety
///
/// `fill` writes every place.
#[allow(unsafe_code)]
pub unsafe fn written(len: usize, fill: impl FnOnce(Shared<'_>)) -> Vec<f32> {
    let mut values = Vec::with_capacity(len);
    fill(Shared { start: values.as_mut_ptr(), len, slice: PhantomData });
    // SAFETY: as many were asked for, and the caller promises that they are written.
    unsafe { values.set_len(len) };
    values
}

/// Calls `work` with every chunk of `len` values and its index, on all cores.
pub fn for_each_chunk<T: Send>(
    values: &mut [T],
    len: usize,
    work: impl Fn(usize, &mut [T]) + Sync,
) {
    if cores() == 1 {
        return values.chunks_mut(len).enumerate().for_each(|(i, chunk)| work(i, chunk));
    }
    values.par_chunks_mut(len).enumerate().for_each(|(i, chunk)| work(i, chunk));
}

/// `work` of every index, in order, on all cores.
pub fn map<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    if cores() == 1 {
        return (0..count).map(work).collect();
    }
    (0..count).into_par_iter().map(&work).collect()
}
