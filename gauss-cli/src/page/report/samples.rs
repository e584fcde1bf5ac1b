//! The way back: round trips, samples against data, and the rows that the model did not expect.

use super::findings::{Cell, Findings};
use super::words::{cell, fixed, p_value, percent, shown};
use super::{header, listed};
use crate::page::{Block, Section, TextTable};
use crate::plot::{compact, number};
use crate::words::counted;
use gauss_model::diagnostics::two_sample::LEAST_ROWS;

/// Columns of the unlikely rows on the page; more are folded.
const WIDE: usize = 8;
/// Columns named for what tells samples from data.
const TELLING: usize = 5;

pub fn round_trip(findings: &Findings) -> Section {
    let section = Section::new("There and back");
    let Some(trip) = &findings.round_trip else {
        return section.paragraph("There are no rows to send to z and back.");
    };
    let there = format!("{} went to z and back.", counted(trip.rows, "row"));
    let largest = trip.largest.map_or_else(String::new, |largest| {
        format!(
            " The largest difference in a real column is {} of the column's standard deviation.",
            compact(largest, 2)
        )
    });
    let discrete = match trip.discrete_exact {
        Some(true) => " Every value of the discrete columns came back as it was.",
        Some(false) => " Not every value of the discrete columns came back as it was.",
        None => "",
    };
    let rows = findings.model.columns.iter().zip(&trip.columns).map(|(column, trip)| {
        let error = |value: Option<f64>| value.map_or("–".to_owned(), |value| compact(value, 2));
        vec![column.name.clone(), error(trip.largest), error(trip.median), percent(trip.exact, 1)]
    });
    let table = TextTable {
        header: header(&["column", "largest error", "median error", "came back exactly"]),
        rows: rows.collect(),
        caption: "|x − f⁻¹(f(x))| over the column's standard deviation".to_owned(),
    };
    section
        .paragraph(there + &largest + discrete)
        .with(listed(table, format!("each of {}", counted(trip.columns.len(), "column"))))
}

pub fn two_sample(findings: &Findings) -> Section {
    let section = Section::new("Samples against data");
    let Some(test) = &findings.two_sample else {
        return section.paragraph(format!("That takes at least {LEAST_ROWS} rows."));
    };
    let verdict = if test.p_value >= 0.05 {
        "They do no better than a coin, which does not prove the samples perfect: another \
         classifier, or more rows, might tell."
    } else if test.accuracy < 0.55 {
        "They do better than a coin, but hardly: the samples are close to these rows."
    } else {
        "They do better than a coin: the samples differ from these rows."
    };
    let rows = counted(test.rows, "row");
    let columns: Vec<String> = findings
        .telling(test)
        .take(TELLING)
        .map(|(share, name)| format!("{name} {}", percent(share, 0)))
        .collect();
    let section = section
        .paragraph(format!(
            "Boosted trees were to tell {rows} of the table from as many samples of the model: half of \
             either taught them, the other half were classified. {verdict}"
        ))
        .with(Block::Table(TextTable {
            header: header(&["measure", "found", "s.e.", "by chance", "p"]),
            rows: vec![
                vec![
                    "accuracy".to_owned(),
                    number(test.accuracy, 4),
                    number(test.standard_error, 4),
                    number(0.5, 4),
                    p_value(test.p_value),
                ],
                vec![
                    "area under the ROC curve".to_owned(),
                    number(test.auc, 4),
                    "–".to_owned(),
                    number(0.5, 4),
                    "–".to_owned(),
                ],
            ],
            caption: String::new(),
        }));
    if columns.is_empty() {
        return section;
    }
    section.paragraph(format!("What they went by: {}.", columns.join(", ")))
}

pub fn least_likely(findings: &Findings) -> Section {
    let section = Section::new("The least likely rows");
    if findings.least_likely.is_empty() {
        return section.paragraph("There are no rows.");
    }
    let columns = &findings.model.columns;
    let farthest = |column: &str, deviations: Option<f64>| match deviations {
        Some(deviations) => format!("{column}, {}\u{a0}s.d.", signed(deviations)),
        None => format!("{column}, outside its support"),
    };
    let rows: Vec<Vec<String>> = findings
        .least_likely
        .iter()
        .map(|row| {
            let log_prob =
                if row.log_prob.is_finite() { fixed(row.log_prob, 2) } else { "−∞".to_owned() };
            vec![row.row.to_string(), log_prob, farthest(&row.column, row.deviations)]
        })
        .collect();
    let values = |row: &[Cell]| row.iter().map(cell).collect::<Vec<String>>();
    let lead = header(&["row", "ln p(x)", "farthest column"]);
    let names = columns.iter().map(|column| column.name.clone());
    let section = section.paragraph(
        "Rows are counted from 1, the header left out. The farthest column is the one whose value \
         lies most standard deviations from its mean, on the scale on which the model sees it; a \
         row can be unlikely for its combination of values without any of them being far.",
    );
    let with_values = TextTable {
        header: lead.iter().cloned().chain(names).collect(),
        rows: rows
            .iter()
            .zip(&findings.least_likely)
            .map(|(lead, row)| lead.iter().cloned().chain(values(&row.values)).collect())
            .collect(),
        caption: String::new(),
    };
    if columns.len() <= WIDE {
        return section.table(with_values);
    }
    section.table(TextTable { header: lead, rows, caption: String::new() }).with(Block::Folded(
        format!("with all {}", counted(columns.len(), "value")),
        vec![Block::Table(with_values)],
    ))
}

fn signed(value: f64) -> String {
    let sign = if value > 0.0 { "+" } else { "" };
    format!("{sign}{}", shown(value, 1))
}
