//! PyTorch's checkpoints in memory: the zip files since PyTorch 1.6, and the format before it. What this
//! does not read, the command line reads with a library that knows older formats, but only files on disk.

mod pickle;
mod tensor;
mod values;

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::ops::Range;
use std::rc::Rc;

use anyhow::{Context, Result, bail, ensure};
use zip::{CompressionMethod, ZipArchive};

use super::stored::{Stored, Tensors};
use tensor::View;
use values::{Id, Pickle, Value};

/// Where "ustar" stands in the files of the first PyTorch.
const TAR_MAGIC: Range<usize> = 257..262;

/// What a file in the old format begins with, as a number in a pickle of its own.
const OLD_MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// How deep dictionaries lie in each other at most.
const DEPTH: usize = 16;

/// How many values are looked at: far more than any checkpoint has, an optimiser's among them.
const MOST: usize = 1 << 20;

/// Where the bytes of each storage are.
struct Places {
    bytes: Rc<[u8]>,
    ranges: BTreeMap<String, Range<usize>>,
}

impl Places {
    fn of(&self, view: &View) -> Result<&[u8]> {
        let range = self.ranges.get(&view.storage.key).context("its numbers are missing")?;
        self.bytes.get(range.clone()).context("its numbers lie past the end of the file")
    }
}

/// Lists the tensors of a whole file.
///
/// # Errors
///
/// Where it is none of PyTorch's, or damaged.
pub fn tensors(bytes: &[u8]) -> Result<Tensors> {
    let (pickle, root, ranges) = if bytes.starts_with(b"PK") {
        zipped(bytes)?
    } else if is_tar(bytes) {
        bail!("this checkpoint is of 2017, before PyTorch 0.1.10: `robust-reps import` reads it");
    } else if bytes.windows(OLD_MAGIC.len()).take(64).any(|window| window == OLD_MAGIC) {
        old(bytes)?
    } else {
        bail!("this is neither a PyTorch checkpoint nor a safetensors file");
    };
    let mut found = Vec::new();
    collect(&pickle, root, &mut Vec::new(), &mut MOST.clone(), &mut found)?;
    let places = Rc::new(Places { bytes: bytes.into(), ranges });
    let stored = |(name, view): (String, View)| {
        let (shape, places) = (view.shape.clone(), Rc::clone(&places));
        let values = move || view.values(places.of(&view)?);
        (name, Stored { shape, values: Box::new(values) })
    };
    Ok(found.into_iter().map(stored).collect())
}

/// Whether these are the bytes of a tar file, which PyTorch wrote in its first year.
pub fn is_tar(bytes: &[u8]) -> bool {
    bytes.get(TAR_MAGIC) == Some(b"ustar")
}

type Read3 = (Pickle, Id, BTreeMap<String, Range<usize>>);

/// A zip file: a pickle, and a member for each storage.
fn zipped(bytes: &[u8]) -> Result<Read3> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).context("its zip file is damaged")?;
    let names: Vec<String> = archive.file_names().map(str::to_owned).collect();
    let root = names.iter().filter_map(|name| name.strip_suffix("data.pkl"));
    let root = root
        .min_by_key(|root| root.len())
        .context("this zip file has no \"data.pkl\", so that it is none of PyTorch's")?;
    let mut read = |name: &str| -> Result<Vec<u8>> {
        let member = archive.by_name(name).with_context(|| format!("no member \"{name}\""))?;
        let length = member.size().min(bytes.len() as u64);
        let mut contents = Vec::new();
        member
            .take(length)
            .read_to_end(&mut contents)
            .with_context(|| format!("member \"{name}\""))?;
        Ok(contents)
    };
    let order = format!("{root}byteorder");
    if names.contains(&order) && read(&order)?.trim_ascii() != b"little" {
        bail!("its numbers are in big-endian order, which is not read");
    }
    let (pickle, top, _) = pickle::read(&read(&format!("{root}data.pkl"))?)?;
    let mut ranges = BTreeMap::new();
    let prefix = format!("{root}data/");
    for name in &names {
        let Some(key) = name.strip_prefix(&prefix) else { continue };
        let mut member = archive.by_name(name).with_context(|| format!("member \"{name}\""))?;
        ensure!(
            member.compression() == CompressionMethod::Stored,
            "its member \"{name}\" is compressed, which PyTorch never does: unzip and zip it without"
        );
        // Reads it once, so that its checksum is compared.
        let length = std::io::copy(&mut member, &mut std::io::sink())
            .with_context(|| format!("its member \"{name}\" is damaged"))?;
        let from = member.data_start() as usize;
        let end = from.checked_add(length as usize).context("its zip file is damaged")?;
        ranges.insert(key.to_owned(), from..end);
    }
    Ok((pickle, top, ranges))
}

