//! Blocks of 32 by 32 in the orders that tiles want.

use pulp::bytemuck::cast;

use super::line::{Bf16, LANES, Line, alone};
use super::tile::Rows;

/// A line as pairs of lanes, the first of which is the lower half.
type Pairs = [u32; LANES / 2];

/// The second operand whose row `k` is the line `k`: two tiles whose lines hold pairs of rows, lane
/// by lane.
#[inline(always)]
pub fn paired(rows: &Rows, out: &mut [Line]) {
    let (left, right) = out.split_at_mut(16);
    for i in 0..16 {
        alone();
        let mut pairs = [0; LANES];
        for lane in 0..LANES {
            let [even, odd] = [rows[2 * i].0[lane], rows[2 * i + 1].0[lane]];
            pairs[lane] = u32::from(even.bits()) | u32::from(odd.bits()) << 16;
        }
        let halves: [Pairs; 2] = cast(pairs);
        (left[i], right[i]) = (from_pairs(halves[0]), from_pairs(halves[1]));
    }
}

/// The second operand whose column `n` is the line `n`. Twice applied, it changes nothing.
///
/// Each of the two tiles is 16 by 16 pairs, and those change rows with columns.
#[inline(always)]
pub fn turned(rows: &Rows, out: &mut [Line]) {
    for tile in [0, 16] {
        let mut pairs = [[0; 16]; 16];
        for i in 0..16 {
            pairs[i] = to_pairs(&rows[tile + i]);
        }
        let pairs = exchange::<1>(exchange::<2>(exchange::<4>(exchange::<8>(pairs))));
        for i in 0..16 {
            out[tile + i] = from_pairs(pairs[i]);
        }
    }
}

#[inline(always)]
fn to_pairs(line: &Line) -> Pairs {
    alone();
    let mut lanes = [0u16; LANES];
    for lane in 0..LANES {
        lanes[lane] = line.0[lane].bits();
    }
    lower_first(cast(lanes))
}

#[inline(always)]
fn from_pairs(pairs: Pairs) -> Line {
    alone();
    let lanes: [u16; LANES] = cast(lower_first(pairs));
    let mut line = Line::default();
    for lane in 0..LANES {
        line.0[lane] = Bf16::from_bits(lanes[lane]);
    }
    line
}

/// What lies first in memory is the lower half of a pair on most processors, and is made so here on
/// the others.
#[inline(always)]
fn lower_first(mut pairs: Pairs) -> Pairs {
    if cfg!(target_endian = "big") {
        for pair in &mut pairs {
            *pair = pair.rotate_left(16);
        }
    }
    pairs
}

/// Exchanges the upper right with the lower left quarter of all squares of `2 N` by `2 N`.
#[inline(always)]
fn exchange<const N: usize>(from: [Pairs; 16]) -> [Pairs; 16] {
    let mut to = from;
    for row in 0..16 {
        alone();
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
