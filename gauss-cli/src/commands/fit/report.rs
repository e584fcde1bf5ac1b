//! What `gauss fit` says of a fit, to a script and to a person.

use std::collections::BTreeMap;
use std::path::Path;

use gauss_model::Fitted;
use gauss_model::provenance::Training;
use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::defects::Examined;
use crate::commands::{evaluate, search};
use crate::console::{aligned, counted, grouped};
use crate::kinds::{BaseMeasure, ColumnReport, Offer};
use crate::table::Table;

/// What `--json` prints. Numbers that are not finite are null.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Report<'a> {
    command: &'static str,
    /// The table, as it was named on the command line.
    table: String,
    /// The file that now holds the model.
    pub(super) model: String,
    /// Rows of the table that were used, those set aside included.
    rows: usize,
    /// Rows left out because a value is missing; `--missing drop` only.
    missing_rows: usize,
    /// Missing cells that were filled, by column; `--missing median` only.
    filled: BTreeMap<String, usize>,
    /// Rows that decided when to stop: from --validation, or set aside.
    validation_rows: usize,
    /// Whether the flow was then fitted again on all rows.
    refitted: bool,
    /// Whether Ctrl-C ended the fit: the model is the best until then.
    interrupted: bool,
    /// The columns' names, in the model's order.
    columns: Vec<String>,
    /// What each of them is.
    kinds: Vec<ColumnReport>,
    /// Per what a density is one: the units of every nat below.
    base_measure: BaseMeasure,
    /// Options for columns that look like more than real numbers; none was applied.
    offers: Vec<Offer>,
    #[serde(flatten)]
    examined: &'a Examined,
    /// Layers of the flow.
    layers: usize,
    /// Numbers in it.
    parameters: usize,
    /// Those of them that training moves.
    trainable_parameters: usize,
    /// Passes over the rows in the training of the validated fit; 0 where none was trained.
    epochs: usize,
    /// The pass after which the model was kept.
    best_epoch: Option<usize>,
    /// The mean of -ln p(x) over the rows it learnt from, at the best epoch, in nats per row. Of
    /// integers and categories, which carry noise in a fit, an upper bound.
    train_nll: Option<f64>,
    /// The same over the validation rows, at the end of the validated fit.
    validation_nll: Option<f64>,
    /// What the search chose, and everything it tried.
    search: search::Search,
    /// The --seed.
    seed: u64,
    /// Wall-clock time of the fit, reading and writing left out.
    seconds: f64,
}

impl<'a> Report<'a> {
    pub fn new(
        out: &Path,
        table: &Table,
        offers: Vec<Offer>,
        examined: &'a Examined,
        fitted: &Fitted,
    ) -> Report<'a> {
        let (search, provenance) = (&fitted.search, fitted.model.provenance());
        let flow = fitted.model.flow();
        let training = provenance.training.as_ref();
        let best = training.and_then(Training::best);
        Report {
            command: "fit",
            table: table.file(),
            model: out.display().to_string(),
            rows: table.rows(),
            missing_rows: table.missing_rows,
            filled: table.filled_by_name(),
            validation_rows: search.validation_rows,
            refitted: search.refitted,
            interrupted: search.cancelled,
            columns: table.names(),
            kinds: ColumnReport::of(&table.columns),
            base_measure: BaseMeasure::of(&table.columns),
            offers,
            examined,
            layers: flow.layers().len(),
            parameters: flow.n_params(),
            trainable_parameters: flow.n_trainable(),
            epochs: training.map_or(0, |training| training.epochs.len().saturating_sub(1)),
            best_epoch: best.map(|record| record.epoch),
            train_nll: best.map(|record| record.train_nll),
            validation_nll: search.validation_log_prob.map(|log_p| -log_p),
            search: search::Search::of(fitted),
            seed: provenance.seed,
            seconds: fitted.timings.fit,
        }
    }

    /// For a person.
    pub fn prose(&self) -> String {
        let mut facts = vec![
            ("rows", grouped(self.rows)),
            ("columns", format!("{}: {}", self.columns.len(), self.columns.join(", "))),
        ];
        facts.extend(self.kinds.iter().filter_map(ColumnReport::prose).map(|kind| ("", kind)));
        facts.extend([(
            "flow",
            format!(
                "{}, {}",
                counted(self.layers, "layer"),
                counted(self.trainable_parameters, "trainable parameter"),
            ),
        )]);
        if self.missing_rows > 0 {
            facts.push((
                "left out",
                format!("{} with missing values", counted(self.missing_rows, "row")),
            ));
        }
        if !self.filled.is_empty() {
            let filled = evaluate::filled(&self.filled);
            facts.push((
                "filled",
                format!("missing cells with the median or commonest name: {filled}"),
            ));
        }
        facts.extend(self.search.chosen.iter().map(|chosen| ("search", chosen.clone())));
        if let Some(loss) = self.train_nll {
            facts.push(("mean ln p(x)", format!("{:.4} nats on the rows it learnt from", -loss)));
        }
        if let Some(loss) = self.validation_nll {
            let rows = counted(self.validation_rows, "validation row");
            facts.push(("", format!("{:.4} nats on {rows}", -loss)));
            facts.extend(self.search.baselines.iter().map(|b| ("", b.prose(-loss))));
        }
        if !self.base_measure.count.is_empty() {
            let text = "lower bounds: integers and categories carry noise in a fit".to_owned();
            facts.push(("", text));
        }
        for noise in self.examined.noise() {
            facts.push(("noise", noise));
        }
        if let Some(name) = &self.search.fallback {
            let text = if self.validation_rows > 0 {
                format!("nothing trained did better than {name}: that is the model")
            } else {
                format!("too few rows to judge more than a simple model by: it is {name}")
            };
            facts.push(("note", text));
        }
        if self.refitted {
            facts.push(("", "then fitted again on all rows".to_owned()));
        }
        if self.interrupted {
            facts.push(("note", "interrupted: this is the best model until then".to_owned()));
        }
        facts.push(("time", format!("{:.1} s", self.seconds)));
        format!("{}: fitted to {}\n{}", self.model, self.table, aligned(&facts))
    }
}
