//! What several commands use, and the steps of a fit.
//!
//! | file | what |
//! |---|---|
//! | `model` | models from files |
//! | `evaluate` | a model and a table for it: score, transform, inverse |
//! | `pieces` | rows evaluated and written in pieces |
//! | `kinds` | what the columns are: said, offered, described |
//! | `defects` | tables with no density of their own |
//! | `cautions` | tables that a fit may get wrong |
//! | `layers` | the layers of a flow, in words |
//! | `recipe` | how to fit, by the options |
//! | `data` | what a fit learns from, and why it may refuse |
//! | `weights` | columns that look like weights |
//! | `trials` | what a fit tried and chose |
//! | `comparison` | models side by side on the same rows |
//! | `schema` | JSON Schemas |

pub mod cautions;
pub mod comparison;
pub mod data;
pub mod defects;
pub mod evaluate;
pub mod kinds;
pub mod layers;
pub mod model;
pub mod pieces;
pub mod recipe;
pub mod schema;
pub mod trials;
pub mod weights;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The generator of `--seed`; its stream stays the same from version to version.
pub fn generator(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}
