//! From a table to a model and back, with the options a user would try.

use crate::support::{Place, QUICK, parse, rows, run};

#[test]
fn fit_score_sample_transform_inverse_inspect() {
    let place = Place::empty();
    place.write("train.csv", rows(0, 400));
    place.write("test.csv", rows(1, 150));

    let fit = place.gauss(["fit", "train.csv", "--out", "model.gauss"].iter().chain(&QUICK)).ok();
    assert!(fit.stdout.contains("model.gauss"), "{}", fit.stdout);

    let score = place.gauss(["score", "model.gauss", "test.csv", "--out", "s.csv", "--json"]).ok();
    let report = score.json();
    assert_eq!(report["rows"], 150);
    let (names, scores) = place.table("s.csv");
    assert_eq!((names, scores.len()), (vec!["log_prob".to_owned()], 150));
    let mean = scores.iter().map(|row| row[0]).sum::<f64>() / 150.0;
    assert!((report["mean_log_prob"].as_f64().expect("a number") - mean).abs() < 1e-12);
    assert!(report["standard_error"].as_f64().expect("a number") > 0.0);

    place.gauss(["sample", "model.gauss", "--rows", "500", "--out", "new.csv"]).ok();
    let (names, new) = place.table("new.csv");
    assert_eq!((names.join(","), new.len()), ("a,b,c".to_owned(), 500));

    place.gauss(["transform", "model.gauss", "test.csv", "--out", "z.csv"]).ok();
    let (names, z) = place.table("z.csv");
    assert_eq!((names.join(","), z.len()), ("z0,z1,z2".to_owned(), 150));

    place.gauss(["inverse", "model.gauss", "z.csv", "--out", "x.csv"]).ok();
    let (names, back) = place.table("x.csv");
    assert_eq!(names.join(","), "a,b,c");
    let (_, there) = place.table("test.csv");
    for (x, y) in there.iter().flatten().zip(back.iter().flatten()) {
        assert!((x - y).abs() <= 1e-9 * x.abs().max(1.0), "{x} came back as {y}");
    }

    let inspect = place.gauss(["inspect", "model.gauss", "--json"]).ok().json();
    assert_eq!(inspect["columns"], serde_json::json!(["a", "b", "c"]));
    assert_eq!(inspect["rows"], 400);
    let of_layers: u64 = inspect["layers"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|layer| layer["trainable_parameters"].as_u64().expect("a count"))
        .sum();
    assert_eq!(inspect["trainable_parameters"], of_layers);
    let shown = place.gauss(["inspect", "model.gauss", "--quiet"]).ok().stdout;
    assert!(shown.contains("marginal") && shown.contains("a, b, c"), "{shown}");
}

#[test]
fn fit_tells_what_it_tried_and_inspect_remembers() {
    let place = Place::empty();
    place.write("train.csv", rows(0, 400));
    place.write("valid.csv", rows(1, 150));
    let fit = |arguments: &str| {
        let all = format!("fit train.csv --blocks 2 --json {arguments}");
        place.gauss(all.split(' ')).ok().json()
    };
    let report = fit("--out m.gauss --budget 30epochs --validation valid.csv");
    let search = &report["search"];
    let tried = search["tried"].as_array().expect("a list");
    assert!(tried.len() >= 4, "{search}");
    for trial in tried {
        let number = |key: &str| trial[key].as_f64().expect("a number");
        assert!(number("log_prob_after") >= number("log_prob_before"), "{trial}");
        assert!(number("steps") >= 1.0 && number("round") >= 1.0);
    }
    assert_eq!(search["baselines"].as_array().expect("a list").len(), 3);
    assert_eq!(report["refitted"], false);
    let chosen = search["chosen"].as_str().expect("something was chosen");
    assert!(chosen.contains("2 × 4 components") && chosen.contains("the best of 4"), "{chosen}");

    // The validation score is the model's own, and so is what the model file says.
    let score = place.gauss(["score", "m.gauss", "valid.csv", "--json"]).ok().json();
    let mean = score["mean_log_prob"].as_f64().expect("a number");
    let validated = -report["validation_nll"].as_f64().expect("a number");
    assert!((mean - validated).abs() < 1e-9, "{mean} {validated}");
    let shown = place.gauss(["inspect", "m.gauss"]).ok().stdout;
    assert_eq!(shown.lines().filter(|l| l.trim_start().starts_with("tried")).count(), tried.len());
    assert!(shown.contains(chosen) && shown.contains("one normal distribution"), "{shown}");
    let inspect = place.gauss(["inspect", "m.gauss", "--json"]).ok().json();
    let epoch = &inspect["training"]["history"][1];
    assert!(epoch["learning_rate"].as_f64().expect("a rate") > 0.0);

    let again = fit("--out r.gauss --budget 12epochs --validation valid.csv --refit");
    assert_eq!(again["refitted"], true);
    let timed = fit("--out t.gauss --budget 0.2s --no-refit");
    assert_eq!(timed["refitted"], false);
    assert!(!timed["search"]["tried"].as_array().expect("a list").is_empty());
}

