//! A kernel for products that are small, or long and thin.

use burn::backend::TensorMetadata;
use burn::backend::cubecl::dtype_to_storage_type;
use burn::backend::ops::FloatTensorOps;
use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl::{self, calculate_cube_count_elemwise, prelude::*};
use burn_cubecl::ops::numeric::empty_device_dtype;
use burn_cubecl::tensor::CubeTensor;

use super::RowProducts;

/// Invocations that keep a device busy; with fewer products than that, rows are cut into parts.
const ENOUGH: usize = 1 << 15;

/// Numbers below which a part is not worth an invocation.
const SHORTEST: usize = 64;

/// `out[image][part][i][j] = Σ a[image][i][t] · b[image][j][t]` over the numbers of a part.
#[cube(launch)]
fn row_products<E: Float>(
    a: &Tensor<E>,
    b: &Tensor<E>,
    out: &mut Tensor<E>,
    length: u32,
    units: u32,
    #[define(E)] _dtype: ElemType,
) {
    if ABSOLUTE_POS >= units as usize {
        terminate!();
    }
    let (parts, rows, columns) = (out.shape(1), out.shape(2), out.shape(3));
    let column = ABSOLUTE_POS % columns;
    let rest = ABSOLUTE_POS / columns;
    let row = rest % rows;
    let part = rest / rows % parts;
    let image = rest / rows / parts;

    let first = part * length as usize;
    let after = first + length as usize;
    let end = select(after < a.shape(2), after, a.shape(2));
    let in_a = image * a.stride(0) + row * a.stride(1);
    let in_b = image * b.stride(0) + column * b.stride(1);
    let mut sum = E::from_int(0);
    for t in first..end {
        sum += a[in_a + t * a.stride(2)] * b[in_b + t * b.stride(2)];
    }
    out[ABSOLUTE_POS] = sum;
}

impl RowProducts for CubeBackend {
    fn row_products(a: CubeTensor, b: CubeTensor) -> CubeTensor {
        let (of_a, of_b) = (a.shape(), b.shape());
        let [batch, m, k, n] = [of_a[0], of_a[1], of_a[2], of_b[1]];
        let wanted = (ENOUGH / (batch * m * n)).clamp(1, k.div_ceil(SHORTEST));
        let length = k.div_ceil(wanted);
        let parts = k.div_ceil(length);
        let units = batch * parts * m * n;
        let (client, dtype) = (a.client.clone(), a.dtype);
        let shape = [batch, parts, m, n].into();
        let out = empty_device_dtype(client.clone(), a.device.clone(), shape, dtype);
        let dim = CubeDim::new(&client, units);
        row_products::launch(
            &client,
            calculate_cube_count_elemwise(&client, units, dim),
            dim,
            a.into_tensor_arg(),
            b.into_tensor_arg(),
            out.clone().into_tensor_arg(),
            length as u32,
            units as u32,
            dtype_to_storage_type(dtype),
        );
        let sum = if parts > 1 { Self::float_sum_dim(out, 1) } else { out };
        Self::float_reshape(sum, [batch, m, n].into())
    }
}
