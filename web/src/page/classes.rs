//! Classes by name: a network that a visitor brings may know others than the one beside it, by other
//! numbers; and it may see more of a photo.

use leptos::prelude::*;
use robust_core::settings::change::Goal;
use serde_bytes::ByteBuf;

use super::engines::slot::Slot;
use super::session::Session;
use super::words::one;
use crate::protocol::{Fault, PaintStart, Task};

impl Session {
    /// Names of all classes, once a model is loaded: the robust network's, then what only the other one
    /// knows. On the page a class is its place among these.
    pub fn class_names(self) -> Vec<String> {
        let mut names = Vec::new();
        for name in self.slots.into_iter().flat_map(|slot| slot.class_names()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// What the page calls a class of this network.
    pub fn class_of(self, slot: Slot, own: usize) -> Option<usize> {
        let name = slot.class_names().into_iter().nth(own)?;
        self.class_names().iter().position(|other| *other == name)
    }
}

impl Slot {
    /// Names of its classes, in the order of its logits, once it is loaded.
    pub fn class_names(&self) -> Vec<String> {
        self.card.with(|card| card.as_ref().map(|card| card.classes.clone())).unwrap_or_default()
    }

    /// Its own number of a class of the page's `names`, if it knows it.
    pub fn own_class(&self, names: &[String], class: usize) -> Option<usize> {
        let name = names.get(class)?;
        self.class_names().iter().position(|own| own == name)
    }

    /// The task with this network's number of its class, and its region as large as what it sees; or why
    /// it has none to do.
    pub fn in_own_terms(&self, names: &[String], mut task: Task) -> Result<Task, Fault> {
        let class = match &mut task {
            Task::Explain(request) => request.class.as_mut(),
            Task::WhyNot(request) => Some(&mut request.class),
            Task::Change(request) => match &mut request.goal {
                Goal::Class(class) => Some(class),
                Goal::Feature(_) | Goal::Add(_) | Goal::Collide { .. } => None,
            },
            Task::Paint(request) => match (&request.start, request.class) {
                // Gaussians are numbered as the network's classes are that they came with.
                (PaintStart::Dreams { .. }, Some(class))
                    if self.own_class(names, class) != Some(class) =>
                {
                    return Err("This network has nothing to dream from".into());
                }
                _ => request.class.as_mut(),
            },
            Task::Invert(_) | Task::Morph(_) => None,
        };
        if let Some(class) = class {
            let Some(own) = self.own_class(names, *class) else {
                let name = names.get(*class).map_or_else(String::new, |name| one(name));
                return Err(["This network does not know what ", &name, " is"].concat().into());
            };
            *class = own;
        }
        if let (Task::Change(request), Some(side)) = (&mut task, self.side()) {
            request.region = request.region.take().map(|pixels| enlarged(&pixels, side as usize));
        }
        Ok(task)
    }
}

/// A square of values, row by row, with `side` of them on a side.
fn enlarged(values: &[u8], side: usize) -> ByteBuf {
    let before = values.len().isqrt();
    let at = |i: usize| values[(i / side * before / side) * before + i % side * before / side];
    (0..side * side).map(at).collect::<Vec<u8>>().into()
}
