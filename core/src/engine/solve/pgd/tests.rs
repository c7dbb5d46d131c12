//! What every run keeps to: gradients, sets, and batches.

use burn::tensor::{Device, Distribution, Tensor};

use super::*;
use crate::constraint::image_norm;
use crate::engine::fixture::{model, weights};
use crate::engine::solve::objective::{Activate, CrossEntropy};
use crate::engine::solve::{Watch, drive};
use crate::engine::tasks::change::activations;
use crate::engine::tasks::invert::{invert, relative_distances};
use crate::model::weights::{Array, Weights};
use crate::settings::{Constraint, InvertSettings, Solver, Start};

fn random(batch: usize) -> Tensor<4> {
    let distribution = Distribution::Uniform(0.0, 1.0);
    Tensor::random([batch, 3, 8, 8], distribution, &Device::flex())
}

fn largest(x: Tensor<4>) -> f32 {
    x.abs().max().into_scalar::<f32>()
}

#[test]
fn the_gradient_is_that_of_finite_differences() {
    let model = model();
    let x = random(1) * 0.5 + 0.25;
    // Its last ReLU is a true one; the fake one of the other objectives has no true gradient.
    let label = Tensor::from_data([1], &Device::flex());
    let objective = CrossEntropy::untargeted(label);
    let loss_at = |x: Tensor<4>| {
        let loss = objective.loss(&model.forward(x, objective.last_relu()));
        f64::from(loss.into_scalar::<f32>())
    };
    let (_, gradient) = Pgd::loss_and_gradient(&model, &objective, x.clone());
    // Along its own direction the loss must change by the gradient's squared length.
    let length = f64::from(image_norm(gradient.clone()).into_scalar::<f32>());
    let h = 2e-3;
    let along = gradient.clone() * (h / length) as f32;
    let slope = (loss_at(x.clone() + along.clone()) - loss_at(x - along)) / (2.0 * h);
    assert!((slope - length).abs() < 0.03 * length, "slope {slope}, gradient {length}");
}

#[test]
fn a_saturated_value_has_no_gradient() {
    let model = model();
    let photo = Tensor::cat(vec![random(1).zeros_like(), random(1), random(1).ones_like()], 0);
    let objective = Activate::new(&[1; 3], model.device());
    let (_, gradient) = Pgd::loss_and_gradient(&model, &objective, photo);
    let lengths: Vec<f32> = image_norm(gradient).into_data().iter::<f32>().collect();
    assert_eq!((lengths[0], lengths[2]), (0.0, 0.0));
    assert!(lengths[1] > 0.0);
}

#[test]
fn the_best_iterate_is_no_worse_than_the_last() {
    let model = model();
    let run = |best| {
        let constraint = Constraint::L2 { epsilon: 50.0 };
        // Steps far too long: the loss jumps about.
        let settings = PgdSettings { best, ..PgdSettings::plain(constraint, 6.0, 9) };
        model.device().seed(3);
        let mut pgd =
            Pgd::from_centre(&model, Activate::new(&[2; 3], model.device()), settings, random(3));
        pgd.finish();
        let images = pgd.images();
        let values = model.representation(images).narrow(1, 2, 1).into_data();
        values.iter::<f32>().collect::<Vec<f32>>()
    };
    let (best, last) = (run(true), run(false));
    assert!(best.iter().zip(&last).all(|(b, l)| b >= &(l - 1e-6)), "{best:?} {last:?}");
    assert!(best != last, "this run cannot tell best from last");
}

#[test]
fn images_of_a_batch_do_not_see_each_other() {
    let model = model();
    let photos = [noise(8, 7, 0), Pixels::flat(8, [0.9, 0.1, 0.4])];
    let settings = InvertSettings { steps: 5, ..InvertSettings::FAST };
    let run = |targets: &[Pixels]| {
        let mut pgd = invert(&model, targets, &Start::Grey, &settings).unwrap();
        pgd.finish();
        pollster::block_on(pgd.report()).unwrap()
    };
    let both = run(&photos);
    assert_eq!((both.losses.len(), both.latest().len(), both.step), (5, 2, 5));
    for (i, photo) in photos.iter().enumerate() {
        let alone = run(std::slice::from_ref(photo));
        let difference = alone.images[0].values().iter().zip(both.images[i].values());
        assert!(difference.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) < 1e-4);
    }
}

#[test]
fn a_run_is_reproducible_and_makes_progress() {
    let model = model();
    let run = |seed| {
        let settings = InvertSettings { steps: 30, step_size: 0.05, seed, ..InvertSettings::FAST };
        let mut pgd = invert(&model, &[noise(8, 9, 9)], &Start::Noise, &settings).unwrap();
        pgd.finish();
        pollster::block_on(pgd.report()).unwrap()
    };
    let first = run(1);
    assert_eq!(first.images, run(1).images);
    assert_ne!(first.images, run(2).images);
    assert!(first.latest()[0] < 0.5 * first.losses[0][0], "{:?}", first.losses);
}

#[test]
fn a_run_stops_between_two_steps() {
    let model = model();
    let mut pgd = invert(&model, &[noise(8, 1, 1)], &Start::Noise, &InvertSettings::FAST).unwrap();
    /// Looks at every other step and has seen enough after seven.
    struct Impatient(Vec<usize>);

    impl Watch for Impatient {
        async fn goes_on(&mut self, step: usize) -> bool {
            step < 7
        }

        fn is_due(&self, step: usize) -> bool {
            step.is_multiple_of(2)
        }

        fn tell(&mut self, report: &Report) {
            self.0.push(report.losses.len());
        }
    }

    let mut watch = Impatient(Vec::new());
    let last = pollster::block_on(drive(&mut pgd, &mut watch)).unwrap();
    assert_eq!((last.step, pgd.steps_done(), watch.0), (7, 7, vec![0, 2, 2, 2, 1]));
}

