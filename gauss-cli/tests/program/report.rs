//! `gauss report`: a page that stands alone, whatever the table is like, and its numbers.

use std::collections::BTreeSet;

use gauss_flow::Flow;
use gauss_model::{Column, Kind, Model, Provenance, Support};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use crate::support::{Place, QUICK, rows};

/// Runs `gauss report` and gives its object and its page, which must be whole and self-contained.
#[track_caller]
fn report(place: &Place, arguments: &str) -> (Value, String) {
    let words = arguments.split(' ').chain(["--out", "report.html", "--json", "--rows", "200"]);
    let run = place.gauss(std::iter::once("report").chain(words)).ok();
    let page = String::from_utf8(place.read("report.html")).expect("text");
    stands_alone(&page);
    well_formed(&page);
    (run.json(), page)
}

#[track_caller]
fn stands_alone(page: &str) {
    let addresses = page.matches("://").count();
    let namespaces = page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count();
    assert_eq!(addresses, namespaces, "an address that is no name of a format");
    for tag in ["<script", "<link", "<iframe", "<img", "<object", "@import", "javascript:"] {
        assert!(!page.contains(tag), "{tag}");
    }
    for reference in [" src=\"", "href=\"", "url("] {
        for at in page.match_indices(reference).map(|(at, _)| at + reference.len()) {
            let target = &page[at..page.len().min(at + 5)];
            assert!(target.starts_with('#') || target == "data:", "{reference}{target}");
        }
    }
}

/// Every element is closed in its turn, and no id stands twice.
#[track_caller]
fn well_formed(page: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page.strip_prefix("<!DOCTYPE html>").expect("an HTML document");
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').expect("a tag ends");
        let tag = &rest[start + 1..end];
        let name = tag.split([' ', '/']).find(|name| !name.is_empty()).unwrap_or_default();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "the end of another element");
        } else if !tag.ends_with('/') && name != "meta" {
            open.push(name);
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty(), "never closed: {open:?}");
    let ids: Vec<&str> =
        page.split(" id=\"").skip(1).filter_map(|text| text.split('"').next()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
}

fn topics(report: &Value) -> Vec<&str> {
    let cautions = report["cautions"].as_array().expect("a list");
    cautions.iter().filter_map(|caution| caution["topic"].as_str()).collect()
}

/// A model of one block fitted to a table, with these options.
fn fit(place: &Place, table: &str) {
    place.gauss(["fit", table, "--out", "own.gauss"].iter().chain(&QUICK)).ok();
}

#[test]
fn the_page_has_every_section_and_the_object_its_numbers() {
    let place = Place::with_model();
    let (report, page) = report(&place, "model.gauss test.csv");
    for heading in [
        "In short",
        "What was fitted to what",
        "How well it describes these rows",
        "Figures",
        "Is z standard normal?",
        "There and back",
        "Samples against data",
        "The least likely rows",
        "Where not to trust the model",
    ] {
        assert!(page.contains(&format!("<h2>{heading}</h2>")), "{heading}");
    }
    assert!(page.contains("prefers-color-scheme: dark") && page.contains("@media print"));

    let score = place.gauss(["score", "model.gauss", "test.csv", "--json"]).ok().json();
    assert_eq!(report["likelihood"]["log_prob"]["mean"], score["mean_log_prob"]);
    assert_eq!(report["likelihood"]["log_prob"]["standard_error"], score["standard_error"]);
    let comparison = &report["comparison"];
    assert_eq!(comparison["fitted_to"], "cross_fit");
    for against in comparison["baselines"].as_array().expect("a list") {
        let number = |value: &Value| value["mean"].as_f64().expect("a number");
        let gain = number(&comparison["log_prob"]) - number(&against["log_prob"]);
        assert!((gain - number(&against["gain"])).abs() < 1e-9, "{against}");
    }
    assert!(report["round_trip"]["largest"].as_f64().is_some_and(|error| error < 1e-9));
    assert_eq!(report["normality"]["dimensions"].as_array().map(Vec::len), Some(3));
    let accuracy = report["two_sample"]["accuracy"].as_f64().expect("a number");
    assert!((0.35..0.9).contains(&accuracy), "{accuracy}");

    // The least likely row is the one that `score` says it is.
    place.gauss(["score", "model.gauss", "test.csv", "--out", "scores.csv"]).ok();
    let (_, scores) = place.table("scores.csv");
    let least = (0..scores.len()).min_by(|&a, &b| scores[a][0].total_cmp(&scores[b][0]));
    assert_eq!(report["least_likely"][0]["row"].as_u64(), least.map(|row| row as u64 + 1));
    let (_, table) = place.table("test.csv");
    let row = report["least_likely"][0]["row"].as_u64().expect("a row") as usize;
    assert_eq!(report["least_likely"][0]["values"], serde_json::json!(table[row - 1]));
}

