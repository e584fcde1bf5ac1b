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

#[test]
fn rows_of_the_same_weight_are_rows_without() {
    let place = Place::with_model();
    fit(&place, |_| "2".to_owned()).ok();
    let model = |name: &str| Model::from_bytes(&place.read(name)).expect("a model");
    let (plain, weighted) = (model("model.gauss"), model("weighted.gauss"));
    assert_eq!(weighted.names(), ["a", "b", "c"]);
    let weights = weighted.provenance().weights.as_ref().expect("it remembers them");
    assert_eq!(weights.column.as_deref(), Some("w"));
    // Weights of 2 sum to other numbers than ones do, so the last bits may differ.
    const TOL: f64 = 1e-6;
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

#[test]
fn what_counts_every_row_once_says_so() {
    let place = Place::with_model();
    place.write("w.csv", "w,a,b,c\n1,0.5,50,0.0002\n2,0.1,70,0.001\n");
    for arguments in [
        "score model.gauss w.csv",
        "report model.gauss w.csv --out r.html",
        "compare model.gauss model.gauss w.csv",
    ] {
        let refused = place.gauss(arguments.split(' ').chain(["--weights", "w"]));
        let message = "error: --weights: here every row counts once\n";
        assert_eq!((refused.code, refused.stderr.as_str()), (2, message), "{arguments}");
    }
}
