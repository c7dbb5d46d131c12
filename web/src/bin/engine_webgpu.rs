//! The engine on a graphics card, through WebGPU.

use burn::tensor::Device;
use robust_web::worker;

fn main() {
    worker::start(async {
        let device = Device::wgpu_options().init_async().await;
        device.map_err(|error| format!("WebGPU did not start: {error}").into())
    });
}
