//! Mixtures of multivariate normal distributions with full covariances, by expectation
//! maximisation (Dempster, Laird and Rubin 1977).
//!
//! ```text
//! p(x) = Σ_k π_k det A_k φ(A_k (x - m_k)),   Σ_k = L_k L_kᵀ,  A_k = L_k⁻¹, lower triangular
//! ```
//!
//! | file | what |
//! |---|---|
//! | `mod.rs` | the density |
//! | `flow.rs` | the density as a flow |
//! | `frame.rs` | units, prior and floor: what EM knows of all rows before it begins |
//! | `sums.rs` | an iteration as a sum over rows, and the mixture that follows |
//! | `packed.rs` | rows in blocks, on threads |
//! | `start.rs` | where EM begins |
//! | `run.rs` | iterations, and how they end |
//! | `search.rs` | how many components, by rows held out |
//! | `triangle.rs` | lower triangles |

mod flow;
mod frame;
mod packed;
mod run;
mod search;
mod start;
mod sums;
#[cfg(test)]
mod tests;
mod triangle;

pub use frame::Frame;
pub use run::Options;
pub use search::{Found, Trial, search};
pub use sums::Sums;

use crate::Error;
use crate::linear::moments::Moments;
use crate::sampling;
use faer::MatRef;
use gauss_flow::Rows;
use gauss_flow::rows::{Counted, check_columns};
use gauss_math::normals::Normals;
use packed::Packed;
use std::ops::ControlFlow;

/// A mixture in d dimensions, of rows in their own units.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixture {
    dim: usize,
    /// ln π `[K]`.
    log_weights: Vec<f64>,
    /// `[K][d]`.
    means: Vec<f64>,
    /// The lower triangles of A `[K][d(d + 1)/2]`, row by row.
    factors: Vec<f64>,
}