#[test]
fn the_same_seed_gives_the_same_page_at_any_number_of_threads() {
    let place = Place::with_model();
    let pages = ["1", "3"].map(|threads| {
        let words = ["report", "model.gauss", "test.csv", "--out", "r.html", "--rows", "90"];
        place.gauss(words.into_iter().chain(["--seed", "5", "--threads", threads])).ok();
        place.read("r.html")
    });
    assert!(pages[0] == pages[1], "the pages differ");
}

#[test]
fn training_rows_are_for_the_baselines_and_the_ranges() {
    let place = Place::with_model();
    let mut test = rows(1, 100);
    test.push_str("0.1,900,0.001\n");
    test.push_str(rows(0, 300).lines().nth(5).expect("a row of the training table"));
    place.write("far.csv", test);
    let (report, page) = report(&place, "model.gauss far.csv --train train.csv");
    assert_eq!(report["comparison"]["fitted_to"], "train");
    assert_eq!(report["train"]["used_rows"], 200);
    assert_eq!(report["train"]["shared_rows"], 1);
    assert_eq!(report["least_likely"][0]["row"], 101);
    assert_eq!(report["least_likely"][0]["column"], "b");
    let topics = topics(&report);
    for topic in ["rows_in_training", "beyond_training_range", "far_latent"] {
        assert!(topics.contains(&topic), "{topic} not in {topics:?}");
    }
    assert!(page.contains("b (1)") || page.contains("b (2)"), "the column is named");
}

#[test]
fn tables_of_every_shape_have_a_page() {
    let place = Place::with_model();
    let row = |k: usize| rows(1, 9).lines().nth(k).expect("a row").to_owned();
    let header = row(0);
    for (name, text) in [
        ("one.csv", format!("{header}\n{}\n", row(1))),
        ("two.csv", format!("{header}\n{}\n{}\n", row(1), row(2))),
        ("nine.csv", rows(1, 9)),
        ("holes.csv", format!("{}\n0.5,,0\nNaN,1,0\n", rows(1, 30).trim_end())),
        ("empty.csv", format!("{header}\n,,\n1,,2\n")),
        ("constant.csv", "a,b,c\n".to_owned() + &"0.5,50,0.0002\n".repeat(40)),
        ("far.csv", format!("{}\n1e300,-1e300,1e300\n", rows(1, 30).trim_end())),
        (
            "rounded.csv",
            (0..60).fold("a,b,c\n".to_owned(), |table, k| {
                table
                    + &format!(
                        "{},{},{}\n",
                        k % 3,
                        f64::from(k).sin() * 50.0,
                        f64::from(k * k % 7) * 1e-4
                    )
            }),
        ),
    ] {
        place.write(name, text);
        let (report, _) = report(&place, &format!("model.gauss {name} --missing drop"));
        let topics = topics(&report);
        match name {
            "one.csv" => assert!(report["comparison"].is_null() && topics.contains(&"few_rows")),
            "two.csv" => assert!(report["normality"].is_null() && report["two_sample"].is_null()),
            "nine.csv" => assert!(report["comparison"].is_null(), "nine rows teach no density"),
            "holes.csv" => {
                assert_eq!(report["table"]["missing_rows"], 2);
                assert!(topics.contains(&"missing_rows"), "{topics:?}");
            }
            "empty.csv" => assert_eq!(report["table"]["usable_rows"], 0),
            "constant.csv" => {
                assert!(report["comparison"]["baselines"][0]["log_prob"].is_null());
                assert!(topics.contains(&"constant_columns"), "{topics:?}");
            }
            "far.csv" => assert_eq!(report["least_likely"][0]["row"], 31),
            "rounded.csv" => assert!(topics.contains(&"no_density"), "{topics:?}"),
            _ => {}
        }
    }
}

