//! Columns that look like weights and are modelled as variables.

use gauss_model::Column;

use crate::words::argument;

/// Names that people give to weights.
const NAMES: [&str; 3] = ["weight", "weights", "w"];

/// What to say of the first such column, if there is one.
pub fn hint(columns: &[Column]) -> Option<String> {
    let is_weight = |name: &str| NAMES.iter().any(|other| name.eq_ignore_ascii_case(other));
    let name = &columns.iter().find(|column| is_weight(&column.name))?.name;
    let option = argument([name]);
    Some(format!(
        "column {name:?} is modelled as a variable; if it holds weights, --weights {option}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_that_is_called_a_weight_is_spoken_of() {
        let of = |names: &str| hint(&names.split(' ').map(Column::real).collect::<Vec<Column>>());
        let expected = "column \"W\" is modelled as a variable; if it holds weights, --weights W";
        assert_eq!(of("height W").as_deref(), Some(expected));
        assert!(of("Weights x").is_some_and(|text| text.ends_with("--weights Weights")));
        assert_eq!(of("height width weight_kg"), None);
    }
}
