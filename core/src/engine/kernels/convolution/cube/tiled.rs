//! A convolution in which every invocation computes several pixels and channels.
//!
//! A product needs two numbers, and a number that is read once for several products costs less:
//! each of the [`PIXELS`] read pixels serves all channels of the tile and each weight all its
//! pixels. The sums stay in registers.

use burn::backend::TensorMetadata;
use burn::backend::cubecl::dtype_to_storage_type;
use burn_cubecl::cubecl::{self, calculate_cube_count_elemwise, prelude::*};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_dtype;
use burn_cubecl::tensor::CubeTensor;

use super::super::{After, Layer, Pass};

/// Channels in a vector, read and written at once.
const LANES: usize = 4;

/// Pixels in a tile, neighbours in a row.
const PIXELS: usize = 4;

/// Vectors of channels in a tile.
const VECTORS: usize = 2;

/// Channels in a tile, of which all tensors here have a multiple.
pub const CHANNELS: usize = LANES * VECTORS;

/// What an invocation does, known when the kernel is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Tile {
    kernel: usize,
    stride: usize,
    padding: usize,
    gradient: bool,
    rectify: bool,
    pixels: usize,
    vectors: usize,
}

/// `out[target][k] = bias[k] + Σ tap Σ c x[source][c] · weight[tap][c][k]`, and what is done after.
///
/// Forward, the source of target `t` and tap `k` is `t * stride + k - padding`; for the gradient of
/// the input it is `(t + padding - k) / stride` where that is whole. Then the pixels of a tile are
/// `stride` apart, so that all of them meet the same taps.
#[cube(launch)]
fn tiled<E: Float, N: Size>(
    x: &Tensor<Vector<E, N>>,
    weight: &Tensor<Vector<E, N>>,
    bias: ComptimeOption<&[Vector<E, N>]>,
    plus: ComptimeOption<&[Vector<E, N>]>,
    positive: ComptimeOption<&[Vector<E, N>]>,
    out: &mut Tensor<Vector<E, N>>,
    units: u32,
    #[comptime] tile: Tile,
    #[define(E)] _dtype: ElemType,
) {
    if ABSOLUTE_POS >= units as usize {
        terminate!();
    }
    let lanes = comptime![LANES];
    let pixels = comptime![tile.pixels];
    let vectors = comptime![tile.vectors];
    let spacing = comptime![if tile.gradient { tile.stride } else { 1usize }];
    let (height, width) = (x.shape(1), x.shape(2));
    let depth = x.shape(3) / lanes;
    let (out_height, out_width) = (out.shape(1), out.shape(2));
    let columns = out.shape(3) / lanes;

    let groups = columns / vectors;
    let tiles = spacing * out_width.div_ceil(spacing).div_ceil(pixels);
    let first_column = ABSOLUTE_POS % groups * vectors;
    let rest = ABSOLUTE_POS / groups;
    let tile_x = rest % tiles;
    let y = rest / tiles % out_height;
    let image = rest / tiles / out_height;
    let first_x = tile_x / spacing * (pixels * spacing) + tile_x % spacing;

    let mut sums = Array::<Vector<E, N>>::new(pixels * vectors);
    #[unroll]
    for v in 0..vectors {
        let bias: ComptimeOption<Vector<E, N>> = bias.as_ref().map(|b| b[first_column + v]);
        let start = bias.unwrap_or(Vector::broadcast(E::from_int(0)));
        #[unroll]
        for p in 0..pixels {
            sums[p * vectors + v] = start;
        }
    }

    for tap_y in 0..comptime![tile.kernel] {
        let (source_y, meets_y) = source(y, tap_y, height, tile);
        if meets_y {
            for tap_x in 0..comptime![tile.kernel] {
                let row = (image * height + source_y) * width;
                // Where a pixel's channels begin; beyond the image any place will do.
                let mut places = Array::<usize>::new(pixels);
                let mut inside = Array::<bool>::new(pixels);
                #[unroll]
                for p in 0..pixels {
                    let (source_x, meets_x) = source(first_x + p * spacing, tap_x, width, tile);
                    inside[p] = meets_x;
                    places[p] = select(meets_x, (row + source_x) * depth, 0);
                }
                let tap = (tap_y * comptime![tile.kernel] + tap_x) * depth * lanes;
                for c in 0..depth {
                    let mut values = Array::<Vector<E, N>>::new(pixels);
                    #[unroll]
                    for p in 0..pixels {
                        let value = x[places[p] + c];
                        values[p] = select(inside[p], value, Vector::broadcast(E::from_int(0)));
                    }
                    #[unroll]
                    for lane in 0..lanes {
                        let at = (tap + c * lanes + lane) * columns + first_column;
                        #[unroll]
                        for v in 0..vectors {
                            let factor = weight[at + v];
                            #[unroll]
                            for p in 0..pixels {
                                let value = Vector::broadcast(values[p].extract(lane));
                                sums[p * vectors + v] += value * factor;
                            }
                        }
                    }
                }
            }
        }
    }

    #[unroll]
    for p in 0..pixels {
        let target_x = first_x + p * spacing;
        if target_x < out_width {
            let place = ((image * out_height + y) * out_width + target_x) * columns + first_column;
            #[unroll]
            for v in 0..vectors {
                let zero = Vector::broadcast(E::from_int(0));
                let plus: ComptimeOption<Vector<E, N>> = plus.as_ref().map(|b| b[place + v]);
                let mut sum = sums[p * vectors + v] + plus.unwrap_or(zero);
                if comptime![tile.rectify] {
                    sum = max(sum, zero);
                }
                #[comptime]
                if let ComptimeOption::Some(positive) = &positive {
                    sum = select_many(positive[place + v].greater_than(&zero), sum, zero);
                }
                out[place + v] = sum;
            }
        }
    }
}

