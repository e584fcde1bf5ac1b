//! What any fit must beat: densities that take no search.

use crate::greedy::fit_any;
use crate::marginal::em::EmOptions;
use crate::multivariate::gaussian::Gaussian;
use crate::multivariate::mixture::Mixture;
use crate::{Error, RbigOptions, RotationKind, Selection, fit};
use faer::MatRef;
use gauss_flow::{Flow, Rows};
use serde::{Deserialize, Serialize};
use std::fmt;

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
}

impl Baseline {
    /// All of them, the simplest first.
    pub const ALL: [Baseline; 3] = [Baseline::Gaussian, Baseline::Independent, Baseline::Mixture];
    /// Those that are flows, the quickest first.
    pub(crate) const FLOWS: [Baseline; 2] = [Baseline::Gaussian, Baseline::Independent];

    /// In words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Baseline::Gaussian => "one normal distribution",
            Baseline::Independent => "independent columns",
            Baseline::Mixture => "mixture of normals",
        }
    }

    /// In the middle of a sentence; what Display writes.
    #[must_use]
    pub fn phrase(self) -> &'static str {
        match self {
            Baseline::Gaussian | Baseline::Independent => self.name(),
            Baseline::Mixture => "a mixture of normals",
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
    /// independent columns, [`Error::NoVolume`] of the others.
    pub fn fit<'a>(self, rows: impl Into<Rows<'a>>, seed: u64) -> Result<Density, Error> {
        let rows = rows.into();
        Ok(match self {
            Baseline::Gaussian => Density::Gaussian(Gaussian::fit(rows)?),
            Baseline::Independent => {
                Density::Independent(fit(rows, &independent(seed), &mut ())?.flow)
            }
            Baseline::Mixture => Density::Mixture(Mixture::choose(rows, seed)?),
        })
    }

    /// As a flow, of checked rows, some columns of which may be constant; `None` where it is none.
    pub(crate) fn flow(self, rows: Rows<'_>) -> Result<Option<Flow>, Error> {
        let options = match self {
            Baseline::Gaussian => gaussian(),
            Baseline::Independent => independent(0),
            Baseline::Mixture => return Ok(None),
        };
        Ok(Some(fit_any(rows, None, &options, &mut ())?.flow))
    }
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
}

impl Density {
    /// ln p(x) `[n]` of rows x [n, d].
    ///
    /// # Errors
    /// [`Error::Columns`].
    pub fn log_prob(&self, x: MatRef<'_, f64>) -> Result<Vec<f64>, Error> {
        match self {
            Density::Gaussian(gaussian) => gaussian.log_prob(x),
            Density::Independent(flow) => flow.log_prob(x),
            Density::Mixture(mixture) => mixture.log_prob(x),
        }
    }
}
