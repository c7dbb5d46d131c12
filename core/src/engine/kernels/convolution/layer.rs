//! The shape of a convolution.

/// What a convolution of the network is: square kernel, padded by half of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Channels in and out.
    pub channels: [usize; 2],
    /// Side of the kernel, odd.
    pub kernel: usize,
    /// Stride in both directions.
    pub stride: usize,
}

impl Layer {
    /// Fewest channels that fill a vector.
    pub const THICK: usize = 8;

    /// Rows of zeros around the image.
    pub fn padding(&self) -> usize {
        self.kernel / 2
    }

    /// Side of the output for an input of `side` pixels.
    pub fn output(&self, side: usize) -> usize {
        (side + 2 * self.padding() - self.kernel) / self.stride + 1
    }

    /// Images, height and width of the output for an input of `extent`.
    pub fn extent(&self, [images, height, width]: [usize; 3]) -> [usize; 3] {
        [images, self.output(height), self.output(width)]
    }

    /// Positions of the kernel.
    pub fn taps(&self) -> usize {
        self.kernel * self.kernel
    }

    /// Whether the input has too few channels to fill a vector with: a network's first layer.
    pub fn is_thin(&self) -> bool {
        self.channels[0] < Self::THICK
    }
}
