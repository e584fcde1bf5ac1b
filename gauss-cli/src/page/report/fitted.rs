//! What was fitted to what.

use super::findings::Findings;
use super::words::values;
use super::{LONG, header, listed};
use crate::page::{Block, Section, TextTable};
use crate::words::{counted, grouped};

pub fn section(findings: &Findings) -> Section {
    let (model, table) = (&findings.model, &findings.table);
    let known = |text: &str| if text.is_empty() { "unknown".to_owned() } else { text.to_owned() };
    let mut facts = vec![
        ("model", model.file.clone()),
        ("written by", known(&model.created_by)),
        ("fitted to", format!("{}, seed {}", counted(model.rows as usize, "row"), model.seed)),
        ("recipe", known(&model.recipe)),
        (
            "flow",
            format!(
                "{}, {} ({} trained)",
                counted(model.layers.len(), "layer"),
                counted(model.parameters, "parameter"),
                grouped(model.trainable_parameters)
            ),
        ),
        ("table", format!("{}: {}", table.file, counted(table.facts.rows, "row"))),
    ];
    let mut left_out = Vec::new();
    for (rows, why) in [
        (table.facts.missing_rows, "with missing values"),
        (table.facts.outside_support, "outside the model's support"),
        (table.facts.beyond_range, "beyond the range of a double"),
    ] {
        if rows > 0 {
            left_out.push(format!("{} {why}", counted(rows, "row")));
        }
    }
    if !left_out.is_empty() {
        facts.push(("left out", left_out.join(", ")));
    }
    if table.facts.examined_rows < table.facts.usable_rows {
        let rows = counted(table.facts.examined_rows, "row");
        facts.push(("examined", format!("{rows}, chosen at random; ln p(x) is of all")));
    }
    if let Some(train) = &findings.train {
        let used = match train.facts.used_rows {
            used if used < train.facts.rows => format!(", {} of them used", grouped(used)),
            _ => String::new(),
        };
        let text = format!("{}: {}{used}", train.file, counted(train.facts.rows, "row"));
        facts.push(("training rows", text));
    }
    facts.push(("this report", format!("{}, seed {}", findings.program, findings.seed)));
    facts.push(("ln p(x)", base_measure(findings)));
    let facts = facts.into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
    let mut section = Section::new("What was fitted to what")
        .with(Block::Facts(facts))
        .with(listed(columns(findings), counted(model.columns.len(), "column")));
    if !model.notes.is_empty() {
        let notes =
            model.notes.iter().map(|note| (note.name.clone(), note.value.clone())).collect();
        let summary = format!("{} of the model file", counted(model.notes.len(), "note"));
        section = section.with(Block::Folded(summary, vec![Block::Facts(notes)]));
    }
    section.with(Block::Folded(counted(model.layers.len(), "layer"), vec![layers(findings)]))
}

/// What ln p(x) is a density of.
fn base_measure(findings: &Findings) -> String {
    let columns = &findings.model.columns;
    let names = |real: bool| -> Vec<&str> {
        let wanted = columns.iter().filter(|column| (column.kind == "real") == real);
        wanted.map(|column| column.name.as_str()).collect()
    };
    let listed = |names: &[&str]| {
        if names.len() > LONG / 2 { format!("{} columns", names.len()) } else { names.join(", ") }
    };
    let (real, discrete) = (names(true), names(false));
    match (real.is_empty(), discrete.is_empty()) {
        (_, true) => "in nats; a density with respect to length in every column, in the column's \
                      own units"
            .to_owned(),
        (true, _) => "in nats; a probability: every column is counted, not measured".to_owned(),
        _ => format!(
            "in nats; a density with respect to length in {}, in their own units, and to counts in {}",
            listed(&real),
            listed(&discrete)
        ),
    }
}

fn columns(findings: &Findings) -> TextTable {
    let rows = findings
        .model
        .columns
        .iter()
        .map(|column| vec![column.name.clone(), column.kind.to_owned(), values(column)]);
    TextTable {
        header: header(&["column", "kind", "values"]),
        rows: rows.collect(),
        caption: String::new(),
    }
}

fn layers(findings: &Findings) -> Block {
    let rows = findings.model.layers.iter().zip(1..).map(|(layer, number): (_, usize)| {
        vec![
            number.to_string(),
            layer.kind.to_owned(),
            layer.detail.clone(),
            grouped(layer.trainable_parameters),
            grouped(layer.parameters - layer.trainable_parameters),
        ]
    });
    Block::Table(TextTable {
        header: header(&["layer", "kind", "", "trained", "frozen"]),
        rows: rows.collect(),
        caption: String::new(),
    })
}
