//! `gauss inspect`: what a model file holds.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use gauss_model::Model;
use gauss_model::provenance;
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::Error;
use crate::shared::kinds::{BaseMeasure, ColumnStatement};
use crate::shared::layers::Layer;
use crate::shared::{model, trials};
use crate::terminal::Console;
use crate::words::{aligned, counted, decimals, grouped, line};

const EXAMPLES: &str = "\
Columns with their kinds, what p(x) is a density of, layers with their parameters, how the training \
went, and what the table had that is no density.

Examples:
  gauss inspect model.gauss
  gauss inspect model.gauss --json";

/// Show what a model file holds
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Inspect {
    /// The model, as `gauss fit` wrote it
    #[arg(value_name = "MODEL")]
    model: PathBuf,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Summary<'a> {
    command: &'static str,
    /// The model file.
    model: String,
    /// Its size.
    file_bytes: u64,
    /// The program that wrote it, and its version.
    created_by: &'a str,
    /// How the model was fitted, for a person.
    recipe: String,
    /// The columns' names, in the model's order.
    columns: Vec<String>,
    /// What each of them is.
    kinds: Vec<ColumnStatement>,
    /// Per what p(x) is a density.
    base_measure: BaseMeasure,
    /// Rows the model was fitted to.
    rows: u64,
    /// The --seed of the fit.
    seed: u64,
    /// The layers, from data to latent.
    layers: Vec<Layer>,
    /// Numbers in all of them.
    parameters: usize,
    /// Those of them that training moves.
    trainable_parameters: usize,
    /// What else the fit left word of, for a person; a name may come several times.
    notes: Vec<Note>,
    /// The joint training; null where there was none.
    training: Option<Training>,
}

#[derive(Serialize, JsonSchema)]
struct Note {
    /// What it is about.
    name: String,
    /// What was noted, for a person.
    value: String,
}

/// The joint training, if there was one.
#[derive(Serialize, JsonSchema)]
struct Training {
    /// Passes over the rows.
    epochs: usize,
    /// The pass after which the model was kept; 0 is before the first.
    best_epoch: usize,
    /// `finished`, `no_improvement` (of the validation rows) or `cancelled` (by Ctrl-C).
    stopped: &'static str,
    /// Every pass, from 0, the state before the first.
    history: Vec<Epoch>,
}

/// One pass of the training; losses are means of -ln p(x), in nats per row.
#[expect(clippy::struct_field_names, reason = "the number of an epoch is called that")]
#[derive(Serialize, JsonSchema)]
struct Epoch {
    /// Its number.
    epoch: usize,
    /// Of the rows it learns from.
    train_nll: f64,
    /// Of the validation rows; null in the passes that did not look at them.
    validation_nll: Option<f64>,
    /// The size of a step.
    learning_rate: f64,
}

impl Inspect {
    pub(super) fn run(&self, console: &Console) -> Result<(), Error> {
        let model = model::load(&self.model)?;
        let file_bytes = std::fs::metadata(&self.model).map_or(0, |found| found.len());
        let summary = Summary::new(self.model.display().to_string(), file_bytes, &model);
        console.show(&summary, &summary.text())?;
        Ok(())
    }
}

impl<'a> Summary<'a> {
    fn new(file: String, file_bytes: u64, model: &'a Model) -> Summary<'a> {
        let (flow, provenance) = (model.flow(), model.provenance());
        let notes = trials::notes(model);
        Summary {
            command: "inspect",
            model: file,
            file_bytes,
            created_by: &provenance.created_by,
            recipe: provenance.how.to_string(),
            columns: model.names(),
            kinds: ColumnStatement::of(model.columns()),
            base_measure: BaseMeasure::of(model.columns()),
            rows: provenance.rows,
            seed: provenance.seed,
            layers: Layer::of(flow),
            parameters: flow.n_params(),
            trainable_parameters: flow.n_trainable(),
            notes: notes.into_iter().map(|(name, value)| Note { name, value }).collect(),
            training: provenance.training.as_ref().map(Training::new),
        }
    }

    fn text(&self) -> String {
        let mut facts = vec![
            ("file", format!("{} bytes, {}", grouped(self.file_bytes as usize), self.created_by)),
            ("columns", format!("{}: {}", self.columns.len(), self.columns.join(", "))),
        ];
        facts.extend(self.kinds.iter().filter_map(ColumnStatement::prose).map(|kind| ("", kind)));
        facts.extend([
            ("fitted to", format!("{} rows, seed {}", grouped(self.rows as usize), self.seed)),
            ("recipe", self.recipe.clone()),
        ]);
        facts.extend(self.base_measure.sentence().map(|text| ("density", text)));
        facts.extend(self.notes.iter().map(|note| (note.name.as_str(), note.value.clone())));
        facts.extend(self.training.iter().map(|training| ("training", training.prose())));
        format!("{}\n{}\n\n{}", line(&self.model), aligned(&facts), self.layer_table())
    }

    /// Layers in data order, with the parameters that training moves and those it does not.
    fn layer_table(&self) -> String {
        let total = Layer {
            kind: "all",
            detail: counted(self.layers.len(), "layer"),
            parameters: self.parameters,
            trainable_parameters: self.trainable_parameters,
        };
        let mut text = format!(
            "  {:>5}  {:<12} {:<34} {:>10} {:>10}",
            "layer", "kind", "", "trainable", "frozen"
        );
        let numbered = (1..).map(|k: usize| k.to_string()).zip(&self.layers);
        for (number, layer) in numbered.chain([(String::new(), &total)]) {
            let Layer { kind, detail, parameters, trainable_parameters } = layer;
            let (trainable, frozen) =
                (grouped(*trainable_parameters), grouped(parameters - trainable_parameters));
            let _ = write!(
                text,
                "\n  {number:>5}  {kind:<12} {detail:<34} {trainable:>10} {frozen:>10}"
            );
        }
        text
    }
}

impl Training {
    fn new(training: &provenance::Training) -> Training {
        Training {
            epochs: training.epochs.iter().filter(|record| record.epoch > 0).count(),
            best_epoch: training.best_epoch,
            stopped: training.stopped.name(),
            history: training.epochs.iter().map(Epoch::new).collect(),
        }
    }

    fn prose(&self) -> String {
        let nats = |loss| decimals(loss, 4);
        let mut text =
            format!("{}, the best is epoch {}", counted(self.epochs, "epoch"), self.best_epoch);
        let kept = self.history.iter().find(|record| record.epoch == self.best_epoch);
        if let (Some(start), Some(kept)) = (self.history.first(), kept) {
            let _ =
                write!(text, "; loss {} to {} nats", nats(start.train_nll), nats(kept.train_nll));
            if let (Some(start), Some(kept)) = (start.validation_nll, kept.validation_nll) {
                let _ = write!(text, ", on validation rows {} to {}", nats(start), nats(kept));
            }
        }
        text
    }
}

impl Epoch {
    fn new(record: &provenance::Epoch) -> Epoch {
        Epoch {
            epoch: record.epoch,
            train_nll: record.train_nll,
            validation_nll: record.validation_nll,
            learning_rate: record.learning_rate,
        }
    }
}
