//! Tensors and the numbers that they show.

use anyhow::{Context, Result, bail, ensure};

use super::values::{Id, Pickle, Value};
use crate::import::stored::Number;

/// Numbers that lie elsewhere in the file.
#[derive(Clone, Debug)]
pub struct Storage {
    /// Its name.
    pub key: String,
    /// How long one of them is, in bytes.
    pub element: usize,
    /// What they are, if a network can consist of them.
    pub number: Option<Number>,
    /// How many there are.
    pub count: usize,
}

impl Storage {
    /// The storage that a pickle speaks of: ("storage", class, key, device, count, ...).
    pub fn of(pickle: &Pickle, id: Id) -> Result<Self> {
        let named = || "its pickle speaks of a storage in an unknown way";
        let [kind, class, key, _, count, rest @ ..] = pickle.sequence(id).with_context(named)?
        else {
            bail!(named());
        };
        ensure!(pickle.text(*kind) == Some("storage"), named());
        if rest.iter().any(|view| pickle.sequence(*view).is_some()) {
            bail!("it is of a PyTorch before 0.4: `robust-reps import` reads it");
        }
        let Value::Global(class) = pickle.get(*class) else { bail!(named()) };
        let (element, number) = element(class)?;
        Ok(Self {
            key: pickle.text(*key).with_context(named)?.to_owned(),
            element,
            number,
            count: pickle.count(*count).with_context(named)?,
        })
    }

    /// Its length in bytes.
    pub fn bytes(&self) -> Result<usize> {
        self.count.checked_mul(self.element).context("a storage is longer than any file")
    }
}

/// Length and kind of the numbers of a storage of that class.
fn element(class: &str) -> Result<(usize, Option<Number>)> {
    let name = class.rsplit([' ', '.']).next().unwrap_or(class);
    let number = match name {
        "DoubleStorage" => Number::F64,
        "FloatStorage" => Number::F32,
        "HalfStorage" => Number::F16,
        "BFloat16Storage" => Number::Bf16,
        "LongStorage" => return Ok((8, None)),
        "IntStorage" => return Ok((4, None)),
        "ShortStorage" => return Ok((2, None)),
        "CharStorage" | "ByteStorage" | "BoolStorage" | "UntypedStorage" => return Ok((1, None)),
        _ => bail!("it holds numbers of the class \"{class}\", which are none of a network's"),
    };
    Ok((number.bytes(), Some(number)))
}

/// A tensor: where its numbers lie in a storage.
#[derive(Clone, Debug)]
pub struct View {
    /// The numbers.
    pub storage: Storage,
    /// Place of the first.
    pub offset: usize,
    /// Extents, outermost first.
    pub shape: Vec<usize>,
    /// How far apart neighbours lie along each axis.
    pub stride: Vec<usize>,
}

impl View {
    /// The tensor that these arguments rebuild: storage, offset, shape, stride.
    pub fn of(pickle: &Pickle, arguments: &[Id]) -> Result<Self> {
        let wrong = || "its pickle builds a tensor in an unknown way";
        let [storage, offset, shape, stride, ..] = arguments else { bail!(wrong()) };
        let Value::Storage(storage) = pickle.get(*storage) else { bail!(wrong()) };
        let counts = |id: &Id| -> Result<Vec<usize>> {
            let all = pickle.sequence(*id).with_context(wrong)?;
            all.iter().map(|count| pickle.count(*count).with_context(wrong)).collect()
        };
        let (shape, stride) = (counts(shape)?, counts(stride)?);
        ensure!(shape.len() == stride.len() && shape.len() <= 8, wrong());
        let offset = pickle.count(*offset).with_context(wrong)?;
        Ok(Self { storage: storage.clone(), offset, shape, stride })
    }

    /// Its values, row by row, of the bytes of its storage.
    pub fn values(&self, bytes: &[u8]) -> Result<Vec<f32>> {
        let number =
            self.storage.number.context("its numbers are whole, which a network's are not")?;
        let past = || "it lies past the end of its storage";
        let count = self.shape.iter().try_fold(1usize, |all, extent| all.checked_mul(*extent));
        let count = count.with_context(past)?;
        if count == 0 {
            return Ok(Vec::new());
        }
        let reach = |all: usize, (extent, stride): (&usize, &usize)| {
            all.checked_add((extent - 1).checked_mul(*stride)?)
        };
        let last = self.shape.iter().zip(&self.stride).try_fold(self.offset, reach);
        let end = last.and_then(|last| last.checked_add(1)).with_context(past)?;
        let (from, to) = (self.offset.checked_mul(number.bytes()), end.checked_mul(number.bytes()));
        let (from, to) = from.zip(to).with_context(past)?;
        let numbers = number.floats(bytes.get(from..to).with_context(past)?);
        if numbers.len() == count && self.is_contiguous() {
            return Ok(numbers);
        }
        let mut at = vec![0; self.shape.len()];
        let mut values = Vec::with_capacity(count);
        for _ in 0..count {
            let place: usize = at.iter().zip(&self.stride).map(|(at, stride)| at * stride).sum();
            values.push(*numbers.get(place).with_context(past)?);
            for axis in (0..at.len()).rev() {
                at[axis] += 1;
                if at[axis] < self.shape[axis] {
                    break;
                }
                at[axis] = 0;
            }
        }
        Ok(values)
    }

    fn is_contiguous(&self) -> bool {
        let mut expected = 1;
        self.shape.iter().zip(&self.stride).rev().all(|(extent, stride)| {
            let fits = *extent == 1 || *stride == expected;
            expected *= extent;
            fits
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strides_say_where_numbers_lie() {
        let bytes: Vec<u8> = (0..8u8).flat_map(|i| f32::from(i).to_le_bytes()).collect();
        let storage = Storage { key: "0".into(), element: 4, number: Some(Number::F32), count: 8 };
        let view = |offset, shape: &[usize], stride: &[usize]| {
            let (shape, stride) = (shape.to_vec(), stride.to_vec());
            View { storage: storage.clone(), offset, shape, stride }.values(&bytes)
        };
        assert_eq!(view(1, &[2, 3], &[3, 1]).unwrap(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(view(0, &[2, 3], &[1, 2]).unwrap(), [0.0, 2.0, 4.0, 1.0, 3.0, 5.0]);
        assert_eq!(view(7, &[2], &[0]).unwrap(), [7.0, 7.0]);
        assert_eq!(view(2, &[], &[]).unwrap(), [2.0]);
        assert_eq!(view(9, &[0], &[1]).unwrap(), [0.0; 0]);
        for (offset, shape, stride) in [
            (7, &[2], &[1]),
            (0, &[usize::MAX], &[1]),
            (usize::MAX, &[1], &[1]),
            (0, &[3], &[usize::MAX]),
        ] {
            assert!(view(offset, shape, stride).is_err());
        }
    }
}
