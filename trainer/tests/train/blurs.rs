//! Blurred downsampling in training: how it is asked for, and how a run keeps it.

use crate::evaluate;
use crate::stage::{Stage, run, strs, succeed};

/// The weights of a network without a blur begin one with it, which the next begun from it keeps.
#[test]
fn a_blur_is_asked_for_and_kept() {
    let stage = Stage::new(48);
    let blurs = |out: &str, more: &[&str]| {
        let out = stage.path(out);
        let flags = [&["--epochs", "3", "--eps", "0.5"], more].concat();
        succeed(&strs(&stage.train(&out, &flags)));
        let model = format!("{out}/model.safetensors");
        let told = succeed(&["info", &model]);
        (model, told.contains("blurred downsampling"))
    };
    let (first, blurred) = blurs("first", &[]);
    assert!(!blurred);
    for precision in ["f32", "bf16"] {
        let how = ["--precision", precision, "--init", &first, "--downsampling", "blurred"];
        let (second, blurred) = blurs(&format!("second-{precision}"), &how);
        assert!(blurred, "{precision}");
        let report = evaluate(&stage, &second);
        assert!(report["clean"].as_f64().unwrap() > 0.9, "{precision}: {report}");
        let (third, kept) = (format!("third-{precision}"), ["--init", &second]);
        assert!(blurs(&third, &kept).1, "{precision}");
        // As other things that a run took from there, the blur need not be said again.
        assert!(blurs(&third, &["--resume"]).1, "{precision}");
        let words = ["--epochs", "3", "--eps", "0.5", "--resume", "--downsampling", "strided"];
        let output = run(&strs(&stage.train(&stage.path(&third), &words)));
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && errors.contains("is blurred: go on"), "{errors}");
    }
}
