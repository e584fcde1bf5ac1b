//! What makes a table have no density of its own, found before anything is fitted.
//!
//! A likelihood is bounded only if the rows have a density. A column that repeats another, that
//! follows from others, or that takes a few exact values puts rows on a set of volume zero, and
//! a model that narrows onto that set gains as many nats as one likes: ln(1/σ) for every row on
//! it. Such a gain says nothing about the data, and it decides any comparison.
//!
//! [`examine`] names these sets, and [`Defect::remedies`] the two ways out: leave the column out, or
//! give it a noise floor, [`add_noise`], in its own units.
//!
//! ```
//! use gauss_rbig::defects::{Remedy, examine};
//! let x = faer::Mat::from_fn(200, 3, |i, j| {
//!     let (a, b) = ((i as f64 * 0.618).fract(), (i as f64 * 0.414).fract());
//!     [a, b, 100.0 - a - 2.0 * b][j]
//! });
//! let found = examine(x.as_ref())?;
//! let names = ["a", "b", "c"].map(str::to_owned);
//! assert_eq!(found[0].sentence(&names), r#"column "c" is 100 - "a" - 2 * "b", to rounding"#);
//! assert_eq!(found[0].remedies()[1], Remedy::Noise { column: 2, width: 0.04 });
//! # Ok::<(), gauss_rbig::Error>(())
//! ```
//!
//! A table that has a density may still be one to beware of: [`cautions`].
//!
//! `values.rs` looks at one column at a time, `search.rs` for relations between columns, which
//! `relation.rs` fits and verifies on the rows. All of it goes by order statistics, so a few
//! outliers, however far, neither hide a defect nor make one; and by a fixed selection of rows
//! where there are many, so a million rows cost little more than ten thousand.

mod caution;
mod noise;
mod relation;
mod remedy;
mod search;
mod values;
mod words;

use crate::Error;
use gauss_flow::Rows;
use gauss_flow::rows::Counted;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub(crate) use caution::far_rows;
pub use caution::{Caution, cautions};
pub use noise::add_noise;
pub use remedy::Remedy;
pub use values::resolution;
pub use words::shown;

/// Why a table, or one of its columns, has no density of its own. Columns are counted from 0.
///
/// `width` is the width, in the column's units, of a uniform noise that would give it a density.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Defect {
    /// One column gives another: `column` = scale · `of` + shift.
    Copy {
        /// The later of the two.
        column: usize,
        /// The earlier.
        of: usize,
        /// The slope.
        scale: f64,
        /// The intercept.
        shift: f64,
        /// Standard deviation of what is left, in the column's units; 0 if that is rounding.
        residual: f64,
        /// Of a noise that would part them.
        width: f64,
    },
    /// Several columns give another: `column` = intercept + Σ coefficient · term.
    LinearCombination {
        /// The column given by the others.
        column: usize,
        /// Columns and their coefficients, in the order of the columns.
        terms: Vec<(usize, f64)>,
        /// The constant.
        intercept: f64,
        /// Standard deviation of what is left, in the column's units; 0 if that is rounding.
        residual: f64,
        /// Of a noise that would part them.
        width: f64,
    },
    /// The column takes few values beside the number of rows, and not on a fine grid.
    FewValues {
        /// The column.
        column: usize,
        /// How many values.
        distinct: usize,
        /// The median distance of two neighbouring values.
        width: f64,
    },
    /// One exact value holds a share of the rows that no continuous column would show.
    Atom {
        /// The column.
        column: usize,
        /// The value.
        value: f64,
        /// The share of all rows.
        share: f64,
        /// The spacing at which the column is recorded elsewhere.
        width: f64,
    },
    /// The values lie on a grid so coarse that most rows share theirs with another row.
    Rounded {
        /// The column.
        column: usize,
        /// Of the grid; also the width of a noise that undoes the rounding.
        step: f64,
        /// The share of rows that tie with another one, among those at no atom.
        ties: f64,
    },
    /// No more rows than columns: the rows span no volume, and any column follows from others.
    FewRows {
        /// Rows.
        rows: usize,
        /// Columns that are not constant.
        columns: Vec<usize>,
    },
}

/// The defects of the rows of `x` [n, d]: those of single columns first, in their order, then
/// relations between columns. Constant columns are passed over: they have no density at all, and
/// a fit refuses them. Deterministic.
///
/// Rows of weight 0 are no evidence; the others count alike for whether there is a defect, by their
/// weights for its share of the table.
///
/// ```
/// use gauss_rbig::defects::{Defect, examine};
/// let grades = faer::Mat::from_fn(50, 1, |i, _| (i % 5) as f64);
/// let found = examine(grades.as_ref())?;
/// assert_eq!(found, [Defect::FewValues { column: 0, distinct: 5, width: 1.0 }]);
/// # Ok::<(), gauss_rbig::Error>(())
/// ```
///
/// # Errors
/// [`Error::Rows`], [`Error::NonFinite`], [`Error::Eigen`].
pub fn examine<'a>(x: impl Into<Rows<'a>>) -> Result<Vec<Defect>, Error> {
    let x = x.into();
    x.check(x.ncols())?;
    let counted = Counted::of(x);
    let (x, weights) = (counted.rows().x(), counted.rows().weights());
    let columns: Vec<values::Column> = (0..x.ncols())
        .into_par_iter()
        .map(|j| values::Column::of(&x.col(j).iter().copied().collect::<Vec<f64>>(), weights))
        .collect();
    let mut found: Vec<Defect> =
        columns.iter().enumerate().flat_map(|(j, column)| column.defects(j)).collect();
    found.extend(search::relations(x, &columns)?);
    Ok(found)
}

impl Defect {
    /// A word for programs: `copy`, `linear_combination`, `few_values`, `atom`, `rounded`,
    /// `few_rows`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Defect::Copy { .. } => "copy",
            Defect::LinearCombination { .. } => "linear_combination",
            Defect::FewValues { .. } => "few_values",
            Defect::Atom { .. } => "atom",
            Defect::Rounded { .. } => "rounded",
            Defect::FewRows { .. } => "few_rows",
        }
    }

    /// The columns it is about, the one at fault first.
    #[must_use]
    pub fn columns(&self) -> Vec<usize> {
        match self {
            Defect::Copy { column, of, .. } => vec![*column, *of],
            Defect::LinearCombination { column, terms, .. } => {
                std::iter::once(*column).chain(terms.iter().map(|term| term.0)).collect()
            }
            Defect::FewValues { column, .. }
            | Defect::Atom { column, .. }
            | Defect::Rounded { column, .. } => vec![*column],
            Defect::FewRows { columns, .. } => columns.clone(),
        }
    }
}
