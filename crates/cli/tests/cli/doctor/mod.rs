//! `arkws doctor`: each fault is called by its name.
mod http;
#[cfg(target_os = "linux")]
mod names;
mod network;
mod open;
mod proxies;
mod tls;

use serde_json::Value;

use crate::command::run;

/// What the doctor has found.
#[derive(Debug)]
struct Diagnosis(Value);

/// Has it look at a server. Its words are those of the JSON document, too.
fn doctor(arguments: &[&str]) -> Diagnosis {
    // No step is late on a busy machine, unless the test is about what never comes.
    let patient = match arguments.contains(&"--timeout") {
        true => &[][..],
        false => &["--timeout", "60s"],
    };
    let ran = run(&[&["doctor", "--json"], patient, arguments].concat(), b"");
    let document: Value = serde_json::from_slice(&ran.stdout)
        .unwrap_or_else(|error| panic!("{error}: {} {}", ran.text(), ran.stderr));
    let status = match document["good"].as_bool().expect("true or false") {
        true => 0,
        false => 1,
    };
    ran.with(status);
    Diagnosis(document)
}

impl Diagnosis {
    fn steps(&self) -> &[Value] {
        self.0["steps"].as_array().expect("steps")
    }

    /// The last step of this name.
    #[track_caller]
    fn step(&self, name: &str) -> &Value {
        let mut steps = self.steps().iter().rev();
        let step = steps.find(|step| step["step"] == name);
        step.unwrap_or_else(|| panic!("{self:?}"))
    }

    /// Nothing is wrong.
    #[track_caller]
    fn is_good(&self) {
        let Diagnosis(document) = self;
        assert_eq!(document["good"], true, "{document:#}");
        assert_eq!(document["faults"], Value::Array(Vec::new()));
    }

    /// This one fault was found, in this step, and the verdict says these words.
    #[track_caller]
    fn is(&self, kind: &str, step: &str, words: &[&str]) {
        let Diagnosis(document) = self;
        let faults = document["faults"].as_array().expect("faults");
        let [fault] = &faults[..] else {
            panic!("one fault: {document:#}");
        };
        assert_eq!(fault["kind"], kind, "{document:#}");
        let failed: Vec<_> = self
            .steps()
            .iter()
            .filter(|step| step["state"] == "failed")
            .map(|step| step["step"].as_str().expect("a name"))
            .collect();
        assert!(failed.contains(&step), "{failed:?} {document:#}");
        let verdict = format!("{} {}", text(&fault["what"]), text(&fault["advice"]));
        for words in words {
            assert!(verdict.contains(words), "\"{words}\" in: {verdict}");
        }
        // Whoever reads it in a program finds it in the book.
        let book = include_str!("../../../../../docs/src/doctor.md");
        assert!(book.contains(&format!("`{kind}`")), "{kind} in the book");
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}