#[test]
fn the_model_fits_better_than_independent_normals() {
    let place = Place::with_model();
    let report = place.gauss(["score", "model.gauss", "test.csv", "--json"]).ok().json();
    let (_, cells) = place.table("test.csv");
    let normal: f64 = (0..3)
        .map(|j| {
            let column: Vec<f64> = cells.iter().map(|row| row[j]).collect();
            let n = column.len() as f64;
            let mean = column.iter().sum::<f64>() / n;
            let variance = column.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
            -0.5 * (2.0 * std::f64::consts::PI * std::f64::consts::E * variance).ln()
        })
        .sum();
    let mean = report["mean_log_prob"].as_f64().expect("a number");
    assert!(mean > normal + 0.3, "model {mean}, independent normals {normal}");
}

#[test]
fn every_command_prints_one_json_object() {
    let place = Place::with_model();
    for (arguments, keys) in [
        (
            "fit train.csv --out m2.gauss --blocks 1 --budget 1epochs",
            "rows columns trainable_parameters seconds",
        ),
        ("score model.gauss test.csv", "rows mean_log_prob standard_error non_finite missing_rows"),
        ("score model.gauss test.csv --out s.csv", "rows mean_log_prob standard_error out"),
        ("sample model.gauss --rows 5", "rows columns seed data"),
        ("sample model.gauss --rows 5 --out n.csv", "rows columns seed out"),
        ("transform model.gauss test.csv", "rows columns mean standard_deviation data"),
        ("inverse model.gauss test.csv", "rows columns data"),
        (
            "inspect model.gauss",
            "layers columns training parameters trainable_parameters file_bytes",
        ),
    ] {
        let run = place.gauss(arguments.split(' ').chain(["--json"])).ok();
        let object = run.json();
        for key in keys.split(' ') {
            assert!(object.get(key).is_some(), "{arguments}: no {key} in {object}");
        }
        let prose = !arguments.starts_with("inspect");
        assert_eq!(!run.stderr.is_empty(), prose, "{arguments}: prose goes to standard error");
        let quiet = place.gauss(arguments.split(' ').chain(["--json", "--quiet"])).ok();
        assert!(quiet.stderr.is_empty(), "{arguments}: {}", quiet.stderr);
    }
    let sample = place.gauss(["sample", "model.gauss", "--rows", "5", "--json"]).ok().json();
    let data = sample["data"].as_array().expect("rows");
    assert_eq!((data.len(), data[0].as_array().expect("a row").len()), (5, 3));
}

#[test]
fn without_out_the_table_goes_to_standard_output() {
    let place = Place::with_model();
    let scores = place.gauss(["score", "model.gauss", "test.csv"]).ok();
    assert_eq!(parse(&scores.stdout).1.len(), 100);
    assert!(scores.stderr.contains("mean ln p(x)"), "{}", scores.stderr);

    let z = place.gauss(["transform", "model.gauss", "test.csv", "--quiet"]).ok();
    assert!(z.stderr.is_empty());
    let x = run(place.command().args(["inverse", "model.gauss", "-"]).write_stdin(z.stdout)).ok();
    assert_eq!(parse(&x.stdout).1.len(), 100);
}

#[test]
fn columns_are_matched_by_name() {
    let place = Place::with_model();
    let (_, cells) = place.table("test.csv");
    let mut other = vec!["name;c;a;b".to_owned()];
    other.extend(cells.iter().map(|row| format!("row;{};{};{}", row[2], row[0], row[1])));
    place.write("other.csv", other.join("\n"));
    let straight = place.gauss(["score", "model.gauss", "test.csv"]).ok().stdout;
    let shuffled = place.gauss(["score", "model.gauss", "other.csv"]).ok().stdout;
    assert_eq!(straight, shuffled);
}

#[test]
fn columns_and_headers_can_be_chosen() {
    let place = Place::with_model();
    let quick = |arguments: &str| {
        place.gauss(arguments.split(' ').chain(QUICK).chain(["--json"])).ok().json()
    };
    let some = quick("fit train.csv --out m.gauss --columns c,a");
    assert_eq!(some["columns"], serde_json::json!(["c", "a"]));

    let text = rows(0, 200);
    place.write("bare.csv", text.split_once('\n').expect("a header").1);
    let bare = quick("fit bare.csv --out m.gauss --no-header");
    assert_eq!(bare["columns"], serde_json::json!(["x0", "x1", "x2"]));
    assert_eq!(bare["rows"], 200);
    place.gauss(["score", "m.gauss", "bare.csv", "--no-header"]).ok();
}

