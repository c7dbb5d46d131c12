//! Between Burn's tensors on a processor and the slices that our loops work on.

use burn::backend::{Shape, TensorData};
use burn_flex::FlexTensor;

/// The numbers of a contiguous tensor.
pub fn numbers(tensor: &FlexTensor) -> &[f32] {
    let start = tensor.layout().start_offset();
    &tensor.storage::<f32>()[start..start + tensor.layout().num_elements()]
}

/// A tensor of as many numbers as `shape` says.
pub fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape.into()))
}
