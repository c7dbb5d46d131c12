//! The loops beside sums written out.

use super::*;

/// Anything that is not regular.
fn values(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12345);
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 - 0.5
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// Calls `visit(output pixel, k, input pixel, c, place in the weights)` for all that belong together.
fn each(layer: &Layer, [images, h, w]: Extent, mut visit: impl FnMut(usize, usize, usize)) {
    let [input, output] = layer.channels;
    let (oh, ow) = (layer.output(h), layer.output(w));
    for n in 0..images {
        for (oy, ox) in (0..oh).flat_map(|y| (0..ow).map(move |x| (y, x))) {
            for tap in 0..layer.taps() {
                let at = |o: usize, t: usize| (o * layer.stride + t).checked_sub(layer.padding());
                let (y, x) = (at(oy, tap / layer.kernel), at(ox, tap % layer.kernel));
                let (Some(y), Some(x)) = (y.filter(|y| *y < h), x.filter(|x| *x < w)) else {
                    continue;
                };
                for (k, c) in (0..output).flat_map(|k| (0..input).map(move |c| (k, c))) {
                    visit(
                        ((n * oh + oy) * ow + ox) * output + k,
                        ((n * h + y) * w + x) * input + c,
                        (k * input + c) * layer.taps() + tap,
                    );
                }
            }
        }
    }
}

fn assert_close(found: &[f32], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let worst =
        found.iter().zip(expected).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max);
    assert!(worst < 2e-5, "{what}: {worst}");
}

#[test]
fn all_three_products_are_what_the_definition_says() {
    for (channels, kernel, stride, extent) in [
        ([3, 16], 3, 2, [2, 12, 12]),
        ([3, 10], 7, 2, [1, 15, 11]),
        ([8, 70], 3, 1, [3, 4, 4]),
        ([20, 9], 3, 1, [1, 9, 13]),
        ([17, 33], 3, 2, [2, 8, 7]),
        ([12, 40], 1, 2, [2, 5, 8]),
        ([9, 8], 1, 1, [1, 3, 3]),
        // Smaller than the kernel: most of its positions meet nothing.
        ([9, 8], 3, 2, [2, 1, 1]),
        ([4, 8], 3, 1, [1, 1, 2]),
    ] {
        let layer = Layer { channels, kernel, stride };
        let [images, h, w] = extent;
        let outputs = images * layer.output(h) * layer.output(w) * channels[1];
        let x = values(images * h * w * channels[0], 1);
        let weight = values(channels[0] * channels[1] * kernel * kernel, 2);
        let bias = values(channels[1], 3);
        let gradient = values(outputs, 4);
        let mut expected: Vec<f64> =
            (0..outputs).map(|i| f64::from(bias[i % channels[1]])).collect();
        let (mut of_x, mut of_weight) = (vec![0.0; x.len()], vec![0.0; weight.len()]);
        each(&layer, extent, |o, i, at| {
            let (x, w, g) = (f64::from(x[i]), f64::from(weight[at]), f64::from(gradient[o]));
            expected[o] += x * w;
            of_x[i] += g * w;
            of_weight[at] += g * x;
        });
        let nothing = After::default();
        let found =
            output(&layer, extent, &x, &pack_forward(&layer, &weight), Some(&bias), &nothing);
        assert_close(&found, &expected, &format!("output of {layer:?}"));
        let panels = pack_backward(&layer, &weight);
        let found = input_gradient(&layer, extent, &gradient, &panels, &nothing);
        assert_close(&found, &of_x, &format!("input gradient of {layer:?}"));
        let found = weight_gradient(&layer, extent, &x, &gradient);
        assert_close(&found, &of_weight, &format!("weight gradient of {layer:?}"));

        // The same with what can be done before the sums are written.
        let plus = values(outputs, 5);
        let after = After { plus: Some(plus.as_slice()), rectify: true, where_positive: None };
        let found = output(&layer, extent, &x, &pack_forward(&layer, &weight), Some(&bias), &after);
        let with_plus = expected.iter().zip(&plus).map(|(sum, plus)| sum + f64::from(*plus));
        let rectified: Vec<f64> = with_plus.map(|sum| sum.max(0.0)).collect();
        assert_close(&found, &rectified, &format!("rectified output of {layer:?}"));
        let plus = values(x.len(), 6);
        let after = After {
            plus: Some(plus.as_slice()),
            rectify: false,
            where_positive: Some(x.as_slice()),
        };
        let found = input_gradient(&layer, extent, &gradient, &panels, &after);
        let sums = of_x.iter().zip(&plus).map(|(sum, plus)| sum + f64::from(*plus));
        let masked: Vec<f64> =
            sums.zip(&x).map(|(sum, x)| if *x > 0.0 { sum } else { 0.0 }).collect();
        assert_close(&found, &masked, &format!("masked input gradient of {layer:?}"));
    }
}
