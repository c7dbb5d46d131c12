//! On processors Burn's matrix product is fast enough.

use burn::backend::Flex;
use burn::backend::ops::FloatTensorOps;
use burn_flex::FlexTensor;

use super::RowProducts;

impl RowProducts for Flex {
    fn row_products(a: FlexTensor, b: FlexTensor) -> FlexTensor {
        Self::float_matmul(a, Self::float_swap_dims(b, 1, 2))
    }
}
