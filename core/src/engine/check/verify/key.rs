//! The names of a reference's results, read as what they ask for.

use super::ReferenceError;
use crate::settings::{Constraint, PgdSettings};

/// What a key of a reference file holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Key {
    pub task: Task,
    pub quantity: Quantity,
}

/// The objective it was computed for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Task {
    Invert,
    Activate(usize),
    Add(usize),
    Attack,
    TargetedAttack,
    Inpaint,
    PaintFeature(usize),
}

/// What was computed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Quantity {
    Representation,
    TargetRepresentation,
    Logits,
    TopFeatures,
    Loss,
    Gradient,
    Images(PgdSettings),
}

impl Key {
    /// Reads a key such as `inversion_grad` or `pgd_activation_5_l2_eps1000_step1_it20_best`.
    pub fn parse(name: &str) -> Result<Self, ReferenceError> {
        let of_network = |quantity| Ok(Self { task: Task::Attack, quantity });
        match name {
            "representation" => return of_network(Quantity::Representation),
            "representation_target" => return of_network(Quantity::TargetRepresentation),
            "logits" => return of_network(Quantity::Logits),
            "top5_features" => return of_network(Quantity::TopFeatures),
            _ => {}
        }
        let suffixed = || {
            if let Some(task) = name.strip_suffix("_loss") {
                return Some(Self { task: Task::parse(task)?, quantity: Quantity::Loss });
            }
            if let Some(task) = name.strip_suffix("_grad") {
                return Some(Self { task: Task::parse(task)?, quantity: Quantity::Gradient });
            }
            parse_run(name)
        };
        suffixed().ok_or_else(|| ReferenceError::UnknownKey(name.into()))
    }
}

impl Task {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "inversion" => return Some(Task::Invert),
            "ce" | "ce_untargeted" => return Some(Task::Attack),
            "ce_targeted" => return Some(Task::TargetedAttack),
            "inpaint" => return Some(Task::Inpaint),
            _ => {}
        }
        if let Some(feature) = name.strip_prefix("activation_") {
            return Some(Task::Activate(feature.parse().ok()?));
        }
        if let Some(feature) = name.strip_prefix("paint_") {
            return Some(Task::PaintFeature(feature.parse().ok()?));
        }
        Some(Task::Add(name.strip_prefix("addition_")?.parse().ok()?))
    }
}

/// `pgd_TASK_CONSTRAINT[_epsE]_stepS_itN[_best]`.
fn parse_run(name: &str) -> Option<Key> {
    let name = name.strip_prefix("pgd_")?;
    let (name, best) = match name.strip_suffix("_best") {
        Some(name) => (name, true),
        None => (name, false),
    };
    let (name, steps) = name.rsplit_once("_it")?;
    let (name, step_size) = name.rsplit_once("_step")?;
    let (task, constraint) = if let Some(task) = name.strip_suffix("_unconstrained") {
        (task, Constraint::Box)
    } else {
        let (name, epsilon) = name.rsplit_once("_eps")?;
        let epsilon = epsilon.parse().ok()?;
        let (task, ball) = name.rsplit_once('_')?;
        (task, Constraint::ball(ball, epsilon)?)
    };
    let (step_size, steps) = (step_size.parse().ok()?, steps.parse().ok()?);
    let settings = PgdSettings { best, ..PgdSettings::plain(constraint, step_size, steps) };
    Some(Key { task: Task::parse(task)?, quantity: Quantity::Images(settings) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_name_their_run() {
        let key = Key::parse("pgd_activation_5_l2_eps1000_step1_it20_best").unwrap();
        let constraint = Constraint::L2 { epsilon: 1000.0 };
        let run = PgdSettings { best: true, ..PgdSettings::plain(constraint, 1.0, 20) };
        assert_eq!(key, Key { task: Task::Activate(5), quantity: Quantity::Images(run) });
        let key = Key::parse("pgd_ce_untargeted_unconstrained_step0.5_it7").unwrap();
        let run = PgdSettings::plain(Constraint::Box, 0.5, 7);
        assert_eq!(key, Key { task: Task::Attack, quantity: Quantity::Images(run) });
        assert_eq!(Key::parse("addition_3_grad").unwrap().task, Task::Add(3));
        assert_eq!(Key::parse("paint_7_loss").unwrap().task, Task::PaintFeature(7));
        assert_eq!(Key::parse("pgd_inpaint_l2_eps1_step1_it1").unwrap().task, Task::Inpaint);
        for unknown in ["hello", "pgd_", "pgd_ce_l3_eps1_step1_it1", "activation_x_loss"] {
            assert!(Key::parse(unknown).is_err(), "{unknown}");
        }
    }
}
