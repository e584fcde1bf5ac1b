//! Tables that a fit may get wrong: warned of with row, column and a way out that works; and tables
//! wider than long, which are fitted.

use crate::support::{Place, QUICK, Run, rows};

fn fit(place: &Place, table: &str, more: &[&str]) -> Run {
    place.gauss(["fit", table, "--out", "m.gauss"].iter().chain(&QUICK).chain(more)).ok()
}

/// 300 rows, of which the one on this line (counted from 1, without the header) holds this in column a.
fn with(line: usize, cell: &str) -> String {
    let changed = rows(0, 300).lines().enumerate().fold(String::new(), |text, (k, own)| match k {
        k if k == line => text + cell + &own[own.find(',').expect("several columns")..] + "\n",
        _ => text + own + "\n",
    });
    assert!(changed.contains(&format!("\n{cell},")));
    changed
}

#[test]
fn a_far_value_is_named_and_the_way_out_leads_out() {
    let place = Place::empty();
    for (line, cell) in [(17, "1e12"), (230, "-3e7"), (299, "1e60")] {
        place.write("far.csv", with(line, cell));
        let run = fit(&place, "far.csv", &[]);
        let named = format!("warning: far.csv: column \"a\": row {line}, {cell} lies ");
        assert!(run.stderr.contains(&named), "{}", run.stderr);
        let long =
            |word: &str| word.len() > 17 && word.chars().all(|c| "-.0123456789e".contains(c));
        assert!(!run.stdout.split_whitespace().any(long), "{}", run.stdout);
        let score = place.gauss(["score", "m.gauss", "far.csv", "--out", "s.csv"]).ok();
        assert!(!score.stdout.split_whitespace().any(long), "{}", score.stdout);

        let json = fit(&place, "far.csv", &["--json"]).json();
        let caution = &json["cautions"][0];
        assert_eq!((&caution["kind"], &caution["column"]), (&"far".into(), &"a".into()));
        assert_eq!(caution["rows"], serde_json::json!([line]));
        // The row is not among what judges.
        let nll = json["validation_nll"].as_f64().expect("a number");
        assert!(nll.abs() < 100.0, "{nll}");

        // Emptied, as it says, it is gone.
        place.write("far.csv", with(line, ""));
        let run = fit(&place, "far.csv", &["--missing", "drop"]);
        assert!(!run.stderr.contains("lies "), "{}", run.stderr);
    }
    // In the rows that judge, too.
    place.write("train.csv", rows(0, 300));
    place.write("valid.csv", with(40, "1e12"));
    let run = fit(&place, "train.csv", &["--validation", "valid.csv"]);
    assert!(run.stderr.contains("warning: valid.csv: column \"a\": row 40, "), "{}", run.stderr);
}

#[test]
fn groups_apart_and_a_handful_of_rows_are_named() {
    let place = Place::empty();
    let groups: Vec<String> = (0..200)
        .map(|i| {
            let own = (f64::from(i) * 0.7).sin();
            format!(
                "{},{}\n",
                own + if i % 2 == 0 { 1e12 } else { 0.0 },
                (f64::from(i) * 1.3).cos()
            )
        })
        .collect();
    let groups = groups.concat();
    place.write("groups.csv", format!("u,v\n{groups}"));
    let run = fit(&place, "groups.csv", &[]);
    assert!(run.stderr.contains("column \"u\": its values lie in groups"), "{}", run.stderr);
    for rows in [2, 3, 9] {
        let lines: Vec<String> = (0..rows).map(|i| format!("{i},{}\n", i * i % 7)).collect();
        let lines = lines.concat();
        place.write("few.csv", format!("u,v\n{lines}"));
        let run = fit(&place, "few.csv", &[]);
        assert!(run.stderr.contains(&format!("only {rows} rows: ")), "{}", run.stderr);
    }
    place.write("one.csv", "u,v\n1,2\n");
    let run = place.gauss(["fit", "one.csv", "--out", "m.gauss"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("at least 2 rows are needed, got 1"), "{}", run.stderr);
}

#[test]
fn a_table_wider_than_long_goes_all_the_way() {
    let place = Place::empty();
    for (n, d) in [(20, 40), (5, 60), (2, 3)] {
        let header: Vec<String> = (0..d).map(|j| format!("g{j}")).collect();
        let cell =
            |i: usize, j: usize| ((i * (2 * j + 3)) as f64 * 0.7 + j as f64).sin().to_string();
        let line = |i: usize| (0..d).map(|j| cell(i, j)).collect::<Vec<_>>().join(",") + "\n";
        let lines: String = (0..n).map(line).collect();
        place.write("wide.csv", format!("{}\n{lines}", header.join(",")));
        let run = fit(&place, "wide.csv", &[]);
        assert!(
            run.stdout.contains("too few rows to judge more than a simple model"),
            "{}",
            run.stdout
        );
        place.gauss(["sample", "m.gauss", "--rows", "60", "--out", "s.csv"]).ok();
        place.gauss(["score", "m.gauss", "s.csv", "--out", "p.csv"]).ok();
        let (_, scores) = place.table("p.csv");
        assert!(scores.iter().flatten().all(|p| p.is_finite()), "{n} x {d}");
        for table in ["s.csv", "wide.csv"] {
            place.gauss(["report", "m.gauss", table, "--out", "r.html"]).ok();
        }
    }
}
