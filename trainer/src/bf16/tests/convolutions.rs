//! Products and gradients of convolutions.

use super::{draw, lines_of, rounded};
use crate::bf16::filter::Filter;
use crate::bf16::line::{LANES, Wide, lines};
use crate::bf16::product::{Images, Multiplier, Product};
use crate::bf16::taps::{Taps, side_after};
use crate::bf16::tile::{SIDE, Unit};
use crate::bf16::weight_gradient::Learnt;

/// A sum and the sum of its absolute values.
#[derive(Clone, Copy, Default)]
struct Exact {
    sum: f64,
    size: f64,
    terms: usize,
}

impl Exact {
    fn add(&mut self, a: f32, b: f32) {
        let product = f64::from(a) * f64::from(b);
        *self = Self {
            sum: self.sum + product,
            size: self.size + product.abs(),
            terms: self.terms + 1,
        };
    }

    /// A sum of products of numbers that are bf16 already is rounded once a term, in whatever order,
    /// and once more for each block of 32 terms that it is put together from.
    fn check(&self, found: f32, name: &str) {
        let roundings = (self.terms + self.terms.div_ceil(32) + 2) as f64;
        let bound = roundings * f64::from(f32::EPSILON) / 2.0 * self.size;
        let off = (f64::from(found) - self.sum).abs();
        assert!(off <= bound, "{name}: {found} for {}, off by {off}, bound {bound}", self.sum);
    }
}

/// Outputs, gradients of inputs and of weights, one after another.
struct Layer {
    images: usize,
    channels: [usize; 2],
    side: usize,
    kernel: usize,
    stride: usize,
}

impl Layer {
    /// By the definition: `visit(output, input, weight)` for all products, by their numbers in
    /// `[image][channel][place]` and `[output][input][tap]`.
    fn products(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let Self { images, channels: [inputs, outputs], side, kernel, stride } = *self;
        let out = side_after(side, kernel, stride);
        for (image, o) in (0..images).flat_map(|image| (0..outputs).map(move |o| (image, o))) {
            for (y, x) in (0..out).flat_map(|y| (0..out).map(move |x| (y, x))) {
                let output = ((image * outputs + o) * out + y) * out + x;
                for tap in 0..kernel * kernel {
                    let at = |at: usize, tap: usize| {
                        (at * stride + tap).checked_sub(kernel / 2).filter(|at| *at < side)
                    };
                    let (Some(y), Some(x)) = (at(y, tap / kernel), at(x, tap % kernel)) else {
                        continue;
                    };
                    for i in 0..inputs {
                        let input = ((image * inputs + i) * side + y) * side + x;
                        visit(output, input, (o * inputs + i) * kernel * kernel + tap);
                    }
                }
            }
        }
    }

    fn check(&self) {
        let Self { images, channels: [inputs, outputs], side, kernel, stride } = *self;
        let name = |what: &str| {
            format!(
                "{what}: {images} images, {inputs} to {outputs} channels, side {side}, kernel {kernel}, stride {stride}"
            )
        };
        let out = side_after(side, kernel, stride);
        let filter = Filter { channels: self.channels, kernel, stride, first: false };
        let images = Images { count: images };
        let x = rounded(&draw(images.count * inputs * side * side, 1));
        let w = rounded(&draw(outputs * inputs * kernel * kernel, 2));
        let g = rounded(&draw(images.count * outputs * out * out, 3));
        let mut weights = vec![Wide::default(); filter.len()];
        for (i, w) in w.iter().enumerate() {
            let (tap, input) = (i % (kernel * kernel), i / (kernel * kernel) % inputs);
            let (line, lane) = filter.place(input, i / (kernel * kernel) / inputs, tap);
            weights[line].0[lane] = *w;
        }
        let (mut forward, mut backward, mut learnt) = (
            vec![Exact::default(); g.len()],
            vec![Exact::default(); x.len()],
            vec![Exact::default(); w.len()],
        );
        self.products(|output, input, weight| {
            forward[output].add(x[input], w[weight]);
            backward[input].add(g[output], w[weight]);
            learnt[weight].add(x[input], g[output]);
        });

        let taps = Taps::convolution(side, kernel, stride);
        let multiplier = Multiplier::new(Unit::best());
        let (x, g) = (lines_of(&x, images, inputs), lines_of(&g, images, outputs));
        let blocks = filter.blocks();
        let panels = blocks[0] * blocks[1] * filter.taps() * SIDE;
        let mut panel = vec![Default::default(); panels];
        let sums = |product: Product<'_>| {
            let mut sums =
                vec![Wide::default(); product.taps.outputs() * product.blocks[1] * images.rows()];
            multiplier
                .run(product, &mut sums, |_, sums, out, _: &mut ()| out.copy_from_slice(sums));
            sums
        };
        let compare = |found: &[Wide], exact: &[Exact], channels: usize, what: &str| {
            let places = exact.len() / images.count / channels;
            for (i, exact) in exact.iter().enumerate() {
                let (image, channel, place) =
                    (i / places / channels, i / places % channels, i % places);
                let line = (place * lines(channels) + channel / LANES) * images.rows() + image;
                exact.check(found[line].0[channel % LANES], &name(what));
            }
        };
        filter.forward(&weights, None, &mut panel);
        let product = Product { taps: &taps, input: &x, weights: &panel, blocks, images };
        compare(&sums(product), &forward, outputs, "output");

        filter.turned(&weights, None, &mut panel);
        let (turned, back) = (taps.turned(), [blocks[1], blocks[0]]);
        let product = Product { taps: &turned, input: &g, weights: &panel, blocks: back, images };
        compare(&sums(product), &backward, inputs, "gradient of the input");

        let mut gradient = vec![[Wide([f32::NAN; LANES]); SIDE]; filter.len() / SIDE];
        let blocks_used = blocks[0];
        let all =
            Learnt { taps: &taps, input: &x, gradient: &g, blocks, used: blocks_used, images };
        multiplier.learn(all, &mut gradient);
        for (i, exact) in learnt.iter().enumerate() {
            let (tap, input) = (i % (kernel * kernel), i / (kernel * kernel) % inputs);
            let (line, lane) = filter.place(input, i / (kernel * kernel) / inputs, tap);
            exact.check(gradient.as_flattened()[line].0[lane], &name("gradient of weights"));
        }
    }
}

#[test]
fn they_agree_with_loops_at_all_sizes() {
    let layers = [
        // images, channels, side, kernel, stride
        (1, [1, 1], 1, 1, 1),
        (1, [1, 1000], 1, 3, 1),
        (3, [1000, 3], 2, 1, 2),
        (33, [5, 7], 5, 3, 2),
        (40, [32, 64], 4, 3, 1),
        (2, [70, 33], 7, 3, 1),
        (31, [33, 20], 6, 1, 2),
        (65, [20, 40], 9, 3, 2),
        (5, [8, 16], 16, 3, 1),
        (2, [40, 130], 8, 3, 2),
        (7, [3, 9], 23, 7, 2),
    ];
    for (images, channels, side, kernel, stride) in layers {
        Layer { images, channels, side, kernel, stride }.check();
    }
}
