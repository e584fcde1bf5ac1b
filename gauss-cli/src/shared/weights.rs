//! Columns that look like weights and are modelled as variables.

use crate::table::Table;
use crate::words::option;

/// Names that people give to weights.
const NAMES: [&str; 3] = ["weight", "weights", "w"];

/// What to say of the first such column, if there is one and it could be weights.
pub fn hint(table: &Table) -> Option<String> {
    let is_weight = |name: &str| NAMES.iter().any(|other| name.eq_ignore_ascii_case(other));
    let at = table.columns.iter().position(|column| is_weight(&column.name))?;
    let values = table.data.col(at);
    let could = table.columns.len() > 1
        && values.iter().all(|value| *value >= 0.0)
        && values.iter().any(|value| *value > 0.0);
    let name = &table.columns[at].name;
    let words = format!("column {name:?} is modelled as a variable; if it holds weights");
    could.then(|| format!("{words}, {}", option("--weights", [name])))
}