/// Along one axis of `side` pixels: the source of a target and a tap, and whether there is one.
#[cube]
fn source(target: usize, tap: usize, side: usize, #[comptime] tile: Tile) -> (usize, bool) {
    let (stride, padding) = comptime![(tile.stride, tile.padding)];
    if comptime![tile.gradient] {
        let ahead = target + padding;
        let reached = ahead - tap;
        let meets = ahead >= tap && reached.is_multiple_of(stride) && reached / stride < side;
        (reached / stride, meets)
    } else {
        let ahead = target * stride + tap;
        (ahead - padding, ahead >= padding && ahead - padding < side)
    }
}

/// Runs it: the output of `x`, or the gradient of an input of `extent` from `x`, that of the
/// output. `weight` is `[kernel, kernel, depth, columns]`.
pub fn launch(
    x: CubeTensor,
    weight: CubeTensor,
    bias: Option<CubeTensor>,
    layer: Layer,
    pass: Pass,
    [images, height, width]: [usize; 3],
    after: After<CubeTensor>,
) -> CubeTensor {
    let columns = weight.shape()[3];
    let gradient = pass == Pass::InputGradient;
    let Layer { kernel, stride, .. } = layer;
    let tile = Tile {
        kernel,
        stride,
        padding: layer.padding(),
        gradient,
        rectify: after.rectify,
        pixels: PIXELS,
        vectors: VECTORS,
    };
    let spacing = if gradient { stride } else { 1 };
    let tiles = spacing * width.div_ceil(spacing).div_ceil(PIXELS);
    let units = images * height * tiles * columns / CHANNELS;
    let x = into_contiguous(x);
    let After { plus, where_positive, .. } = after.map(into_contiguous);
    let (client, dtype) = (x.client.clone(), x.dtype);
    let shape = [images, height, width, columns].into();
    let out = empty_device_dtype(client.clone(), x.device.clone(), shape, dtype);
    let dim = CubeDim::new(&client, units);
    tiled::launch(
        &client,
        calculate_cube_count_elemwise(&client, units, dim),
        dim,
        LANES,
        x.into_tensor_arg(),
        weight.into_tensor_arg(),
        bias.map(|bias| bias.into_buffer_arg()).into(),
        plus.map(|plus| plus.into_buffer_arg()).into(),
        where_positive.map(|x| x.into_buffer_arg()).into(),
        out.clone().into_tensor_arg(),
        units as u32,
        tile,
        dtype_to_storage_type(dtype),
    );
    out
}
