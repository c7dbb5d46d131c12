//! AutoAttack on a network that was just trained: what it reports, what it refuses, and how it goes on.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::interrupt::interrupted;
use crate::stage::{Stage, program, run, strs, succeed};

/// A stage on which a robust network was trained, and the words that attack it.
fn trained() -> (Stage, Vec<String>) {
    let stage = Stage::new(48);
    let out = stage.path("robust");
    succeed(&strs(&stage.train(&out, &["--epochs", "6", "--eps", "0.5"])));
    let words = ["eval", &format!("{out}/model.safetensors"), &stage.path("val"), "--json"];
    let few = ["--invert", "0", "--attack-steps", "1", "--autoattack", "--autoattack-steps", "10"];
    let words = [&words[..], &few].concat().into_iter().map(str::to_owned).collect();
    (stage, words)
}

fn report(output: &str) -> Value {
    serde_json::from_str(output).unwrap()
}

#[test]
fn autoattack_reports_each_attack_and_refuses_what_is_not_its_own() {
    let (_stage, words) = trained();
    let words = strs(&words);
    let told = |more: &[&str]| {
        let output = run(&[&words, more].concat());
        assert!(!output.status.success(), "{more:?} should fail");
        String::from_utf8(output.stderr).unwrap()
    };
    // Three classes have no fourth largest logit.
    let errors = told(&[]);
    assert!(errors.contains("3 classes") && errors.contains("--attacks"), "{errors}");

    let attacks = ["--attacks", "apgd-ce,fab-t,square", "--queries", "40"];
    for (norm, eps) in [("l2", "0.3,6"), ("linf", "4/255,0.3")] {
        let more = ["--norm", norm, "--eps", eps];
        let output = succeed(&[&words[..], &attacks, &more].concat());
        let found = report(&output);
        let radii = found["autoattack"].as_array().unwrap();
        for radius in radii {
            let mut before = radius["clean"].as_f64().unwrap();
            assert_eq!(Some(before), found["clean"].as_f64());
            for after in radius["after"].as_array().unwrap() {
                let accuracy = after["accuracy"].as_f64().unwrap();
                assert!(accuracy <= before, "{radius}");
                before = accuracy;
            }
            assert_eq!(radius["accuracy"].as_f64(), Some(before));
        }
        let accuracy = |i: usize| radii[i]["accuracy"].as_f64().unwrap();
        assert!(accuracy(0) > 0.5 && accuracy(1) < 0.1, "{norm}: {found}");
        // A second run has nothing to do and says the same.
        assert_eq!(succeed(&[&words[..], &attacks, &more].concat()), output);
        let errors = told(&[&attacks[..], &more, &["--seed", "1"]].concat());
        assert!(errors.contains("--state") && errors.contains(norm), "{errors}");
    }
    let errors = told(&["--attacks", "square", "--eps", "0.3"]);
    assert!(errors.contains("other attacks"), "{errors}");
}

#[test]
fn autoattack_goes_on_where_it_was_stopped() {
    let (stage, words) = trained();
    let (whole, parts) = (stage.path("whole.json"), stage.path("parts.json"));
    // Queries enough for an interrupt to come in time.
    let attacks = ["--attacks", "apgd-ce,square", "--queries", "1500", "--eps", "0.3"];
    let words = [&strs(&words)[..], &attacks, &["--state"]].concat();
    let expected = succeed(&[&words[..], &[&whole]].concat());

    let output = interrupted(program(&[&words[..], &[&parts]].concat()), Path::new(&parts));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && errors.contains("goes on from"), "{errors}");
    let left = fs::read_to_string(&parts).unwrap();
    assert_ne!(left, fs::read_to_string(&whole).unwrap());

    assert_eq!(succeed(&[&words[..], &[&parts]].concat()), expected);
    assert_eq!(fs::read(&parts).unwrap(), fs::read(&whole).unwrap());
}
