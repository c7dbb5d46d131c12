//! Blurred downsampling: (1 2 1)/4 along rows and columns, stride 2, beyond edges that reflect.

use rayon::prelude::*;
use robust_core::model::architecture::Downsampling;

use super::line::{Line, Wide, vectorised};
use super::product::{At, Images};
use super::tile::Sums;

/// A summand of a place: of which place, and what share.
type Summand = (usize, f32);

/// A blur of maps of one size.
pub struct Blur {
    /// Of each place after it.
    forward: Vec<Vec<Summand>>,
    /// Of each place before it.
    backward: Vec<Vec<Summand>>,
}

impl Blur {
    /// Of maps of `side` by `side`.
    pub fn new(side: usize) -> Self {
        let half = Self::side_after(side);
        let summands = |to: usize| {
            let [rows, columns] = [to / half, to % half].map(|to| Downsampling::blur(to, side));
            let all = rows.into_iter().flat_map(|row| columns.map(|column| (row, column)));
            let mut summands: Vec<Summand> = Vec::new();
            for ((y, of_row), (x, of_column)) in all {
                let (place, share) = (y * side + x, of_row * of_column);
                // At an edge some places come twice.
                match summands.iter_mut().find(|(known, _)| *known == place) {
                    Some((_, sum)) => *sum += share,
                    None => summands.push((place, share)),
                }
            }
            summands
        };
        let forward: Vec<_> = (0..half * half).map(summands).collect();
        let mut backward = vec![Vec::new(); side * side];
        for (to, summands) in forward.iter().enumerate() {
            summands.iter().for_each(|(from, share)| backward[*from].push((to, *share)));
        }
        Self { forward, backward }
    }

    /// Side of the map after it.
    pub fn side_after(side: usize) -> usize {
        side.div_ceil(2)
    }

    /// Places of the map after it.
    pub fn outputs(&self) -> usize {
        self.forward.len()
    }

    /// Places of the map before it.
    pub fn inputs(&self) -> usize {
        self.backward.len()
    }

    /// The blurred map.
    pub fn forward(&self, out: &mut [Line], x: &[Line], blocks: usize, images: Images) {
        let rows = images.rows();
        out.par_chunks_mut(rows).enumerate().for_each(|(i, out)| {
            let (place, block) = (i / blocks, i % blocks);
            vectorised(
                #[inline(always)]
                || {
                    for row in 0..images.count {
                        let mut sum = Wide::default();
                        for (from, share) in &self.forward[place] {
                            let x = &x[(from * blocks + block) * rows + row];
                            sum.update(|sum, i| sum + share * x.at(i));
                        }
                        out[row] = sum.nearest();
                    }
                    out[images.count..].fill(Line::default());
                },
            );
        });
    }

    /// Adds to `sums`, of a place before the blur, its shares of the gradients after it.
    pub fn backward(
        &self,
        at: At,
        sums: &mut Sums,
        gradient: &[Line],
        blocks: usize,
        images: Images,
    ) {
        vectorised(
            #[inline(always)]
            || {
                for (to, share) in &self.backward[at.place] {
                    let line = (to * blocks + at.block) * images.rows() + at.group * sums.len();
                    for (sums, gradient) in sums.iter_mut().zip(&gradient[line..][..at.images]) {
                        sums.update(|sum, i| sum + share * gradient.at(i));
                    }
                }
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bf16::junction::Junction;
    use crate::bf16::line::{LANES, lines};
    use crate::bf16::tests::{draw, lines_of, rounded};

    /// Weighs every place before the blur, in plain loops: `visit(to, from, share)`.
    fn plainly(side: usize, mut visit: impl FnMut(usize, usize, f64)) {
        let half = side.div_ceil(2);
        let reflected = |at: isize| match side as isize - 1 {
            0 => 0,
            last => (last - (last - at.abs()).abs()) as usize,
        };
        for (to, tap) in (0..half * half).flat_map(|to| (0..9).map(move |tap| (to, tap))) {
            let [y, x] = [(to / half, tap / 3), (to % half, tap % 3)]
                .map(|(at, tap)| reflected((2 * at + tap) as isize - 1));
            visit(to, y * side + x, [1.0, 2.0, 1.0][tap / 3] * [1.0, 2.0, 1.0][tap % 3] / 16.0);
        }
    }

    /// What was found beside an exact sum: its last rounding is to bf16, all others are to f32.
    fn check(found: f32, exact: f64, size: f64, name: &str) {
        let bound = exact.abs() / 256.0 + 1e-6 * size;
        assert!((f64::from(found) - exact).abs() <= bound, "{name}: {found} for {exact}");
    }

    #[test]
    fn maps_of_all_sizes_are_blurred_and_gradients_come_back() {
        for (side, channels, count) in
            [(1, 3, 2), (2, 40, 5), (3, 8, 33), (7, 33, 3), (8, 32, 40), (9, 5, 1)]
        {
            let (blur, images) = (Blur::new(side), Images { count });
            let (blocks, rows) = (lines(channels), images.rows());
            let (places, half) = (blur.inputs(), blur.outputs());
            assert_eq!((places, half), (side * side, side.div_ceil(2).pow(2)));
            let values = rounded(&draw(count * channels * places, 1));
            let of_out = rounded(&draw(count * channels * half, 2));
            let (x, gradient) =
                (lines_of(&values, images, channels), lines_of(&of_out, images, channels));
            let mut out = vec![Line::of(|_| f32::NAN); half * blocks * rows];
            blur.forward(&mut out, &x, blocks, images);
            let mut back = vec![Line::default(); x.len()];
            let junction = Junction { active: None, beside: None, norms: [None; 2] };
            junction.pass_all(&mut back, blocks, images, |at, sums| {
                blur.backward(at, sums, &gradient, blocks, images);
            });
            for (map, (image, channel)) in
                (0..count).flat_map(|i| (0..channels).map(move |c| (i, c))).enumerate()
            {
                let [mut forward, mut backward] = [half, places].map(|len| vec![[0.0; 2]; len]);
                plainly(side, |to, from, share| {
                    let (x, g) = (values[map * places + from], of_out[map * half + to]);
                    let (x, g) = (share * f64::from(x), share * f64::from(g));
                    forward[to] = [forward[to][0] + x, forward[to][1] + x.abs()];
                    backward[from] = [backward[from][0] + g, backward[from][1] + g.abs()];
                });
                let at = |lines: &[Line], place: usize| {
                    let line = (place * blocks + channel / LANES) * rows + image;
                    lines[line].at(channel % LANES)
                };
                for (place, [sum, size]) in forward.iter().enumerate() {
                    check(at(&out, place), *sum, *size, &format!("side {side}, output {place}"));
                }
                for (place, [sum, size]) in backward.iter().enumerate() {
                    check(at(&back, place), *sum, *size, &format!("side {side}, input {place}"));
                }
            }
            // Images that only fill a group stay zero.
            let filled = out.chunks_exact(rows).chain(back.chunks_exact(rows));
            assert!(filled.flat_map(|rows| &rows[count..]).all(|line| *line == Line::default()));
        }
    }
}
