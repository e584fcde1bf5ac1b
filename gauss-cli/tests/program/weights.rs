//! A column of weights through the program: set apart, learnt with, and refused where it is none.

use gauss_model::Model;

use crate::support::{Place, QUICK, Run, rows};

/// train.csv with a column `w` in front, and a fit to it.
fn fit(place: &Place, weight: impl Fn(usize) -> String) -> Run {
    let lines = rows(0, 300);
    let weighted = lines.lines().enumerate().map(|(k, line)| match k {
        0 => format!("w,{line}\n"),
        k => format!("{},{line}\n", weight(k)),
    });
    place.write("weighted.csv", weighted.collect::<String>());
    let arguments = ["fit", "weighted.csv", "--out", "weighted.gauss", "--weights", "w"];
    place.gauss(arguments.iter().chain(&QUICK))
}

/// Weights of 2 sum to other numbers than ones do, so the last bits may differ.
const TOL: f64 = 1e-6;

#[test]
fn rows_of_the_same_weight_are_rows_without() {
    let place = Place::with_model();
    fit(&place, |_| "2".to_owned()).ok();
    let model = |name: &str| Model::from_bytes(&place.read(name)).expect("a model");
    let (plain, weighted) = (model("model.gauss"), model("weighted.gauss"));
    assert_eq!(weighted.names(), ["a", "b", "c"]);
    let weights = weighted.provenance().weights.as_ref().expect("it remembers them");
    assert_eq!(weights.column.as_deref(), Some("w"));
    let parameters = plain.flow().params().iter().zip(weighted.flow().params());
    let largest = parameters.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(largest < TOL, "{largest}");

    let other = fit(&place, |k| (k % 3).to_string()).ok();
    assert!(!other.stdout.is_empty());
    assert_ne!(model("weighted.gauss").flow(), plain.flow(), "weights count");
}

#[test]
fn weights_that_are_none_stop_the_fit() {
    let place = Place::empty();
    for (weight, message) in [
        ("-1", "row 7 (line 8 of the file), column \"w\": the weight is below 0: \"-1\"; write 0"),
        ("NA", "row 7 (line 8 of the file), column \"w\": the weight is missing; write 0"),
        ("heavy", "row 7 (line 8 of the file), column \"w\": not a number: \"heavy\""),
    ] {
        let refused = fit(&place, |k| if k == 7 { weight } else { "1" }.to_owned());
        assert_eq!(refused.code, 1, "{refused:?}");
        let expected = format!("error: weighted.csv: {message}");
        assert!(refused.stderr.starts_with(&expected), "{}", refused.stderr);
    }
    let refused = fit(&place, |_| "0".to_owned());
    let message = "error: weighted.csv: column \"w\": the weight of every row is 0; at least one \
                   must be above\n";
    assert_eq!((refused.code, refused.stderr.as_str()), (1, message));
}

/// The mean that a command reports, and the effective number of rows.
fn mean(run: &Run, of: &str) -> (f64, Option<f64>) {
    let json: serde_json::Value = serde_json::from_str(&run.stdout).expect("an object");
    let mean = json.pointer(of).and_then(serde_json::Value::as_f64).expect(of);
    (mean, json["effective_rows"].as_f64())
}

#[test]
fn integer_weights_are_repeated_rows_wherever_a_mean_is_told() {
    let place = Place::with_model();
    let lines = rows(300, 40);
    let (head, lines) = lines.split_once('\n').expect("a header");
    let counts = |k: usize| k % 4;
    let weighted = lines.lines().enumerate().map(|(k, line)| format!("{},{line}\n", counts(k)));
    let repeated = lines.lines().enumerate().map(|(k, line)| format!("{line}\n").repeat(counts(k)));
    place.write("weighted.csv", format!("w,{head}\n{}", weighted.collect::<String>()));
    place.write("repeated.csv", format!("{head}\n{}", repeated.collect::<String>()));
    for (command, of) in [
        ("score model.gauss TABLE --json", "/mean_log_prob"),
        ("compare model.gauss model.gauss TABLE --json", "/models/0/mean_log_prob"),
        ("report model.gauss TABLE --out r.html --json", "/likelihood/log_prob/mean"),
    ] {
        let on = |table: &str, more: &[&str]| {
            let command = command.replace("TABLE", table);
            mean(&place.gauss(command.split(' ').chain(more.iter().copied())).ok(), of)
        };
        let (with, effective) = on("weighted.csv", &["--weights", "w"]);
        let (plain, none) = on("repeated.csv", &[]);
        assert!((with - plain).abs() < 1e-9, "{command}: {with} {plain}");
        assert_eq!(none, None);
        if command.starts_with("report") {
            continue;
        }
        // Weights 0, 1, 2, 3 in turn: (10 · 6)²/(10 · 14).
        assert!((effective.expect("a number") - 3600.0 / 140.0).abs() < 1e-9, "{command}");
    }
}
