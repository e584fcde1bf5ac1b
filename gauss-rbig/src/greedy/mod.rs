//! The greedy loop: rotate, make every marginal normal, repeat.
//!
//! **One block.** The rows z [n, d] so far are rotated, x = Q z (`rotation.rs`), and each
//! coordinate is mapped to a standard normal by a mixture f_i fitted to it, z_i = Φ⁻¹(F_i(x_i))
//! ([`crate::marginal`]). Two new layers of the flow are done; the rows go through them, and the
//! next block begins.
//!
//! **What a block gains.** A rotation keeps ‖z‖ and hence Σ ln N(z_i; 0, 1), and the change of
//! variables gives ln f_i(x_i) = ln N(z_i; 0, 1) + ln dz_i/dx_i. So a block raises a row's
//! log-density by exactly
//!
//! g = Σ_i [ln f_i(x_i) - ln N(x_i; 0, 1)],
//!
//! and the mean of g over the rows, in nats, is the report's `negentropy_removed`: the estimate
//! of Σ_i KL(p_i ‖ N(0, 1)) over the rotated marginals p_i, and at once the difference of the
//! flow's mean log-density after and before the block. Its standard error is the deviation of g
//! over √n. Means are by the rows' weights where they have any, and n is the effective sample size.
//!
//! **When to stop.** A gain on the rows that were fitted is too high by p/n on average, p the
//! block's free parameters (half of it because the fit follows the sample, half because the fit
//! misses the truth: Akaike 1974). A block counts as progress if what is left is positive and
//! more than `significance` standard errors; with validation rows, if their mean log-density
//! exceeds the best so far. (Noise is picked, too: the rotation and the numbers of components are
//! chosen for their gain, which is why two standard errors are asked for and not none.) A block
//! without parameters is none. After `patience` blocks without progress the loop ends, and the flow
//! is cut back to the best block.
//!
//! The rows are the only large thing in memory: one copy, mapped in place.
//!
//! | file | what |
//! |---|---|
//! | `options.rs` | what may be asked for |
//! | `fit.rs` | the way in, and what comes out |
//! | `run.rs` | the loop |
//! | `rotation.rs`, `candidates.rs` | which rotation, and what the default chooses from |
//! | `state.rs` | the rows on their way |

mod candidates;
mod fit;
mod options;
pub(crate) mod rotation;
mod run;
pub(crate) mod state;

pub use fit::{Rbig, fit, fit_validated};
pub(crate) use fit::{check_spread, fit_any};
pub use options::RbigOptions;
pub use rotation::RotationKind;