/// The format before: five pickles, then every storage after its length.
fn old(bytes: &[u8]) -> Result<Read3> {
    let mut at = 0;
    let mut next = |what: &str| -> Result<(Pickle, Id)> {
        let (pickle, root, length) = pickle::read(&bytes[at..]).with_context(|| what.to_owned())?;
        at += length;
        Ok((pickle, root))
    };
    next("its first number")?;
    let (version, number) = next("its version")?;
    ensure!(version.count(number) == Some(1001), "its version is not 1001, the only one there is");
    next("the system it was written on")?;
    let (pickle, root) = next("its tensors")?;
    let (list, keys) = next("its list of storages")?;
    let lengths = pickle.storages()?;
    let mut ranges = BTreeMap::new();
    for key in list.sequence(keys).context("its list of storages is none")? {
        let key = list.text(*key).context("a storage without a name")?;
        let length =
            *lengths.get(key).with_context(|| format!("storage \"{key}\" is nowhere used"))?;
        // The count stands before the numbers, in eight bytes.
        let from = at.checked_add(8).context("it is cut short")?;
        let end = from.checked_add(length).filter(|end| *end <= bytes.len());
        at = end.context("it is cut short")?;
        ranges.insert(key.to_owned(), from..at);
    }
    Ok((pickle, root, ranges))
}

/// All tensors of dictionaries in dictionaries, by their keys and dots between.
fn collect(
    pickle: &Pickle,
    id: Id,
    path: &mut Vec<String>,
    left: &mut usize,
    found: &mut Vec<(String, View)>,
) -> Result<()> {
    *left = left.checked_sub(1).context("it names more values than any checkpoint")?;
    match pickle.get(id) {
        Value::Tensor(view) => found.push((path.join("."), view.clone())),
        Value::Dict(pairs) => {
            ensure!(path.len() < DEPTH, "its dictionaries lie too deep in each other");
            for (key, value) in pairs {
                let key = match pickle.get(*key) {
                    Value::Text(text) => text.clone(),
                    Value::Int(number) => number.to_string(),
                    _ => continue,
                };
                path.push(key);
                collect(pickle, *value, path, left, found)?;
                path.pop();
            }
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names and shapes of a pickle's tensors.
    fn found(bytes: &[u8]) -> Result<Vec<(String, Vec<usize>)>> {
        let (pickle, root, length) = pickle::read(bytes)?;
        assert_eq!(length, bytes.len());
        let mut found = Vec::new();
        collect(&pickle, root, &mut Vec::new(), &mut MOST.clone(), &mut found)?;
        Ok(found.into_iter().map(|(name, view)| (name, view.shape)).collect())
    }

    /// A dictionary of a dictionary of one tensor of six numbers, made by calls.
    const NESTED: &[u8] = b"\x80\x02}X\x05\0\0\0modelccollections\nOrderedDict\n)RX\x06\0\0\0weight\
        ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0\x30\
        X\x03\0\0\0cpuK\x06tQK\0K\x02K\x03\x86K\x03K\x01\x86\x89ccollections\nOrderedDict\n)RtRss.";

    #[test]
    fn dictionaries_of_tensors_are_found() {
        assert_eq!(found(NESTED).unwrap(), [("model.weight".to_owned(), vec![2, 3])]);
    }

    #[test]
    fn what_is_cut_short_or_strange_is_an_error_and_no_more() {
        for end in 0..NESTED.len() {
            assert!(pickle::read(&NESTED[..end]).is_err(), "{end}");
        }
        for at in 0..NESTED.len() {
            for bit in 0..8 {
                let mut bytes = NESTED.to_vec();
                bytes[at] ^= 1 << bit;
                if let Ok((pickle, root, _)) = pickle::read(&bytes) {
                    drop(collect(
                        &pickle,
                        root,
                        &mut Vec::new(),
                        &mut MOST.clone(),
                        &mut Vec::new(),
                    ));
                }
            }
        }
    }

    #[test]
    fn what_contains_itself_or_lies_deep_is_harmless() {
        let error = found(b"}q\0X\x01\0\0\0ah\0s.").unwrap_err().to_string();
        assert!(error.contains("too deep"), "{error}");
        let deep = [&[b')'][..], &[0x85].repeat(1 << 20), b"."].concat();
        assert_eq!(found(&deep).unwrap(), []);
        // Each dictionary holds the one before twice.
        let mut wide = b"}q\0".to_vec();
        for level in 1..16u8 {
            wide.extend([b'}', b'q', level]);
            for key in [b'a', b'b', b'c', b'd'] {
                wide.extend([b'X', 1, 0, 0, 0, key, b'h', level - 1, b's']);
            }
        }
        let error = found(&[&wide[..], b"."].concat()).unwrap_err().to_string();
        assert!(error.contains("more values"), "{error}");
    }
}
