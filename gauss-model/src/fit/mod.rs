//! From rows of a table to a model of it: everything that `gauss fit` does but reading and words.
//!
//! ```text
//!   declare -> check every cell -> noise within discrete cells -> noise of .noise() -> examine
//!           -> encode -> search, judge, refit -> scores in the table's units -> Model
//! ```
//!
//! [`Fit`] says what is to be done; [`Prepared`] is what the table looks like by then, before the
//! search, which takes the time; [`Fitted`] is the model, and how it came about.

mod fitted;
mod prepare;
mod units;

pub use fitted::{Fitted, Timings};
pub use prepare::Prepared;

use crate::columns::Column;
use crate::error::Error;
use gauss_flow::{Rows, Watch};
use gauss_rbig::recipe::Recipe;

/// A fit to be done. Only the columns have to be said.
///
/// ```
/// use gauss_model::gauss_rbig::recipe::{Budget, Recipe};
/// use gauss_model::{Column, Fit, Kind, Support};
/// let x = faer::Mat::from_fn(200, 2, |i, j| {
///     let t = (i as f64 * 0.618).fract();
///     if j == 0 { (4.0 * t).floor() } else { (1.0 + t).exp() * (1.0 + (i as f64 * 0.414).fract()) }
/// });
/// let columns = vec![
///     Column::of("children", Kind::Integer(Support::Above(0.0))),
///     Column::of("income", Kind::Real(Support::Above(0.0))),
/// ];
/// let recipe = Recipe { budget: Budget::Epochs(8), blocks: Some(2), ..Recipe::default() };
/// let fitted = Fit::new(columns).recipe(recipe).run(&x)?;
/// let log_p = fitted.model.log_prob(x.as_ref())?;
/// assert!(log_p.iter().all(|l| l.is_finite()));
/// # Ok::<(), gauss_model::Error>(())
/// ```
pub struct Fit<'a> {
    columns: Vec<Column>,
    recipe: Recipe,
    noise: Vec<(String, f64)>,
    validation: Option<Rows<'a>>,
    weights: Option<&'a [f64]>,
    weight_column: Option<String>,
    watch: Option<&'a mut dyn Watch>,
    created_by: String,
}

impl<'a> Fit<'a> {
    /// A fit to rows of these columns, by the default recipe.
    #[must_use]
    pub fn new(columns: Vec<Column>) -> Self {
        Self {
            columns,
            recipe: Recipe::default(),
            noise: Vec::new(),
            validation: None,
            weights: None,
            weight_column: None,
            watch: None,
            created_by: concat!("gauss-model ", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }

    /// How to fit. Its seed is that of everything random, the noise included.
    #[must_use]
    pub fn recipe(mut self, recipe: Recipe) -> Self {
        self.recipe = recipe;
        self
    }

    /// Rows that decide what to keep and when to stop, of the same columns. Without them some of
    /// the table's are set aside.
    #[must_use]
    pub fn validation(mut self, rows: impl Into<Rows<'a>>) -> Self {
        self.validation = Some(rows.into());
        self
    }

    /// Weights `[n]` of the rows that [`Fit::run`] is given; see [`gauss_flow::rows`].
    #[must_use]
    pub fn weights(mut self, weights: &'a [f64]) -> Self {
        self.weights = Some(weights);
        self
    }

    /// The name of the column that the weights came from, for the model to remember.
    #[must_use]
    pub fn weight_column(mut self, name: impl Into<String>) -> Self {
        self.weight_column = Some(name.into());
        self
    }

    /// Uniform noise of a width, in the column's own units, on the real column with this name:
    /// where its values repeat, or follow from others, it has no density without. ln p(x) is then
    /// that of the column with its noise. May be said of several columns.
    #[must_use]
    pub fn noise(mut self, column: impl Into<String>, width: f64) -> Self {
        self.noise.push((column.into(), width));
        self
    }

    /// Who hears how it goes, and may end it; see [`gauss_flow::watch`].
    #[must_use]
    pub fn watch(mut self, watch: &'a mut dyn Watch) -> Self {
        self.watch = Some(watch);
        self
    }

    /// The program and version that the model remembers to come from.
    #[must_use]
    pub fn created_by(mut self, program: impl Into<String>) -> Self {
        self.created_by = program.into();
        self
    }

    /// Fits a model to the rows x `[n, d]`, in the table's own values: a category's is the position
    /// of its level. Same rows, columns, recipe and seed: same model, to the bit, at any number of
    /// threads (but for a recipe with a budget of time).
    ///
    /// # Errors
    /// As [`Fit::prepare`]; and [`gauss_flow::Error::Diverged`] where the training of every
    /// candidate did.
    pub fn run<'x>(mut self, x: impl Into<Rows<'x>>) -> Result<Fitted, Error>
    where
        'a: 'x,
    {
        match self.watch.take() {
            Some(watch) => self.prepare(x)?.run(watch),
            None => self.prepare(x)?.run(&mut ()),
        }
    }
}