#[test]
fn a_validation_table_may_be_given() {
    let place = Place::with_model();
    let arguments = "fit train.csv --validation test.csv --out m.gauss --json".split(' ');
    let report = place.gauss(arguments.chain(QUICK)).ok().json();
    assert_eq!((&report["rows"], &report["validation_rows"]), (&300.into(), &100.into()));
}

#[test]
fn missing_values_are_passed_over_on_request() {
    let place = Place::with_model();
    let holes = rows(3, 120).replacen("a,b,c\n", "a,b,c\n1,,3\n4,NaN,6\n", 1);
    place.write("holes.csv", holes);
    let drop = ["--missing", "drop", "--json"];

    let fit = ["fit", "holes.csv", "--out", "m.gauss"];
    let fit = place.gauss(fit.iter().chain(&QUICK).chain(&drop)).ok().json();
    assert_eq!((&fit["rows"], &fit["missing_rows"]), (&120.into(), &2.into()));

    let score = ["score", "model.gauss", "holes.csv", "--out", "s.csv"];
    let score = place.gauss(score.iter().chain(&drop)).ok().json();
    assert_eq!(
        (&score["rows"], &score["missing_rows"], &score["non_finite"]),
        (&122.into(), &2.into(), &0.into())
    );
    assert!(score["mean_log_prob"].is_f64());
    let (_, scores) = place.table("s.csv");
    let holes: Vec<usize> = (0..scores.len()).filter(|&i| scores[i][0].is_nan()).collect();
    assert_eq!((scores.len(), holes), (122, vec![0, 1]));
}

#[test]
fn an_existing_file_is_replaced_whole() {
    let place = Place::with_model();
    place.write("s.csv", "x".repeat(1 << 20));
    place.gauss(["score", "model.gauss", "test.csv", "--out", "s.csv"]).ok();
    assert_eq!(place.table("s.csv").1.len(), 100);
    let names: Vec<String> = place.contents().into_keys().collect();
    assert_eq!(names, ["model.gauss", "s.csv", "test.csv", "train.csv"], "nothing else is left");
}

#[cfg(unix)]
#[test]
fn devices_and_links_are_written_through() {
    let place = Place::with_model();
    place.gauss(["score", "model.gauss", "test.csv", "--out", "/dev/null"]).ok();
    let null = std::fs::metadata("/dev/null").expect("the null device");
    assert!(!null.is_file(), "/dev/null is still a device");

    place.write("real.csv", "old");
    let link = place.path("link.csv");
    std::os::unix::fs::symlink("real.csv", &link).expect("a link");
    place.gauss(["score", "model.gauss", "test.csv", "--out", "link.csv"]).ok();
    assert!(link.is_symlink());
    assert_eq!(place.table("real.csv").1.len(), 100);
}

#[cfg(unix)]
#[test]
fn outputs_have_the_permissions_of_ordinary_files() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::with_model();
    place.gauss(["score", "model.gauss", "test.csv", "--out", "s.csv"]).ok();
    let mode =
        |name: &str| place.path(name).metadata().expect("the file").permissions().mode() & 0o777;
    place.gauss(["fit", "train.csv", "--out", "m.gauss"].iter().chain(&QUICK)).ok();
    assert_eq!(mode("s.csv"), mode("train.csv"));
    assert_eq!(mode("m.gauss"), mode("train.csv"));
}

/// Whatever the command and the format: the reader has gone before the first byte.
#[cfg(unix)]
#[test]
fn a_closed_pipe_is_no_error() {
    let place = Place::with_model();
    place.write("long.csv", rows(2, 20_000));
    for arguments in [
        "sample model.gauss --rows 100000",
        "sample model.gauss --rows 100000 --format npy",
        "sample model.gauss --rows 100000 --format parquet",
        "score model.gauss long.csv",
        "score model.gauss long.csv --format tsv",
        "transform model.gauss long.csv",
        "transform model.gauss long.csv --format parquet",
        "inverse model.gauss long.csv",
        "inverse model.gauss long.csv --format npy",
        "inspect model.gauss",
        "man",
        "completions zsh",
    ] {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_gauss"))
            .args(arguments.split(' '))
            .current_dir(place.path("."))
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("the program starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("the program ends");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments}: {said}");
        assert!(!said.contains("error"), "{arguments}: {said}");
    }
}
