//! The recommended fit: it needs no setting, and says what it tried.
//!
//! 1. Some rows are set aside to validate, unless the caller brings their own.
//! 2. Columns that fall like a power have their tails made normal ([`crate::tails`]); all that
//!    follows sees the rows so.
//! 3. Three kinds of density ([`DensityKind`]) are tried, each by a ladder of its own ([`Candidate`]):
//!    a **mixture** of normals with full covariances, by EM, its size chosen by the validation rows
//!    ([`crate::multivariate::mixture`]); **blocks** of rotations and marginal maps, from a greedy fit
//!    ([`crate::fit`]), which brings every marginal near normal, block by block, without a
//!    gradient, and gets most of the way in a fraction of the time; and **conditioned** marginal
//!    maps, from the columns' own.
//! 4. All blocks, or layers, of a candidate are trained together on the exact likelihood, in rounds
//!    that leave fewer and fewer candidates and give them more and more time (`search/`). Training
//!    starts gently, so that a warm start is not lost to the optimiser's first steps, and keeps the
//!    parameters, raw or averaged, that do best on the validation rows; the start itself counts,
//!    so no round ends below its start there. A prior pulls every marginal map towards the one
//!    that does nothing, and weight decay holds networks back, which keeps a small table from
//!    being learnt by heart. A budget of time bounds the whole: a part of it is kept for the second
//!    fit.
//! 5. The best of them wins; of two that chance alone may have put in order, the one with fewer
//!    parameters (`judge.rs`).
//! 6. The winner is held against one normal distribution and against independent columns
//!    ([`Baseline`]); where it is not ahead of one of them by more than chance, that is the result.
//!    A normal distribution with shrunk correlations is it where it is ahead of all by more than
//!    chance, and by a tenth of a nat. What won gives way to them, whatever its score, where values
//!    repeat and it draws what is not like its rows (`wild.rs`). With fewer rows than can be split (40), or than columns and
//!    two, there is nothing else: the one of the three that does better in cross-validation.
//! 7. Where the validation rows came out of the table, the winner's way is gone again on all rows,
//!    for as many steps: no row is wasted.
//!
//! ```
//! use gauss_rbig::recipe::{Budget, Recipe, fit_recipe};
//! let x = faer::Mat::from_fn(600, 2, |i, j| {
//!     let t = (i as f64 * 0.754_877_666).fract() * 2.0 - 1.0;
//!     if j == 0 { t } else { t * t + 0.1 * (i as f64 * 0.569_840_291).fract() }
//! });
//! let recipe = Recipe { budget: Budget::Epochs(30), ..Recipe::default() };
//! let fitted = fit_recipe(x.as_ref(), None, &recipe, &mut ())?;
//! let log_p = fitted.flow.log_prob(x.as_ref())?;
//! for trial in &fitted.trials {
//!     println!("{}: {:.3} nats", trial.candidate, trial.after);
//! }
//! # assert_eq!(log_p.len(), 600);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod candidate;
mod constant;
mod cycle;
mod density_kind;
mod entry;
mod few;
mod fitted;
mod given;
mod guard;
mod judge;
mod mixture;
mod options;
mod refit;
mod rivals;
mod sample;
mod search;
mod tails;
mod validated;
mod wild;

pub use crate::baseline::Baseline;
pub use candidate::{Blocks, Candidate, Conditioned, warm_start};
pub use density_kind::DensityKind;
pub use entry::{MIN_ROWS, fit_discrete, fit_recipe};
pub use fitted::{Fitted, Winner};
pub use given::{Discrete, independent_tables};
pub use options::{Budget, Method, Recipe, Refit};
pub use rivals::Rival;
pub use search::Trial;
