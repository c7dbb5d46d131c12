//! What a pickle holds. Nothing is executed: a call is understood where it makes a dictionary or a tensor,
//! and is an unknown object elsewhere.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};

use super::tensor::{Storage, View};

/// Number of a value among all of a pickle. Values refer to each other by it, so that what is nested a
/// million deep or contains itself is as harmless as anything else.
pub type Id = usize;

/// A value.
#[derive(Clone, Debug)]
pub enum Value {
    /// A whole number
    Int(i64),
    /// A string
    Text(String),
    /// A tuple or a list
    Sequence(Vec<Id>),
    /// A dictionary, in its order
    Dict(Vec<(Id, Id)>),
    /// A class or function, as "module name"
    Global(String),
    /// Numbers that lie elsewhere in the file
    Storage(Storage),
    /// A tensor
    Tensor(View),
    /// None
    Nothing,
    /// Anything else
    Other,
}

/// All values of a pickle.
#[derive(Debug, Default)]
pub struct Pickle {
    pub(super) values: Vec<Value>,
    /// Pairs of dictionaries that calls have made.
    called: usize,
}

impl Pickle {
    /// The value of that number.
    pub fn get(&self, id: Id) -> &Value {
        self.values.get(id).unwrap_or(&Value::Other)
    }

    /// The values of a tuple or a list.
    pub fn sequence(&self, id: Id) -> Option<&[Id]> {
        if let Value::Sequence(all) = self.get(id) { Some(all) } else { None }
    }

    /// A string.
    pub fn text(&self, id: Id) -> Option<&str> {
        if let Value::Text(text) = self.get(id) { Some(text) } else { None }
    }

    /// A number that is not negative.
    pub fn count(&self, id: Id) -> Option<usize> {
        if let Value::Int(number) = self.get(id) { usize::try_from(*number).ok() } else { None }
    }

    /// Length in bytes of every storage, by its name.
    ///
    /// # Errors
    ///
    /// Where one has two.
    pub fn storages(&self) -> Result<BTreeMap<&str, usize>> {
        let mut all = BTreeMap::new();
        for value in &self.values {
            let Value::Storage(storage) = value else { continue };
            let bytes = storage.bytes()?;
            ensure!(
                *all.entry(&*storage.key).or_insert(bytes) == bytes,
                "a storage has two lengths"
            );
        }
        Ok(all)
    }

    pub(super) fn push(&mut self, value: Value) -> Id {
        self.values.push(value);
        self.values.len() - 1
    }

    /// What a call of a function makes.
    pub(super) fn call(&mut self, function: Id, arguments: Id) -> Result<Value> {
        let Value::Global(name) = self.get(function) else { return Ok(Value::Other) };
        let arguments = self.sequence(arguments).unwrap_or_default();
        Ok(match name.as_str() {
            "collections OrderedDict" | "builtins dict" | "__builtin__ dict" => {
                let pairs = arguments.first().map(|pairs| self.pairs(*pairs)).unwrap_or_default();
                self.called += pairs.len();
                // One list may be the argument of a million calls.
                ensure!(
                    self.called <= self.values.len(),
                    "its dictionaries are longer than the file"
                );
                Value::Dict(pairs)
            }
            "torch._utils _rebuild_tensor"
            | "torch._utils _rebuild_tensor_v2"
            | "torch._utils _rebuild_tensor_v3" => Value::Tensor(View::of(self, arguments)?),
            "torch._utils _rebuild_parameter" | "torch._utils _rebuild_parameter_with_state" => {
                match arguments.first().map(|data| self.get(*data)) {
                    Some(Value::Tensor(view)) => Value::Tensor(view.clone()),
                    _ => Value::Other,
                }
            }
            "torch._tensor _rebuild_from_type_v2" => match arguments {
                // A function that rebuilds functions would never end.
                &[inner, _, theirs, ..] => match self.get(inner) {
                    Value::Global(inner) if inner == name => Value::Other,
                    _ => self.call(inner, theirs)?,
                },
                _ => Value::Other,
            },
            _ => Value::Other,
        })
    }

    fn pairs(&self, id: Id) -> Vec<(Id, Id)> {
        let pair = |pair: &Id| match self.sequence(*pair)? {
            [key, value] => Some((*key, *value)),
            _ => None,
        };
        self.sequence(id).unwrap_or_default().iter().filter_map(pair).collect()
    }
}
