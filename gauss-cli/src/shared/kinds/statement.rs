//! Kinds and base measures in words.

use gauss_model::{Column, Kind, Support};
use schemars::JsonSchema;
use serde::Serialize;

/// A column as `--json` shows it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "ColumnReport")]
pub struct ColumnStatement {
    #[serde(skip)]
    description: String,
    /// Its name.
    pub name: String,
    /// `real`, `integer` or `category`.
    pub kind: &'static str,
    /// The lower end of its support in its own units, if it has one: excluded of real values,
    /// included of integers.
    pub low: Option<f64>,
    /// The upper end, likewise.
    pub high: Option<f64>,
    /// The names that a category takes, the commonest first; empty for numbers.
    pub levels: Vec<String>,
    /// What stands in for a missing value with `--missing median`: a number in the column's units,
    /// or the position of a level in `levels`, from 0.
    pub fill: Option<f64>,
}

impl ColumnStatement {
    /// Of a column.
    pub fn new(column: &Column) -> Self {
        let (kind, support, levels) = match &column.kind {
            Kind::Real(support) => ("real", *support, Vec::new()),
            Kind::Integer(support) => ("integer", *support, Vec::new()),
            Kind::Category(levels) => ("category", Support::Line, levels.clone()),
        };
        let (low, high) = support.bounds();
        let finite = |bound: f64| bound.is_finite().then_some(bound);
        Self {
            description: column.kind.to_string(),
            name: column.name.clone(),
            kind,
            low: finite(low),
            high: finite(high),
            levels,
            fill: column.fill,
        }
    }

    /// `name: kind` where it is not plainly real.
    pub fn prose(&self) -> Option<String> {
        (self.description != "real").then(|| format!("{}: {}", self.name, self.description))
    }

    /// Of each of them.
    pub fn of(columns: &[Column]) -> Vec<Self> {
        columns.iter().map(Self::new).collect()
    }
}

/// Per what p(x) is a density: the product of the units of the columns in `length`, and
/// a probability in those in `count`. ln p(x) is its natural logarithm, in nats.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct BaseMeasure {
    /// The real columns: p is a density there, per unit of each.
    pub length: Vec<String>,
    /// The integers and categories: p is the probability of that very value.
    pub count: Vec<String>,
}

impl BaseMeasure {
    /// Of a model with these columns.
    pub fn of(columns: &[Column]) -> Self {
        let named = |discrete: bool| {
            let own = columns.iter().filter(|column| column.kind.is_discrete() == discrete);
            own.map(|column| column.name.clone()).collect()
        };
        Self { length: named(false), count: named(true) }
    }

    /// One sentence without a full stop; nothing where all columns are real, which needs no words.
    pub fn sentence(&self) -> Option<String> {
        let counted = self.count.join(", ");
        match (self.length.is_empty(), self.count.is_empty()) {
            (_, true) => None,
            (true, false) => Some(format!("p(x) is the probability of {counted}")),
            (false, false) => Some(format!(
                "p(x) is a density per unit of {}, and a probability of {counted}",
                self.length.join(", "),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_measure_is_said_where_it_is_not_plain() {
        let mut columns = vec![Column::real("a"), Column::real("n")];
        assert_eq!(BaseMeasure::of(&columns).sentence(), None);
        columns[1].kind = Kind::Integer(Support::Line);
        let sentence = BaseMeasure::of(&columns).sentence().expect("words");
        assert_eq!(sentence, "p(x) is a density per unit of a, and a probability of n");
        let sentence = BaseMeasure::of(&columns[1..]).sentence().expect("words");
        assert_eq!(sentence, "p(x) is the probability of n");
    }
}