#[test]
fn a_target_already_reached_keeps_the_image_finite() {
    let model = model();
    let photo = Pixels::flat(8, [0.2, 0.5, 0.7]);
    let start = Start::Photo(photo.clone());
    let settings = InvertSettings { steps: 3, ..InvertSettings::FAST };
    let mut pgd = invert(&model, &[photo], &start, &settings).unwrap();
    pgd.finish();
    let report = pollster::block_on(pgd.report()).unwrap();
    assert!(report.images[0].values().iter().all(|v| v.is_finite()));
}

#[test]
fn every_solver_comes_nearer_and_stays_in_the_set() {
    let model = model();
    let targets = [1, 3, 5, 7, 9, 11].map(|seed| noise(8, 1, seed));
    // The least distances: around the kinks of so small a network every solver jumps.
    let reached = |solver| {
        let settings = InvertSettings { steps: 40, step_size: 0.1, epsilon: 1.0, seed: 3, solver };
        let mut pgd = invert(&model, &targets, &Start::Noise, &settings).unwrap();
        let first = pollster::block_on(pgd.report()).unwrap().images;
        pgd.step();
        pgd.finish();
        let report = pollster::block_on(pgd.report()).unwrap();
        let least = |i: usize| report.losses.iter().map(|at| at[i]).fold(f32::MAX, f32::min);
        let before = &report.losses[0];
        for i in 0..targets.len() {
            let (first, last) = (first[i].values(), report.images[i].values());
            let squares = first.iter().zip(last).map(|(a, b)| (a - b).powi(2));
            let moved = squares.sum::<f32>().sqrt();
            assert!(moved < 1.001, "{solver:?} went {moved} far");
            assert!(last.iter().all(|v| (0.0..=1.0).contains(v)), "{solver:?} left [0, 1]");
            assert!(least(i) < 0.7 * before[i], "{solver:?}: from {} to {}", before[i], least(i));
        }
        (0..targets.len()).map(least).sum::<f32>()
    };
    let plain = reached(Solver::Plain);
    let lbfgs = reached(Solver::Lbfgs);
    for solver in Solver::ALL {
        reached(solver);
    }
    assert!(lbfgs < 0.8 * plain, "l-BFGS {lbfgs}, plain {plain}");
}

#[test]
fn a_solver_can_maximise_and_survives_no_gradient() {
    let model = model();
    let start = Tensor::cat(vec![random(1) * 0.2 + 0.4, random(1).zeros_like()], 0);
    for solver in Solver::ALL {
        let plain = PgdSettings::plain(Constraint::L2 { epsilon: 9.0 }, 0.2, 20);
        let settings = PgdSettings { solver, ..plain };
        let objective = Activate::new(&[1, 1], model.device());
        let mut pgd = Pgd::from_centre(&model, objective, settings, start.clone());
        pgd.finish();
        let report = pollster::block_on(pgd.report()).unwrap();
        let (first, last) = (report.losses[0][0], report.latest()[0]);
        assert!(last > first, "{solver:?}: from {first} to {last}");
        assert!(report.images.iter().flat_map(Pixels::values).all(|v| v.is_finite()), "{solver:?}");
    }
}

#[test]
fn only_a_region_as_large_as_the_image_is_taken() {
    let model = model();
    let settings = PgdSettings::plain(Constraint::L2 { epsilon: 9.0 }, 0.5, 3);
    let x = random(1);
    let run = || {
        let objective = Activate::new(&[2], model.device());
        Pgd::from_centre(&model, objective, settings, x.clone())
    };
    let upper: Vec<bool> = (0..64).map(|i| i < 32).collect();
    let mut pgd = run().within(&upper).unwrap();
    pgd.finish();
    let change = pgd.images() - x.clone();
    assert!(largest(change.clone().narrow(2, 0, 4)) > 0.05);
    assert_eq!(largest(change.narrow(2, 4, 4)), 0.0);
    let error = run().within(&upper[1..]).err().unwrap().to_string();
    assert!(error.contains("63") && error.contains("64"), "{error}");
}

/// Each number of such a representation is finite, and no distance between two is.
#[test]
fn nothing_that_is_not_finite_is_a_result() {
    let weights = weights();
    let scaled = |(name, array): (&str, &Array)| {
        let mut array = array.clone();
        if ["layer2.0.bn2.weight", "layer2.0.bn2.bias"].contains(&name) {
            array.values.iter_mut().for_each(|value| *value *= 1e20);
        }
        (name.to_owned(), array)
    };
    let tensors = weights.tensors().map(scaled).collect();
    let model =
        Model::new(&Weights::new(weights.card().clone(), tensors).unwrap(), &Device::flex());
    let (image, target) = ([noise(8, 1, 1)], [noise(8, 1, 2)]);
    let representation = pollster::block_on(activations(&model, &image)).unwrap();
    assert!(representation[0].iter().any(|value| *value > 1e19), "{representation:?}");
    let mut pgd = invert(&model, &target, &Start::Noise, &InvertSettings::FAST).unwrap();
    pgd.step();
    let report = pollster::block_on(pgd.report());
    assert!(matches!(report, Err(TaskError::NotFinite)), "{report:?}");
    let distance = pollster::block_on(relative_distances(&model, &image, &target));
    assert!(matches!(distance, Err(TaskError::NotFinite)), "{distance:?}");
}
