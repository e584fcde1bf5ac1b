//! Every number of a report, as `--json` prints it. Numbers that are not finite are null.

use gauss_model::{Column, Kind, Model, Value};
use schemars::JsonSchema;
use serde::Serialize;

use crate::shared::kinds::ColumnStatement;
use crate::shared::layers::Layer;
use crate::shared::trials;
use gauss_model::diagnostics::normality::Normality;
use gauss_model::diagnostics::report::{self, Comparison, Likelihood, RoundTrip};
use gauss_model::diagnostics::two_sample::TwoSample;

/// The report.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Findings {
    pub command: &'static str,
    /// The program that wrote the report.
    pub program: &'static str,
    /// The page.
    pub out: String,
    /// Of everything random in the report.
    pub seed: u64,
    /// What the model file says.
    pub model: ModelFacts,
    /// The table that the report is about.
    pub table: TableFacts,
    /// The rows that the baselines learnt from; none where they were cross-fitted.
    pub train: Option<TrainFacts>,
    /// ln p(x) of the table's rows, in nats.
    pub likelihood: Likelihood,
    /// Against one multivariate normal, independent columns, a mixture and a normal whose correlations
    /// are shrunk; none of too few rows.
    pub comparison: Option<Comparison>,
    /// z against N(0, I); none of too few rows.
    pub normality: Option<Normality>,
    /// x against f⁻¹(f(x)); none without a usable row.
    pub round_trip: Option<RoundTrip>,
    /// Samples of the model against rows of the table; none of too few rows.
    pub two_sample: Option<TwoSample>,
    /// The lowest ln p(x), the lowest first.
    pub least_likely: Vec<Unlikely>,
    /// Where not to trust the model.
    pub cautions: Vec<Caution>,
}

impl Findings {
    /// The columns by which the classifier tells samples from rows, with their shares, the most
    /// telling first.
    pub fn telling<'a>(&'a self, test: &TwoSample) -> impl Iterator<Item = (f64, &'a str)> {
        let names = self.model.columns.iter().map(|column| column.name.as_str());
        let mut columns: Vec<(f64, &str)> = test.importance.iter().copied().zip(names).collect();
        columns.sort_by(|a, b| b.0.total_cmp(&a.0));
        columns.into_iter().filter(|(share, _)| *share > 0.0)
    }
}

/// What the model file says.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ModelFacts {
    /// The model file.
    pub file: String,
    /// The program and version that wrote it.
    pub created_by: String,
    /// How it was fitted, for a person.
    pub recipe: String,
    /// Of the fit.
    pub seed: u64,
    /// Rows it was fitted to.
    pub rows: u64,
    /// Its columns, in its order.
    pub columns: Vec<ColumnFacts>,
    /// From the data to the latent space.
    pub layers: Vec<Layer>,
    /// Numbers in the model.
    pub parameters: usize,
    /// Those of them that training moves.
    pub trainable_parameters: usize,
    /// What the fit noted, for a person.
    pub notes: Vec<NoteFacts>,
    /// Whether rows held out of the fit decided when to stop.
    pub validated: bool,
}

/// A column.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ColumnFacts {
    /// Its name.
    pub name: String,
    /// `real`, `integer` or `category`.
    pub kind: &'static str,
    /// The lower bound of its values, if it has one.
    pub low: Option<f64>,
    /// The upper bound, likewise.
    pub high: Option<f64>,
    /// The names of a category's values.
    pub levels: Option<Vec<String>>,
}

/// A line of the model's notes.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NoteFacts {
    /// What it is about.
    pub name: String,
    /// What was noted.
    pub value: String,
}

/// The table that the report is about.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TableFacts {
    /// The table's file.
    pub file: String,
    #[serde(flatten)]
    pub facts: report::TableFacts,
}

/// The table given by `--train`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TrainFacts {
    /// The table's file.
    pub file: String,
    #[serde(flatten)]
    pub facts: report::TrainFacts,
}

/// An unlikely row.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Unlikely {
    /// Row of data, counted from 1; the header does not count.
    pub row: usize,
    /// In nats; null for -∞.
    pub log_prob: f64,
    /// All values of the row, in the order of the model's columns.
    pub values: Vec<Cell>,
    /// The column that lies farthest from its mean, or outside its support.
    pub column: String,
    /// How far, in standard deviations of the column on the model's scale; null where the value
    /// is outside the support.
    pub deviations: Option<f64>,
}

/// A value in the user's own form.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Cell {
    Number(f64),
    Text(String),
}

/// Something to beware of.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Caution {
    /// For programs: `outside_support`, `beyond_training_range`, ...
    pub topic: &'static str,
    /// The same for a person.
    pub text: String,
}

impl ModelFacts {
    pub fn of(file: String, model: &Model) -> ModelFacts {
        let (flow, provenance) = (model.flow(), model.provenance());
        let note = |(name, value): (String, String)| NoteFacts { name, value };
        ModelFacts {
            file,
            created_by: provenance.created_by.clone(),
            recipe: provenance.how.to_string(),
            seed: provenance.seed,
            rows: provenance.rows,
            columns: model.columns().iter().map(ColumnFacts::of).collect(),
            layers: Layer::of(flow),
            parameters: flow.n_params(),
            trainable_parameters: flow.n_trainable(),
            notes: trials::notes(model).into_iter().map(note).collect(),
            validated: provenance.is_validated(),
        }
    }
}

impl ColumnFacts {
    fn of(column: &Column) -> ColumnFacts {
        let ColumnStatement { name, kind, low, high, levels, .. } = ColumnStatement::new(column);
        let levels = matches!(column.kind, Kind::Category(_)).then_some(levels);
        ColumnFacts { name, kind, low, high, levels }
    }
}

impl Cell {
    /// The value x of a column.
    pub fn of(column: &Column, x: f64) -> Cell {
        match column.kind.value(x) {
            Value::Level(_, name) => Cell::Text(name.to_owned()),
            Value::NoLevel => Cell::Text("none of the names".to_owned()),
            Value::Real(_) | Value::Integer(_) => Cell::Number(x),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_shown_by_name() {
        let levels = ["red", "green"].map(str::to_owned).to_vec();
        let column = Column { name: "colour".into(), kind: Kind::Category(levels), fill: None };
        let shown = [0.0, 1.0, 2.0].map(|x| Cell::of(&column, x));
        let json = serde_json::to_string(&shown).expect("plain values");
        assert_eq!(json, r#"["red","green","none of the names"]"#);
        let facts = ColumnFacts::of(&column);
        assert_eq!(
            (facts.kind, facts.low, facts.levels.map(|l| l.len())),
            ("category", None, Some(2))
        );
    }
}
