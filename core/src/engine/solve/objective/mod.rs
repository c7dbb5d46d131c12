//! What an image is changed towards. Each objective gives one loss per image.

mod keep;

use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};

pub use keep::Keep;

use crate::engine::network::{LastRelu, Output};

/// Which way the loss should go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Down: gradient descent.
    Minimise,
    /// Up: gradient ascent.
    Maximise,
}

/// A function of a network's output that an image is optimised for.
pub trait Objective {
    /// The loss of every image of the batch, `[batch]`.
    fn loss(&self, output: &Output) -> Tensor<1>;

    /// A term of the images themselves, `[batch, 3, height, width]`, that is added to their losses,
    /// `[batch]`.
    fn of_images(&self, _x: &Tensor<4>) -> Option<Tensor<1>> {
        None
    }

    /// Whether the loss should fall or rise.
    fn direction(&self) -> Direction;

    /// Whether the loss is a distance, whose least value is 0.
    fn is_distance(&self) -> bool {
        false
    }

    /// The backward rule of the last ReLU; fake for everything that works on representations.
    fn last_relu(&self) -> LastRelu {
        LastRelu::Fake
    }
}

impl<O: Objective + ?Sized> Objective for Box<O> {
    fn loss(&self, output: &Output) -> Tensor<1> {
        (**self).loss(output)
    }

    fn of_images(&self, x: &Tensor<4>) -> Option<Tensor<1>> {
        (**self).of_images(x)
    }

    fn direction(&self) -> Direction {
        (**self).direction()
    }

    fn is_distance(&self) -> bool {
        (**self).is_distance()
    }

    fn last_relu(&self) -> LastRelu {
        (**self).last_relu()
    }
}

/// l2 norm of every row. Its gradient at 0 is 0, where that of a bare root is infinite.
fn row_norm(rows: Tensor<2>) -> Tensor<1> {
    rows.powi_scalar(2).sum_dim(1).squeeze_dim::<1>(1).clamp_min(1e-24).sqrt()
}

/// Equation (5): minimise `‖R(x) - R(target)‖ / ‖R(target)‖`, every image with its own target.
#[derive(Clone, Debug)]
pub struct Invert {
    target: Tensor<2>,
    norm: Tensor<1>,
}

impl Invert {
    /// Towards the representations `[batch, k]`.
    pub fn new(target: Tensor<2>) -> Self {
        Self { norm: row_norm(target.clone()), target }
    }
}

impl Objective for Invert {
    fn loss(&self, output: &Output) -> Tensor<1> {
        row_norm(output.representation.clone() - self.target.clone()) / self.norm.clone()
    }

    fn direction(&self) -> Direction {
        Direction::Minimise
    }

    fn is_distance(&self) -> bool {
        true
    }
}

/// One coordinate of the representation per image.
#[derive(Clone, Debug)]
struct Coordinates(Tensor<2, Int>);

impl Coordinates {
    fn new(features: &[usize], device: &Device) -> Self {
        let features: Vec<i32> = features.iter().map(|&feature| feature as i32).collect();
        let shape = [features.len(), 1];
        Self(Tensor::from_data(TensorData::new(features, shape), device))
    }

    fn of(&self, output: &Output) -> Tensor<1> {
        output.representation.clone().gather(1, self.0.clone()).squeeze_dim::<1>(1)
    }
}

/// Equation (4): maximise one coordinate of the representation, every image its own.
#[derive(Clone, Debug)]
pub struct Activate(Coordinates);

impl Activate {
    /// One coordinate per image, each below the representation's length.
    pub fn new(features: &[usize], device: &Device) -> Self {
        Self(Coordinates::new(features, device))
    }
}

impl Objective for Activate {
    fn loss(&self, output: &Output) -> Tensor<1> {
        self.0.of(output)
    }

    fn direction(&self) -> Direction {
        Direction::Maximise
    }
}

/// Equation (7): maximise `min(R(x)_i - 1, 0)`; the gradient ends where the feature reaches 1.
#[derive(Clone, Debug)]
pub struct AddFeature(Coordinates);

impl AddFeature {
    /// One coordinate per image, each below the representation's length.
    pub fn new(features: &[usize], device: &Device) -> Self {
        Self(Coordinates::new(features, device))
    }
}

impl Objective for AddFeature {
    fn loss(&self, output: &Output) -> Tensor<1> {
        (self.0.of(output) - 1.0).clamp_max(0.0)
    }

    fn direction(&self) -> Direction {
        Direction::Maximise
    }
}

/// Cross-entropy, equation (3): away from the labels (untargeted) or towards them (targeted).
#[derive(Clone, Debug)]
pub struct CrossEntropy {
    labels: Tensor<2, Int>,
    direction: Direction,
}

impl CrossEntropy {
    /// Maximise the loss of the true labels, `[batch]`.
    pub fn untargeted(labels: Tensor<1, Int>) -> Self {
        Self { labels: labels.unsqueeze_dim(1), direction: Direction::Maximise }
    }

    /// Minimise the loss of the wished labels, `[batch]`.
    pub fn targeted(labels: Tensor<1, Int>) -> Self {
        Self { labels: labels.unsqueeze_dim(1), direction: Direction::Minimise }
    }
}

impl Objective for CrossEntropy {
    fn loss(&self, output: &Output) -> Tensor<1> {
        let log_probabilities = log_softmax(output.logits.clone(), 1);
        -log_probabilities.gather(1, self.labels.clone()).squeeze_dim::<1>(1)
    }

    fn direction(&self) -> Direction {
        self.direction
    }

    fn last_relu(&self) -> LastRelu {
        LastRelu::True
    }
}
