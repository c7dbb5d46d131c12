//! Blocks of 32 by 32 in the orders that tiles want.

use super::line::{Bf16, Line};
use super::tile::Rows;

/// The second operand whose row `k` is the line `k`: two tiles whose lines hold pairs of rows, lane
/// by lane.
#[inline(always)]
pub fn paired(rows: &Rows, out: &mut [Line]) {
    let (left, right) = out.split_at_mut(16);
    for ((rows, left), right) in rows.chunks_exact(2).zip(left).zip(right) {
        for n in 0..16 {
            left.0[2 * n] = rows[0].0[n];
            left.0[2 * n + 1] = rows[1].0[n];
            right.0[2 * n] = rows[0].0[16 + n];
            right.0[2 * n + 1] = rows[1].0[16 + n];
        }
    }
}

/// The second operand whose column `n` is the line `n`. Twice applied, it changes nothing.
///
/// Each of the two tiles is 16 by 16 pairs, and those change rows with columns.
#[inline(always)]
pub fn turned(rows: &Rows, out: &mut [Line]) {
    for (rows, out) in rows.chunks_exact(16).zip(out.chunks_exact_mut(16)) {
        let mut pairs = [[0u32; 16]; 16];
        for (pairs, row) in pairs.iter_mut().zip(rows) {
            for i in 0..16 {
                pairs[i] = u32::from(row.0[2 * i].bits()) | u32::from(row.0[2 * i + 1].bits()) << 16;
            }
        }
        let pairs = exchange::<1>(exchange::<2>(exchange::<4>(exchange::<8>(pairs))));
        for (out, pairs) in out.iter_mut().zip(&pairs) {
            for i in 0..16 {
                out.0[2 * i] = Bf16::from_bits(pairs[i] as u16);
                out.0[2 * i + 1] = Bf16::from_bits((pairs[i] >> 16) as u16);
            }
        }
    }
}

/// Exchanges the upper right with the lower left quarter of all squares of `2 N` by `2 N`.
#[inline(always)]
fn exchange<const N: usize>(from: [[u32; 16]; 16]) -> [[u32; 16]; 16] {
    let mut to = from;
    for row in 0..16 {
        for column in 0..16 {
            let stays = (row & N == 0) == (column & N == 0);
            to[row][column] = if stays { from[row][column] } else { from[row ^ N][column ^ N] };
        }
    }
    to
}

/// The first operand whose column `k` is the line `k`: what was by image is by channel.
#[inline(always)]
pub fn transposed(rows: &Rows, out: &mut [Line]) {
    let mut pairs = [Line::default(); 32];
    paired(rows, &mut pairs);
    turned(&pairs, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Rows {
        std::array::from_fn(|i| {
            Line(std::array::from_fn(|j| Bf16::from_bits((100 * i + j) as u16)))
        })
    }

    fn apply(order: fn(&Rows, &mut [Line])) -> Rows {
        let mut out = [Line::default(); 32];
        order(&rows(), &mut out);
        out
    }

    #[test]
    fn every_number_finds_its_place() {
        let (rows, paired, turned, transposed) =
            (rows(), apply(paired), apply(turned), apply(transposed));
        for (k, n) in (0..32).flat_map(|k| (0..32).map(move |n| (k, n))) {
            let place = |block: &Rows| block[n / 16 * 16 + k / 2].0[2 * (n % 16) + k % 2];
            assert_eq!(place(&paired), rows[k].0[n]);
            assert_eq!(place(&turned), rows[n].0[k]);
            assert_eq!(transposed[n].0[k], rows[k].0[n]);
        }
    }
}
