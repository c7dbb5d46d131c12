//! Where results are written, and what is done with them there.

use crate::engine::kernels::convolution::After;
use crate::engine::kernels::threads::Shared;

/// Pixels' channels, `[pixels][columns]`, that several cores write to.
pub struct Destination<'a> {
    out: Shared<'a>,
    /// Channels of a pixel.
    pub columns: usize,
    after: &'a After<&'a [f32]>,
}

impl<'a> Destination<'a> {
    /// Writes to `out`, `columns` numbers a pixel.
    ///
    /// # Panics
    ///
    /// Where the tensors of `after` are not as long as `out`.
    pub fn new(out: Shared<'a>, columns: usize, after: &'a After<&'a [f32]>) -> Self {
        for other in [after.plus, after.where_positive].into_iter().flatten() {
            assert_eq!(other.len(), out.len(), "an operand of another shape");
        }
        Self { out, columns, after }
    }

    /// Writes some channels of a pixel, from `first` on; `values` is worked on.
    ///
    /// # Safety
    ///
    /// No other thread may write to the same place.
    ///
    /// # Panics
    ///
    /// Beyond the last pixel.
    #[inline(always)]
    #[allow(unsafe_code)]
    pub unsafe fn write(&self, pixel: usize, first: usize, values: &mut [f32]) {
        let at = pixel * self.columns + first;
        if let Some(plus) = self.after.plus {
            let plus = &plus[at..][..values.len()];
            values.iter_mut().zip(plus).for_each(|(value, plus)| *value += plus);
        }
        if self.after.rectify {
            // What is not a number stays so: a loss that breaks down must be seen.
            values.iter_mut().for_each(|value| *value = if *value < 0.0 { 0.0 } else { *value });
        }
        if let Some(x) = self.after.where_positive {
            let x = &x[at..][..values.len()];
            for (value, x) in values.iter_mut().zip(x) {
                *value = if *x > 0.0 { *value } else { 0.0 };
            }
        }
        // SAFETY: the caller's promise.
        unsafe { self.out.write(at, values) };
    }
}
