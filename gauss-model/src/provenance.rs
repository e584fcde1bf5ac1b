//! Where a model comes from: what it learnt from and how, as data. What a fit took in time is not
//! among it: the same table, recipe and seed give the same model, to the byte of its file.

use gauss_flow::{History, StopReason};
use gauss_rbig::defects::Defect;
use gauss_rbig::recipe::{Candidate, Recipe};
pub use gauss_rbig::recipe::{DensityKind, Rival, Winner};
pub use gauss_rbig::tails::ColumnTails;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a model remembers of its fit. Log-densities are means over the held-out rows, in nats per
/// row and in the table's units.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Rows of the table it was fitted to, those held out included.
    pub rows: u64,
    /// Kish's effective number of them, (Σw)²/Σw²: `rows` where they have no weights.
    pub effective_rows: f64,
    /// Whence the rows' weights; `None` where they had none.
    pub weights: Option<Weights>,
    /// The seed of everything random.
    pub seed: u64,
    /// How it was fitted.
    pub how: How,
    /// The program and version that fitted it.
    pub created_by: String,
    /// What was wrong with the table as it was fitted: where it has no density of its own.
    pub defects: Vec<Defect>,
    /// Noise that was added to columns: ln p(x) is that of the columns with it.
    pub noise: Vec<Noise>,
    /// The columns whose tails fall like a power, and are made normal by the flow's first layer: in
    /// the flow's units.
    pub tails: Vec<ColumnTails>,
    /// The rows that the fit was judged by.
    pub held_out: HeldOut,
    /// Mean log-density of those rows under the validated fit.
    pub held_out_log_prob: Option<f64>,
    /// What the model is; `None` where nobody knows.
    pub winner: Option<Winner>,
    /// Whether it was then fitted again on all rows.
    pub refitted: bool,
    /// Whether the fit was ended from outside: the model is the best until then.
    pub cancelled: bool,
    /// What the search tried, in order.
    pub trials: Vec<Trial>,
    /// The simple models that any fit must beat.
    pub baselines: Vec<Rival>,
    /// The joint training of the validated fit, if there was one.
    pub training: Option<Training>,
    /// Anything else worth knowing, as (name, value), for a person.
    pub notes: Vec<(String, String)>,
}

/// How a model was fitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum How {
    /// In words, for a person.
    Words(String),
    /// By this recipe.
    Recipe(Recipe),
}

impl Default for How {
    fn default() -> Self {
        How::Words(String::new())
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            How::Words(words) => f.write_str(words),
            How::Recipe(recipe) => recipe.fmt(f),
        }
    }
}

/// The weights of a table's rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weights {
    /// The column that held them, if it has a name.
    pub column: Option<String>,
}

/// Uniform noise on a column.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Noise {
    /// The column, from 0.
    pub column: usize,
    /// Its width, in the column's own units.
    pub width: f64,
}

/// The rows that a fit is judged by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum HeldOut {
    /// None, or nobody knows.
    #[default]
    None,
    /// Drawn from the table, by the seed and the recipe's share.
    Split {
        /// How many.
        rows: u64,
    },
    /// The caller's own.
    Given {
        /// How many.
        rows: u64,
    },
}

impl HeldOut {
    /// How many.
    #[must_use]
    pub fn rows(self) -> u64 {
        match self {
            HeldOut::None => 0,
            HeldOut::Split { rows } | HeldOut::Given { rows } => rows,
        }
    }
}

/// One candidate of the search in one of its rounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The round, from 1.
    pub round: usize,
    /// What was trained.
    pub candidate: Candidate,
    /// Steps of the optimiser in this round.
    pub steps: usize,
    /// Mean log-density of the held-out rows before the round.
    pub before: f64,
    /// The same after it; NaN where the candidate could not be fitted.
    pub after: f64,
}

/// A joint training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// One record an epoch, the start included.
    pub epochs: Vec<Epoch>,
    /// The epoch whose parameters were kept.
    pub best_epoch: usize,
    /// Why it ended.
    pub stopped: StopReason,
}

/// One epoch of a training; losses are means of -ln p(x), in nats per row.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// 0, the start, then 1, 2, ...
    pub epoch: usize,
    /// Of the rows it learns from.
    pub train_nll: f64,
    /// Of the held-out rows, in the epochs that look at them.
    pub validation_nll: Option<f64>,
    /// The size of a step.
    pub learning_rate: f64,
}

impl From<&History> for Training {
    fn from(history: &History) -> Self {
        let epochs = history.epochs.iter().map(|record| Epoch {
            epoch: record.epoch,
            train_nll: record.train_nll,
            validation_nll: record.validation_nll,
            learning_rate: record.learning_rate,
        });
        let (best_epoch, stopped) = (history.best_epoch, history.stopped);
        Training { epochs: epochs.collect(), best_epoch, stopped }
    }
}

impl Training {
    /// The record of the epoch that was kept.
    #[must_use]
    pub fn best(&self) -> Option<&Epoch> {
        self.epochs.iter().find(|epoch| epoch.epoch == self.best_epoch)
    }
}

impl Provenance {
    /// Whether rows that the fit did not learn from decided when to stop.
    #[must_use]
    pub fn is_validated(&self) -> bool {
        let looked = |training: &Training| {
            training.epochs.iter().any(|epoch| epoch.validation_nll.is_some())
        };
        self.held_out.rows() > 0 || self.training.as_ref().is_some_and(looked)
    }

    /// The kind of density that the search chose; `None` of a model that no search chose, or where
    /// something simpler did better.
    #[must_use]
    pub fn kind(&self) -> Option<DensityKind> {
        match self.winner {
            Some(Winner::Trained(candidate)) => Some(candidate.kind()),
            _ => None,
        }
    }

    /// How many candidates the search began.
    #[must_use]
    pub fn begun(&self) -> usize {
        self.trials.iter().filter(|trial| trial.round == 1).count()
    }
}
