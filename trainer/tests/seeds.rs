//! Every file in `fuzz/seeds` through the very targets that fuzzing drives: the formats they begin with,
//! and each input that ever failed.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

/// What the targets use of `libfuzzer_sys`: their code becomes a function.
#[macro_export]
macro_rules! fuzz_target {
    (|$bytes:ident: &[u8]| $body:block) => {
        pub fn target($bytes: &[u8]) $body
    };
}

extern crate self as libfuzzer_sys;

macro_rules! targets {
    ($($name:ident, $file:literal;)*) => {
        $(
            #[allow(dead_code, unused_attributes, unused_imports)]
            #[path = $file]
            mod $name;
        )*
        const TARGETS: &[(&str, fn(&[u8]))] = &[$((stringify!($name), $name::target)),*];
    };
}

targets! {
    catalog, "../../fuzz/targets/catalog.rs";
    checkpoint, "../../fuzz/targets/checkpoint.rs";
    link, "../../fuzz/targets/link.rs";
    model, "../../fuzz/targets/model.rs";
    photo, "../../fuzz/targets/photo.rs";
}

use checkpoint::files;

#[test]
fn no_seed_fails_any_more() {
    let root = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../fuzz/seeds");
    let folders = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = folders.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    assert!(names.iter().map(String::as_str).eq(TARGETS.iter().map(|(name, _)| *name)));
    for (name, target) in TARGETS {
        let seeds = fs::read_dir(root.join(name)).unwrap().map(|entry| entry.unwrap().path());
        let seeds: Vec<_> = seeds.collect();
        assert!(seeds.len() > 1, "{name}");
        for seed in seeds {
            // A debug assertion of the JPEG decoder, which builds for use and for fuzzing do not have.
            if cfg!(debug_assertions) && seed.ends_with("cut-scan.jpg") {
                continue;
            }
            eprintln!("{}", seed.display());
            let bytes = fs::read(seed).unwrap();
            target(&bytes);
            target(&bytes[..bytes.len() / 2]);
        }
    }
}
