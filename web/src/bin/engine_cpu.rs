//! The engine on the processor: a sixth of the other's size, for machines without WebGPU.

use burn::tensor::Device;
use robust_web::worker;

fn main() {
    worker::start(async { Ok(Device::flex()) });
}
