//! `gauss compare`: the right model wins, by the right number, and what does not compare is refused.

use gauss_model::{Column, Kind, Support};

use crate::support::{Place, run, with_column};

/// model.gauss, and poor.gauss with the columns in another order and no dependence between them.
fn place() -> Place {
    let place = Place::with_model();
    let fit =
        "fit train.csv --out poor.gauss --columns c,a,b --method rbig --blocks 1 --components 1";
    place.gauss(fit.split(' ')).ok();
    place
}

#[test]
fn the_better_model_is_named_with_its_paired_difference() {
    let place = place();
    let compare = "compare poor.gauss model.gauss test.csv --json --out d.csv";
    let report = place.gauss(compare.split(' ')).ok().json();
    assert_eq!((&report["best"], &report["conclusive"]), (&"model.gauss".into(), &true.into()));
    assert_eq!((&report["rows"], &report["common_rows"]), (&100.into(), &100.into()));

    // Each mean is what `score` says, and the difference is that of the two columns.
    let mut scores = Vec::new();
    for (k, model) in ["poor.gauss", "model.gauss"].into_iter().enumerate() {
        let score =
            place.gauss(["score", model, "test.csv", "--json", "--out", "s.csv"]).ok().json();
        for number in ["mean_log_prob", "standard_error"] {
            let (a, b) = (report["models"][k][number].as_f64(), score[number].as_f64());
            assert!((a.expect("a number") - b.expect("a number")).abs() < 1e-12, "{number}");
        }
        scores.push(place.table("s.csv").1.concat());
    }
    let gaps: Vec<f64> = scores[0].iter().zip(&scores[1]).map(|(poor, good)| poor - good).collect();
    let mean = gaps.iter().sum::<f64>() / 100.0;
    let variance = gaps.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / 99.0;
    let poor = &report["models"][0];
    assert!((poor["difference"].as_f64().expect("a number") - mean).abs() < 1e-12);
    let error = poor["difference_standard_error"].as_f64().expect("a number");
    assert!((error - (variance / 100.0).sqrt()).abs() < 1e-12);
    assert_eq!(report["models"][1]["difference"], 0.0);

    let (names, cells) = place.table("d.csv");
    assert_eq!(names.join(","), "log_prob_1,log_prob_2,difference_2");
    for (i, row) in cells.iter().enumerate() {
        assert_eq!((row[0], row[1], row[2]), (scores[0][i], scores[1][i], -gaps[i]));
    }
}

#[test]
fn a_model_and_itself_are_not_told_apart_also_from_standard_input() {
    let place = place();
    let test = place.read("test.csv");
    let arguments = "diff model.gauss model.gauss poor.gauss - --json";
    let piped = run(place.command().args(arguments.split(' ')).write_stdin(test)).ok().json();
    assert_eq!(piped["conclusive"], false);
    assert_eq!(piped["table"], "standard input");
    assert_eq!(piped["models"][1]["difference"], 0.0);
    let arguments = "compare model.gauss model.gauss poor.gauss test.csv --json";
    let file = place.gauss(arguments.split(' ')).ok().json();
    assert_eq!(piped["models"], file["models"]);
}

#[test]
fn rows_outside_a_support_are_counted_and_decide() {
    let place = place();
    let positive = |column: &mut Column| column.kind = Kind::Real(Support::Above(0.0));
    place.write("positive.gauss", with_column(&place.read("model.gauss"), 0, positive));
    let (_, rows) = place.table("test.csv");
    let below = rows.iter().filter(|row| row[0] <= 0.0).count();
    assert!(below > 10);
    let arguments = "compare positive.gauss model.gauss test.csv";
    let report = place.gauss(arguments.split(' ').chain(["--json"])).ok().json();
    let positive = &report["models"][0];
    assert_eq!((&positive["outside"], &positive["mean_log_prob"]), (&below.into(), &().into()));
    assert_eq!(report["common_rows"], 100 - below);
    assert_eq!((&report["best"], &report["conclusive"]), (&"model.gauss".into(), &true.into()));
    let prose = place.gauss(arguments.split(' ')).ok().stdout;
    assert!(prose.contains(&format!("positive.gauss has no density for {below} rows")), "{prose}");
    assert!(prose.contains("the difference is infinite"), "{prose}");
}

#[test]
fn what_does_not_compare_is_refused() {
    let place = place();
    let model = place.read("model.gauss");
    let integer = |column: &mut Column| column.kind = Kind::Integer(Support::Line);
    place.write("integer.gauss", with_column(&model, 1, integer));
    let other = |column: &mut Column| *column = Column::real("other");
    place.write("other.gauss", with_column(&model, 1, other));
    for (models, message) in [
        (
            "model.gauss integer.gauss",
            "integer.gauss: column \"b\" is integer, but model.gauss has it real: a probability does not compare with a density",
        ),
        ("model.gauss other.gauss", "other.gauss: has no column \"b\", which model.gauss has"),
    ] {
        let refused = place.gauss(format!("compare {models} test.csv").split(' '));
        assert_eq!((refused.code, refused.stdout.as_str()), (1, ""));
        assert!(refused.stderr.starts_with(&format!("error: {message}")), "{}", refused.stderr);
    }
    // Two integer columns are as good as two real ones.
    let same = place.gauss("compare integer.gauss integer.gauss test.csv".split(' '));
    assert_eq!(same.code, 0, "{}", same.stderr);
}
