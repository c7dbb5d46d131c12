//! Images that a list says to leave out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::source::File;
use crate::files;

/// Removes the images that the lists name, one per line by the end of its path: `CLASS/image.jpg`, whatever folders
/// stand before. Says on standard error how many those were.
///
/// # Errors
///
/// Where a list cannot be read, a line names no class and file, or a list has none of the images.
pub fn leave_out(images: &mut Vec<File>, lists: &[PathBuf]) -> Result<()> {
    for list in lists {
        let shown = list.display();
        let text = String::from_utf8(files::read(list)?)
            .with_context(|| format!("{shown} is not a list of file names"))?;
        let names = parse(&text).with_context(|| format!("{shown}"))?;
        let before = images.len();
        images.retain(|image| !names.contains(&image.listed()));
        let count = before - images.len();
        if count == 0 {
            bail!(
                "{shown} names none of the images. A line is the end of an image's path, such as {}",
                images.first().map_or("CLASS/image.jpg".into(), File::listed)
            );
        }
        eprintln!("{count} images left out, of the {} that {shown} names.", names.len());
    }
    Ok(())
}

/// Class and file on every line.
fn parse(text: &str) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        let path = Path::new(line.trim());
        let class = path.parent().and_then(Path::file_name);
        let (Some(class), Some(file)) = (class, path.file_name()) else {
            bail!("line {number} is no image of a class, such as CLASS/image.jpg: {line}");
        };
        names.insert(format!("{}/{}", class.to_string_lossy(), file.to_string_lossy()));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_the_end_of_a_path() {
        let names = parse("train/bird/a.jpg\n\n  fish/b.jpg \r\n").unwrap();
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["bird/a.jpg", "fish/b.jpg"]);
        assert!(parse("bird/a.jpg\nb.jpg").unwrap_err().to_string().contains("line 2"));
    }
}
