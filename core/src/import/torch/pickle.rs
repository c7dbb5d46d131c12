//! The part of Python's pickle format that PyTorch's checkpoints use.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};

use super::tensor::Storage;
use super::values::{Id, Pickle, Value};

/// Reads a pickle at the beginning of `bytes`: its values, the one that it is, and how long it is.
///
/// # Errors
///
/// Where it is damaged or uses what no checkpoint does.
pub fn read(bytes: &[u8]) -> Result<(Pickle, Id, usize)> {
    let mut reader = Reader {
        bytes,
        at: 0,
        pickle: Pickle::default(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: BTreeMap::new(),
    };
    while reader.step()? {}
    let root = reader.pop()?;
    Ok((reader.pickle, root, reader.at))
}

/// A machine with a stack, as pickles are written for.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    pickle: Pickle,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: BTreeMap<usize, Id>,
}

impl Reader<'_> {
    /// Does what the next byte says. False: that was the last.
    fn step(&mut self) -> Result<bool> {
        let code = self.take(1)?[0];
        match code {
            b'.' => return Ok(false),
            // Protocol and frames say nothing of the values.
            0x80 => drop(self.take(1)?),
            0x95 => drop(self.take(8)?),
            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.since_mark()?),
            b'2' => {
                let top = *self.stack.last().context("nothing to repeat")?;
                self.stack.push(top);
            }
            b'N' => self.value(Value::Nothing),
            0x88 | 0x89 => self.value(Value::Other),
            b'I' | b'L' => {
                let line = self.line()?;
                let number = line.trim_end_matches('L').parse().map_or(Value::Other, Value::Int);
                self.value(number);
            }
            b'J' => self.integer(4, true)?,
            b'K' => self.integer(1, false)?,
            b'M' => self.integer(2, false)?,
            0x8a => {
                let length = self.length(1)?;
                self.integer(length, true)?;
            }
            0x8b => {
                let length = self.length(4)?;
                self.integer(length, true)?;
            }
            b'F' => {
                self.line()?;
                self.value(Value::Other);
            }
            b'G' => self.skip(8)?,
            b'S' | b'V' => {
                let line = self.line()?;
                self.value(Value::Text(line.trim_matches(['\'', '"']).to_owned()));
            }
            b'T' | b'X' => self.string(4)?,
            b'U' | 0x8c => self.string(1)?,
            0x8d => self.string(8)?,
            b'B' => self.data(4)?,
            b'C' => self.data(1)?,
            0x8e | 0x96 => self.data(8)?,
            b')' | b']' => self.value(Value::Sequence(Vec::new())),
            b'}' => self.value(Value::Dict(Vec::new())),
            0x8f => self.value(Value::Other),
            0x85..=0x87 => {
                let count = usize::from(code - 0x84);
                let from = self.stack.len().checked_sub(count).context("a tuple of nothing")?;
                let items = self.stack.split_off(from);
                self.value(Value::Sequence(items));
            }
            b't' | b'l' => {
                let items = self.since_mark()?;
                self.value(Value::Sequence(items));
            }
            b'd' => {
                let items = self.since_mark()?;
                self.value(Value::Dict(paired(&items)));
            }
            b'a' => {
                let item = self.pop()?;
                self.append(&[item]);
            }
            b'e' => {
                let items = self.since_mark()?;
                self.append(&items);
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.insert(&[key, value]);
            }
            b'u' => {
                let items = self.since_mark()?;
                self.insert(&items);
            }
            // Of sets nothing is wanted.
            0x90 => drop(self.since_mark()?),
            0x91 => {
                self.since_mark()?;
                self.value(Value::Other);
            }
            b'c' => {
                let name = [self.line()?, self.line()?].join(" ");
                self.value(Value::Global(name));
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let words = self.pickle.text(module).zip(self.pickle.text(name));
                let (module, name) = words.context("a class without a name")?;
                let name = format!("{module} {name}");
                self.value(Value::Global(name));
            }
            // Calls, and objects made by their class.
            b'R' | 0x81 => {
                let (arguments, function) = (self.pop()?, self.pop()?);
                let made = self.pickle.call(function, arguments)?;
                self.value(made);
            }
            0x92 => {
                for _ in 0..3 {
                    self.pop()?;
                }
                self.value(Value::Other);
            }
            b'o' => {
                self.since_mark()?;
                self.value(Value::Other);
            }
            b'i' => {
                self.line()?;
                self.line()?;
                self.since_mark()?;
                self.value(Value::Other);
            }
            // An object's attributes: those of dictionaries are about versions.
            b'b' => drop(self.pop()?),
            b'Q' => {
                let id = self.pop()?;
                let storage = Storage::of(&self.pickle, id)?;
                self.value(Value::Storage(storage));
            }
            b'p' => {
                let key = self.line()?.parse().context("a place that is no number")?;
                self.remember(key)?;
            }
            b'q' => {
                let key = self.length(1)?;
                self.remember(key)?;
            }
            b'r' => {
                let key = self.length(4)?;
                self.remember(key)?;
            }
            0x94 => self.remember(self.memo.len())?,
            b'g' => {
                let key = self.line()?.parse().context("a place that is no number")?;
                self.recall(key)?;
            }
            b'h' => {
                let key = self.length(1)?;
                self.recall(key)?;
            }
            b'j' => {
                let key = self.length(4)?;
                self.recall(key)?;
            }
            other => bail!("its pickle has the code {other:#04x}, which no checkpoint needs"),
        }
        Ok(true)
    }

    fn take(&mut self, count: usize) -> Result<&[u8]> {
        let from = self.at;
        let end = from.checked_add(count).filter(|end| *end <= self.bytes.len());
        self.at = end.context("its pickle is cut short")?;
        Ok(&self.bytes[from..self.at])
    }

    fn line(&mut self) -> Result<String> {
        let rest = &self.bytes[self.at..];
        let length =
            rest.iter().position(|byte| *byte == b'\n').context("its pickle is cut short")?;
        let line = String::from_utf8_lossy(&rest[..length]).trim_end_matches('\r').to_owned();
        self.at += length + 1;
        Ok(line)
    }

    /// A length of so many bytes.
    fn length(&mut self, bytes: usize) -> Result<usize> {
        let mut number = [0; 8];
        number[..bytes].copy_from_slice(self.take(bytes)?);
        usize::try_from(u64::from_le_bytes(number)).context("its pickle is cut short")
    }

    /// A whole number; one that is longer than any count is of no interest.
    fn integer(&mut self, bytes: usize, signed: bool) -> Result<()> {
        let digits = self.take(bytes)?;
        let negative = signed && digits.last().is_some_and(|byte| *byte >= 0x80);
        let mut number = [if negative { 0xff } else { 0 }; 8];
        let value = if bytes <= 8 {
            number[..bytes].copy_from_slice(digits);
            Value::Int(i64::from_le_bytes(number))
        } else {
            Value::Other
        };
        self.value(value);
        Ok(())
    }

    fn string(&mut self, bytes: usize) -> Result<()> {
        let length = self.length(bytes)?;
        let text = String::from_utf8_lossy(self.take(length)?).into_owned();
        self.value(Value::Text(text));
        Ok(())
    }

    fn data(&mut self, bytes: usize) -> Result<()> {
        let length = self.length(bytes)?;
        self.skip(length)
    }

    fn skip(&mut self, bytes: usize) -> Result<()> {
        self.take(bytes)?;
        self.value(Value::Other);
        Ok(())
    }

    fn value(&mut self, value: Value) {
        let id = self.pickle.push(value);
        self.stack.push(id);
    }

    fn pop(&mut self) -> Result<Id> {
        let least = self.marks.last().copied().unwrap_or_default();
        ensure!(self.stack.len() > least, "its pickle takes more than it has");
        self.stack.pop().context("its pickle takes more than it has")
    }

    fn since_mark(&mut self) -> Result<Vec<Id>> {
        let mark = self.marks.pop().context("its pickle ends what it has not begun")?;
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    fn append(&mut self, items: &[Id]) {
        let list = self.stack.last().and_then(|id| self.pickle.values.get_mut(*id));
        if let Some(Value::Sequence(list)) = list {
            list.extend_from_slice(items);
        }
    }

    fn insert(&mut self, items: &[Id]) {
        let dict = self.stack.last().and_then(|id| self.pickle.values.get_mut(*id));
        if let Some(Value::Dict(dict)) = dict {
            dict.extend(paired(items));
        }
    }

    fn remember(&mut self, key: usize) -> Result<()> {
        let top = *self.stack.last().context("nothing to remember")?;
        self.memo.insert(key, top);
        Ok(())
    }

    fn recall(&mut self, key: usize) -> Result<()> {
        let id = *self.memo.get(&key).context("its pickle names what it has not made")?;
        self.stack.push(id);
        Ok(())
    }
}

fn paired(items: &[Id]) -> Vec<(Id, Id)> {
    items.as_chunks::<2>().0.iter().map(|[key, value]| (*key, *value)).collect()
}
