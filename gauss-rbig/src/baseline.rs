//! What any fit must beat: densities that take no search.

use crate::greedy::fit_any;
use crate::linear::moments::Moments;
use crate::marginal::em::EmOptions;
use crate::multivariate::gaussian::Gaussian;
use crate::multivariate::is_flat;
use crate::multivariate::mixture::Mixture;
use crate::{Error, RbigOptions, RotationKind, Selection, fit};
use faer::MatRef;
use gauss_flow::rows::Counted;
use gauss_flow::{Flow, Rows, standardization};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Columns of a shrunk normal distribution, at most: of more its factors alone take seconds and tens of
/// megabytes, and a fifth of the rows are left out five times.
const MOST_SHRUNK: usize = 2048;

/// Components of an independent column, at most; AIC chooses.
const COMPONENTS: usize = 32;

/// A simple density.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Baseline {
    /// One multivariate normal distribution.
    Gaussian,
    /// Every column by itself: a mixture of normals each.
    Independent,
    /// A mixture of multivariate normals, its size chosen by held-out rows.
    Mixture,
    /// One multivariate normal whose correlations are shrunk, by as much as few rows leave them open
    /// ([`Gaussian::shrunk`]).
    Shrunk,
}

impl Baseline {
    /// All of them.
    pub const ALL: [Baseline; 4] =
        [Baseline::Gaussian, Baseline::Independent, Baseline::Mixture, Baseline::Shrunk];
    /// Those that a fit is held against, in this order: each is a flow.
    pub(crate) const FLOWS: [Baseline; 3] =
        [Baseline::Gaussian, Baseline::Independent, Baseline::Shrunk];

    /// In words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Baseline::Gaussian => "one normal distribution",
            Baseline::Independent => "independent columns",
            Baseline::Mixture => "mixture of normals",
            Baseline::Shrunk => "shrunk normal distribution",
        }
    }

    /// In the middle of a sentence; what Display writes.
    #[must_use]
    pub fn phrase(self) -> &'static str {
        match self {
            Baseline::Gaussian | Baseline::Independent => self.name(),
            Baseline::Mixture => "a mixture of normals",
            Baseline::Shrunk => "a shrunk normal distribution",
        }
    }

    /// Fitted to rows [n, d], by their weights if they have any.
    ///
    /// ```
    /// use gauss_rbig::baseline::Baseline;
    /// let x = faer::Mat::from_fn(200, 2, |i, j| ((i * (j + 2)) as f64 * 0.7).sin());
    /// for baseline in Baseline::ALL {
    ///     let density = baseline.fit(x.as_ref(), 7)?;
    ///     println!("{baseline}: {:.2} nats", density.log_prob(x.as_ref())?[0]);
    /// }
    /// # Ok::<(), gauss_rbig::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NoDimensions`], [`Error::Rows`], [`Error::NonFinite`]; [`Error::ConstantColumn`] of
    /// independent columns, [`Error::NoVolume`] of the others; [`Error::Rows`] of a shrunk normal for
    /// fewer than two.
    pub fn fit<'a>(self, rows: impl Into<Rows<'a>>, seed: u64) -> Result<Density, Error> {
        let rows = rows.into();
        Ok(match self {
            Baseline::Gaussian => Density::Gaussian(Gaussian::fit(rows)?),
            Baseline::Independent => {
                Density::Independent(fit(rows, &independent(seed), &mut ())?.flow)
            }
            Baseline::Mixture => Density::Mixture(Mixture::choose(rows, seed)?),
            Baseline::Shrunk => Density::Shrunk(Gaussian::shrunk(rows)?),
        })
    }

    /// As a flow, of checked rows, some columns of which may be constant; `None` where it is none, or
    /// these rows have none of its kind: one normal of rows that lie in a plane, to rounding.
    pub(crate) fn flow(self, rows: Rows<'_>) -> Result<Option<Flow>, Error> {
        let normal = match self {
            Baseline::Gaussian if rows.nrows() <= rows.ncols() => return Ok(None),
            Baseline::Gaussian if is_flat(&Moments::of(Counted::of(rows).rows())) => {
                Gaussian::fit(rows)
            }
            Baseline::Shrunk if rows.ncols() > MOST_SHRUNK => return Ok(None),
            Baseline::Shrunk => Gaussian::shrunk(rows),
            Baseline::Gaussian => return greedy(rows, &gaussian()),
            Baseline::Independent => return greedy(rows, &independent(0)),
            Baseline::Mixture => return Ok(None),
        };
        match normal.and_then(|normal| normal.to_flow(&standardization(rows)?)) {
            Ok(flow) => Ok(Some(flow)),
            Err(Error::NoVolume { .. } | Error::Rows { .. } | Error::ConstantColumn { .. }) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

fn greedy(rows: Rows<'_>, options: &RbigOptions) -> Result<Option<Flow>, Error> {
    Ok(Some(fit_any(rows, None, options, &mut ())?.flow))
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.phrase())
    }
}

/// Principal axes, then one normal per axis by maximum likelihood: the multivariate normal.
fn gaussian() -> RbigOptions {
    RbigOptions {
        max_blocks: 1,
        components: 1,
        reflections: 0,
        rotation: RotationKind::Pca,
        selection: Selection::Fixed,
        patience: None,
        em: EmOptions { prior_rows: 0.0, binned_above: None, ..EmOptions::default() },
        ..RbigOptions::default()
    }
}

/// One mixture per column and no rotation: a greedy fit without blocks.
fn independent(seed: u64) -> RbigOptions {
    RbigOptions {
        max_blocks: 0,
        initial_marginal: COMPONENTS,
        selection: Selection::Aic,
        seed,
        ..RbigOptions::default()
    }
}

/// A fitted baseline.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Density {
    /// Of [`Baseline::Gaussian`].
    Gaussian(Gaussian),
    /// Of [`Baseline::Independent`].
    Independent(Flow),
    /// Of [`Baseline::Mixture`].
    Mixture(Mixture),
    /// Of [`Baseline::Shrunk`].
    Shrunk(Gaussian),
}

impl Density {
    /// ln p(x) `[n]` of rows x [n, d].
    ///
    /// # Errors
    /// [`Error::Columns`].
    pub fn log_prob(&self, x: MatRef<'_, f64>) -> Result<Vec<f64>, Error> {
        match self {
            Density::Gaussian(normal) | Density::Shrunk(normal) => normal.log_prob(x),
            Density::Independent(flow) => flow.log_prob(x),
            Density::Mixture(mixture) => mixture.log_prob(x),
        }
    }
}