impl Mixture {
    /// A mixture with the number of components that a fifth of the rows x `[n, d]`, held out, prefers,
    /// fitted to all of them; by the rows' weights if they have any.
    ///
    /// ```
    /// use gauss_rbig::multivariate::mixture::Mixture;
    /// // Two clusters on the line, at -5 and 5.
    /// let x = faer::Mat::from_fn(400, 1, |i, _| {
    ///     (if i % 2 == 0 { -5.0 } else { 5.0 }) + (i as f64 * 0.7).sin()
    /// });
    /// let mixture = Mixture::choose(x.as_ref(), 1)?;
    /// let log_prob = mixture.log_prob(faer::mat![[5.0], [0.0]].as_ref())?;
    /// assert!(mixture.len() >= 2 && log_prob[0] > log_prob[1] + 5.0);
    /// # Ok::<(), gauss_rbig::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Mixture::fit`].
    pub fn choose<'a>(x: impl Into<Rows<'a>>, seed: u64) -> Result<Mixture, Error> {
        let x = x.into();
        x.check(x.ncols())?;
        let counted = Counted::of(x);
        let x = counted.rows();
        let (options, rounding) = (Options { seed, ..Options::default() }, vec![0.0; x.ncols()]);
        let fold = sampling::folds(x.nrows(), 5, seed);
        let (held_out, rest) = sampling::split(&fold, 0);
        let [held_out, rest] = [held_out, rest].map(|at| x.pick(&at));
        let mut watch = || ControlFlow::Continue(());
        match search(rest.rows(), held_out.rows(), &rounding, &options, &mut watch) {
            Ok(found) => found.refit(x, &rounding, &mut watch),
            // Four fifths of few rows may span no volume where all of them do.
            Err(Error::NoVolume { .. } | Error::Rows { .. }) => Mixture::fit(x, 1, seed),
            Err(error) => Err(error),
        }
    }

    /// A mixture of k components, or as many as there are rows, fewer where one dies out, by the rows'
    /// weights if they have any.
    ///
    /// # Errors
    /// [`Error::NoDimensions`], [`Error::Rows`], [`Error::NonFinite`]; [`Error::NoVolume`] where a
    /// column is constant or follows from those before it; [`Error::Option`] for k = 0.
    pub fn fit<'a>(x: impl Into<Rows<'a>>, k: usize, seed: u64) -> Result<Mixture, Error> {
        crate::marginal::em::check_components(k)?;
        let x = x.into();
        x.check(x.ncols())?;
        let counted = Counted::of(x);
        let x = counted.rows();
        let options = Options { seed, ..Options::default() };
        let frame = Frame::of(&Moments::of(x), &vec![0.0; x.ncols()], options.prior_rows)?;
        let packed = Packed::of(x, &frame.centre, &frame.scale);
        let run = run::Run { rows: &packed, frame: &frame, options: &options };
        let mut watch = || ControlFlow::Continue(());
        let start = run.begin(k.min(x.nrows()), None, &mut watch);
        Ok(frame.outward(run.iterate(start, options.max_iterations, &mut watch).0))
    }

    /// The sums of rows that the next iteration needs; those of parts of the rows merge.
    ///
    /// ```
    /// use gauss_rbig::multivariate::mixture::{Frame, Mixture};
    /// use gauss_rbig::pca::Moments;
    /// let x = faer::Mat::from_fn(300, 2, |i, j| ((i * (j + 2)) as f64 * 0.7).sin());
    /// let frame = Frame::of(&Moments::of(&x), &[0.0, 0.0], 0.1)?;
    /// let mixture = Mixture::fit(&x, 3, 1)?;
    /// // Two machines see a part each.
    /// let mut sums = mixture.accumulate(x.subrows(0, 100), &frame)?;
    /// sums.merge(&mixture.accumulate(x.subrows(100, 200), &frame)?)?;
    /// let next = sums.solve(&frame)?;
    /// let after = next.accumulate(&x, &frame)?;
    /// assert!(after.objective(&next, &frame)? >= sums.objective(&mixture, &frame)? - 1e-9);
    /// # Ok::<(), gauss_rbig::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Columns`], of rows or frame; [`Error::Rows`] of no rows, [`Error::NonFinite`].
    pub fn accumulate<'a>(&self, rows: impl Into<Rows<'a>>, frame: &Frame) -> Result<Sums, Error> {
        let rows = rows.into();
        rows.check(self.dim)?;
        if frame.dim() != self.dim {
            return Err(Error::Columns { expected: self.dim, got: frame.dim() });
        }
        let packed = Packed::of(rows, &frame.centre, &frame.scale);
        Ok(packed.accumulate(&frame.inward(self).normals()))
    }

    /// ln p(x) `[n]`; NaN of a row with a value that is none.
    ///
    /// # Errors
    /// [`Error::Columns`].
    pub fn log_prob(&self, x: MatRef<'_, f64>) -> Result<Vec<f64>, Error> {
        check_columns(self.dim, x)?;
        Ok(packed::log_prob(&self.normals(), x))
    }

    /// The components' weights, of sum one.
    #[must_use]
    pub fn weights(&self) -> Vec<f64> {
        self.log_weights.iter().map(|l| l.exp()).collect()
    }

    /// How many components.
    #[must_use]
    pub fn len(&self) -> usize {
        self.log_weights.len()
    }

    /// Never.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.log_weights.is_empty()
    }

    /// d.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// How many numbers [`Self::to_params`] has: K (1 + d + d(d + 1)/2).
    #[must_use]
    pub fn n_params(&self) -> usize {
        self.log_weights.len() + self.means.len() + self.factors.len()
    }

    /// All of it as numbers: ln π `[K]`, the means `[K][d]`, ln of A's diagonals `[K][d]`, and what is
    /// below them `[K][d(d - 1)/2]`, row by row.
    #[must_use]
    pub fn to_params(&self) -> Vec<f64> {
        let triangles = || self.factors.chunks_exact(triangle::len(self.dim));
        let mut params = [&self.log_weights[..], &self.means].concat();
        for a in triangles() {
            params.extend((0..self.dim).map(|i| triangle::diagonal(a, i).ln()));
        }
        for a in triangles() {
            params.extend((0..self.dim).flat_map(|i| &triangle::row(a, i)[..i]));
        }
        params
    }

    fn normals(&self) -> Normals {
        Normals::new(self.dim, &self.log_weights, &self.means, &self.factors)
    }

    /// The same of (x - centre)/scale.
    fn standardized(&self, centre: &[f64], scale: &[f64]) -> Mixture {
        let mut out = self.clone();
        for mean in out.means.chunks_exact_mut(self.dim) {
            for ((m, centre), scale) in mean.iter_mut().zip(centre).zip(scale) {
                *m = (*m - centre) / scale;
            }
        }
        out.scale_columns(|j| scale[j]);
        out
    }

    /// Column j of every A times `by(j)`.
    fn scale_columns(&mut self, by: impl Fn(usize) -> f64) {
        for a in self.factors.chunks_exact_mut(triangle::len(self.dim)) {
            for i in 0..self.dim {
                for (j, a) in a[triangle::len(i)..triangle::len(i + 1)].iter_mut().enumerate() {
                    *a *= by(j);
                }
            }
        }
    }
}
