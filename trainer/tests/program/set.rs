//! A model and photos to try commands on.

use std::fs;
use std::path::Path;

/// Puts the small model of the self-check into `folder` (`small.safetensors`), two photos of each of its
/// classes (`set`), and an empty folder (`out`).
pub fn fill(folder: &Path) {
    let root = Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../static");
    fs::copy(root.join("check/cifar-basic.safetensors"), folder.join("small.safetensors")).unwrap();
    for class in 0..10 {
        let photos = folder.join(format!("set/class {class}"));
        fs::create_dir_all(&photos).unwrap();
        for photo in ["cat_chelsea.jpg", "bird_owl.jpg"] {
            fs::copy(root.join("gallery").join(photo), photos.join(photo)).unwrap();
        }
    }
    fs::create_dir(folder.join("out")).unwrap();
}
