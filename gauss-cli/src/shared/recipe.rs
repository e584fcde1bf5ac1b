//! How a fit learns: the options of the model and of the training, as the library's recipe.

use std::time::Duration;

use clap::{Args, ValueEnum};
use gauss_rbig::recipe::{Budget, DensityKind, Method, Recipe, Refit};

use crate::error::Error;
use crate::options::{count, not_negative, positive, positive_number, rows, up_to};

/// Options of `fit`.
#[derive(Debug, Args)]
pub struct RecipeArgs {
    #[command(flatten)]
    shape: Shape,
    #[command(flatten)]
    training: Training,
}

/// Sizes of the model.
#[derive(Debug, Args)]
#[command(next_help_heading = "The model (what is not given is found by the search)")]
struct Shape {
    /// Kind of density: blocks, mixture or conditioned [default: the best]
    #[arg(long, value_enum, value_name = "KIND", hide_possible_values = true)]
    kind: Option<KindArg>,
    /// Blocks, each a rotation and a mixture per dimension
    #[arg(long, allow_negative_numbers = true, value_name = "N", value_parser = blocks)]
    blocks: Option<usize>,
    /// Normal distributions in each mixture
    #[arg(long, allow_negative_numbers = true, value_name = "K", value_parser = components)]
    components: Option<usize>,
    /// Householder reflections that make each rotation [default: one per column, at most 16]
    #[arg(long, allow_negative_numbers = true, value_name = "R", value_parser = reflections)]
    reflections: Option<usize>,
    /// How strongly to hold back from overfitting; 0 is not at all
    #[arg(long, allow_negative_numbers = true, value_name = "WEIGHT", value_parser = prior)]
    prior: Option<f64>,
}

/// How it learns.
#[derive(Debug, Args)]
#[command(next_help_heading = "The training")]
struct Training {
    /// Greedy fits, then training as a whole; the greedy fit alone; or training without one
    #[arg(long, value_enum, value_name = "warm|rbig|joint", hide_possible_values = true)]
    #[arg(default_value_t = MethodArg::Warm)]
    method: MethodArg,
    /// Time for the search and the training, as 60s or 5m, or passes over the rows of all
    /// candidates together, as 300epochs (reproducible) [default: while it gains; reproducible]
    #[arg(long, value_name = "60s|300epochs", value_parser = budget)]
    budget: Option<Budget>,
    /// Rows per step of the training [default: by the number of rows]
    #[arg(long, allow_negative_numbers = true, value_name = "ROWS", value_parser = rows)]
    batch_size: Option<usize>,
    /// Size of a step (of the optimiser Adam)
    #[arg(long, allow_negative_numbers = true, value_name = "RATE", value_parser = rate)]
    #[arg(default_value_t = Recipe::default().learning_rate)]
    learning_rate: f64,
    /// Fit again on all rows, those of --validation included
    #[arg(long, conflicts_with = "no_refit")]
    refit: bool,
    /// Keep the validated model; do not fit again on all rows
    #[arg(long)]
    no_refit: bool,
}

fn blocks(text: &str) -> Result<usize, String> {
    let why = "a search goes to a few dozen, and each holds a mixture per column";
    up_to(512, why, text, positive)
}

fn components(text: &str) -> Result<usize, String> {
    let why = "each has three parameters per block and column, and needs rows of its own";
    up_to(512, why, text, positive)
}

fn reflections(text: &str) -> Result<usize, String> {
    up_to(65_536, "as many as columns make every rotation", text, count)
}

/// Beyond it nothing of the rows is left.
fn prior(text: &str) -> Result<f64, String> {
    not_negative(text, 1e6)
}

/// Parameters are of the size of 1.
fn rate(text: &str) -> Result<f64, String> {
    positive_number(text, 10.0)
}

/// `60s`, `1.5m`, `2h` or `300epochs`.
fn budget(text: &str) -> Result<Budget, String> {
    /// So many hours are a century.
    const MOST: f64 = 1e6;
    let expected = || "must be a time as 60s, 5m or 1h, or passes as 300epochs".to_owned();
    let digits = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(expected)?;
    let (number, unit) = text.split_at(digits);
    if let "epochs" | "epoch" = unit {
        let why = "a fit that gains goes on for hundreds";
        return up_to(1_000_000, why, number, positive).map(Budget::Epochs);
    }
    let seconds = match unit {
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(expected()),
    };
    let time = positive_number(number, MOST)? * seconds;
    Duration::try_from_secs_f64(time).map(Budget::Time).map_err(|error| error.to_string())
}

/// `--method`; the values are explained by the option, which keeps `--help` to a line each.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum MethodArg {
    Warm,
    Rbig,
    Joint,
}

/// `--kind`; explained by the option, too.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum KindArg {
    Blocks,
    Mixture,
    Conditioned,
}

impl RecipeArgs {
    /// What clap cannot see.
    pub fn check_usage(&self) -> Result<(), Error> {
        let Shape { kind, blocks, reflections, .. } = self.shape;
        let method = !matches!(self.training.method, MethodArg::Warm);
        let of_blocks = [
            ("--blocks", blocks.is_some()),
            ("--reflections", reflections.is_some()),
            ("--method", method),
        ];
        match (kind, of_blocks.into_iter().find(|(_, given)| *given)) {
            (Some(KindArg::Mixture | KindArg::Conditioned), Some((option, _))) => {
                let text = format!("{option} is about blocks: leave it out, or use --kind blocks");
                Err(Error::Usage(text))
            }
            _ => Ok(()),
        }
    }

    /// The library's recipe, with what the command line changes.
    pub fn recipe(&self, seed: u64) -> Recipe {
        let Shape { kind, blocks, components, reflections, prior } = self.shape;
        let Training { budget, batch_size, learning_rate, refit, no_refit, .. } = self.training;
        Recipe {
            method: match self.training.method {
                MethodArg::Warm => Method::Warm,
                MethodArg::Rbig => Method::Rbig,
                MethodArg::Joint => Method::Joint,
            },
            kind: kind.map(|kind| match kind {
                KindArg::Blocks => DensityKind::Blocks,
                KindArg::Mixture => DensityKind::Mixture,
                KindArg::Conditioned => DensityKind::Conditioned,
            }),
            blocks,
            components,
            reflections,
            prior,
            budget: budget.unwrap_or_default(),
            batch_size,
            learning_rate,
            refit: match (refit, no_refit) {
                (true, _) => Refit::Always,
                (_, true) => Refit::Never,
                _ => Refit::Auto,
            },
            seed,
            ..Recipe::default()
        }
    }
}
