//! Tables that a fit may get wrong, in words: next to no rows, values far from all others, groups too
//! far apart.

use gauss_model::Prepared;
use gauss_rbig::defects::{Caution, shown};
use schemars::JsonSchema;
use serde::Serialize;

use super::data::Data;
use crate::table::Table;
use crate::terminal::{Console, Remark};
use crate::words::counted;

/// Cautions printed one by one; the JSON has all.
const SHOWN: usize = 6;

/// Something to beware of in a table.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Told {
    /// The table.
    table: String,
    /// `few_rows`, `far` or `apart`.
    kind: &'static str,
    /// The column, where it is about one.
    column: Option<String>,
    /// Rows of the table, counted from 1: the farthest, or one of each group.
    rows: Vec<usize>,
    /// The caution, for a person.
    sentence: String,
    /// What to do about it, for a person.
    ways_out: String,
}

/// Warns of what there is to beware of in the tables of a fit.
pub fn warn(data: &Data, prepared: &Prepared<'_>, console: &Console) -> Vec<Told> {
    let mut told = warn_of(&data.table, prepared.cautions(), console);
    if let Some(validation) = &data.validation {
        told.extend(warn_of(validation, prepared.validation_cautions(), console));
    }
    told
}

fn warn_of(table: &Table, cautions: &[Caution], console: &Console) -> Vec<Told> {
    let told: Vec<Told> = cautions.iter().filter_map(|caution| Told::of(caution, table)).collect();
    let file = table.file();
    for Told { sentence, ways_out, .. } in told.iter().take(SHOWN) {
        console.remark(&Remark::warning(format!("{file}: {sentence}; {ways_out}")));
    }
    if let Some(more) = told.len().checked_sub(SHOWN + 1) {
        let more = counted(more + 1, "caution");
        console.remark(&Remark::warning(format!("{file}: {more} more, which --json lists")));
    }
    told
}

impl Told {
    fn of(caution: &Caution, table: &Table) -> Option<Told> {
        let name = |j: usize| table.columns[j].name.clone();
        let cell = |row: usize, column: usize| {
            format!("row {}, {}", table.row_number(row), shown(table.data[(row, column)]))
        };
        let (rows, sentence, ways_out) = match *caution {
            Caution::FewRows { rows, least } => (
                Vec::new(),
                format!(
                    "only {}: how far the next ones spread is a guess, and their ln p(x) may be many \
                     nats lower",
                    counted(rows, "row")
                ),
                format!("bring more, at least {least}"),
            ),
            Caution::Far { column, row, spreads, values, .. } => (
                vec![row],
                format!(
                    "column {:?}: {} lies {spreads:.0e} times as far out as a quarter of the \
                     column is wide{}; what is learnt there is rough, and a mean of ln p(x) with it in says \
                     nothing of the others",
                    name(column),
                    cell(row, column),
                    match values {
                        1 => String::new(),
                        more => format!(", and {} like it", counted(more - 1, "value")),
                    }
                ),
                "if it is a mistake, leave the row out, or empty the cell and use --missing drop"
                    .to_owned(),
            ),
            Caution::Apart { column, rows, spreads, .. } => (
                rows.to_vec(),
                format!(
                    "column {:?}: its values lie in groups {spreads:.0e} times as far apart as one is \
                     wide ({}; {}): a double has not the digits for the shape of either",
                    name(column),
                    cell(rows[0], column),
                    cell(rows[1], column),
                ),
                "fit the rows of each group as a table of their own".to_owned(),
            ),
            _ => return None,
        };
        Some(Told {
            table: table.file(),
            kind: caution.kind(),
            column: caution.column().map(name),
            rows: rows.into_iter().map(|row| table.row_number(row)).collect(),
            sentence,
            ways_out,
        })
    }
}