#[test]
fn one_column_many_columns_and_names_with_markup() {
    let place = Place::empty();
    let table = |names: &[String], seed: usize| {
        let value = |i: usize, j: usize| {
            let u = ((i + seed) as f64 * 0.754_877 + j as f64 * 0.569_840).fract();
            (u / (1.0 - u)).ln() + 0.1 * ((i * (j + 3)) as f64).sin()
        };
        let line =
            |i| (0..names.len()).map(|j| value(i, j).to_string()).collect::<Vec<_>>().join(",");
        std::iter::once(names.join(",")).chain((1..120).map(line)).collect::<Vec<_>>().join("\n")
    };
    let one = ["<b>&amp</b>".to_owned()];
    let many: Vec<String> = (0..24).map(|j| format!("<i>{j}")).collect();
    for names in [&one[..], &many] {
        place.write("train.csv", table(names, 0));
        place.write("test.csv", table(names, 7));
        fit(&place, "train.csv");
        let (report, page) = report(&place, "own.gauss test.csv");
        assert_eq!(report["normality"]["correlation"].is_null(), names.len() == 1);
        assert!(!page.contains("<b>") && !page.contains("<i>"), "a name became markup");
        assert_eq!(page.contains("<summary>24 columns</summary>"), names.len() > 20);
    }
}

#[test]
fn discrete_columns_come_back_exactly_and_rows_outside_the_support_are_counted() {
    let place = Place::empty();
    let counts = |i: usize| [i * i % 5, i * 7 % 3];
    let x = faer::Mat::from_fn(60, 2, |i, j| counts(i)[j] as f64);
    let integer = |name: &str, high: f64| Column {
        name: name.into(),
        kind: Kind::Integer(Support::Within(0.0, high)),
        fill: None,
    };
    let columns = vec![integer("n", 4.0), integer("m", 2.0)];
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let u = gauss_model::columns::dequantize(&columns, x.as_ref(), &mut rng);
    let y = gauss_model::columns::encode(&gauss_model::columns::supports(&columns, &[]), u).y;
    let flow = Flow::builder(2).standardize().rotation(1).marginal(3);
    let flow = flow.build(y.as_ref(), &mut rng).expect("a flow");
    let provenance = Provenance { rows: 60, ..Provenance::default() };
    let model = Model::new(flow, columns, provenance).expect("a model");
    place.write("own.gauss", model.to_bytes().expect("bytes"));
    let lines = (0..60).map(|i| format!("{},{}\n", counts(i)[0], counts(i)[1]));
    place.write("test.csv", format!("n,m\n{}7,1\n", lines.collect::<String>()));

    let (found, page) = report(&place, "own.gauss test.csv");
    assert_eq!(found["round_trip"]["discrete_exact"], true);
    assert_eq!(found["comparison"]["dequantized"], true);
    assert_eq!(found["table"]["outside_support"], 1);
    assert_eq!(found["least_likely"][0]["row"], 61);
    assert!(found["least_likely"][0]["log_prob"].is_null());
    assert!(page.contains("a probability") && page.contains("outside its support"));
    assert!(page.contains("with uniform noise in their cells. Where the model's own"), "z");
    let topics = topics(&found);
    assert_eq!(topics[0], "outside_support");
    assert!(topics.contains(&"not_validated") && !topics.contains(&"no_density"), "{topics:?}");

    place.write("out.csv", "n,m\n9,9\n8,7\n");
    let (found, page) = report(&place, "own.gauss out.csv");
    assert_eq!((&found["table"]["usable_rows"], &found["round_trip"]), (&0.into(), &Value::Null));
    assert!(page.contains("The model gives a density to none of these rows"), "no verdict");
}

#[test]
fn what_the_command_line_gets_wrong_is_said_before_the_work() {
    let place = Place::with_model();
    for (words, code, message) in [
        ("model.gauss test.csv --out -", 2, "a page goes to a file"),
        ("model.gauss test.csv --out r.html --train test.csv", 2, "--train is TABLE itself"),
        ("model.gauss - --out r.html --train -", 2, "cannot be both"),
        ("model.gauss test.csv --out nowhere/r.html", 1, "there is no directory nowhere"),
        ("model.gauss test.csv --out test.csv", 2, "is read by this command"),
        ("model.gauss gone.csv --out r.html", 1, "gone.csv: no such file"),
        ("model.gauss test.csv --out r.html --rows 0", 2, "1 or more"),
    ] {
        let before = place.contents();
        let run = place.gauss(std::iter::once("report").chain(words.split(' ')));
        assert_eq!(run.code, code, "{words}: {}", run.stderr);
        assert!(run.stderr.contains(message), "{words}: {}", run.stderr);
        assert_eq!(place.contents(), before, "{words}: something was written");
    }
}
