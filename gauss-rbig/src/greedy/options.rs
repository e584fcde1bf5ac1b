//! What may be asked of a greedy fit.

use crate::Error;
use crate::greedy::rotation::RotationKind;
use crate::marginal::Selection;
use crate::marginal::em::EmOptions;

/// How the greedy fit runs. Plain data: write what matters and `..RbigOptions::default()`, for there
/// may be more in a later version.
#[derive(Debug, Clone, PartialEq)]
pub struct RbigOptions {
    /// The most blocks.
    pub max_blocks: usize,
    /// K, the components of every marginal in the flow.
    pub components: usize,
    /// How many of the K are different.
    pub selection: Selection,
    /// The rotation of each block.
    pub rotation: RotationKind,
    /// Trainable reflections per rotation in the flow; the rest of the rotation is frozen. The
    /// flow's density is the greedy one for any number.
    pub reflections: usize,
    /// Whether the columns are first brought to mean 0 and deviation 1.
    pub standardize: bool,
    /// The most components of a marginal layer before the first rotation: what belongs to the
    /// columns one by one (bounds, spikes, heavy tails, an outlier) is dealt with before they are
    /// mixed. Their number is chosen for each column, by AIC where `selection` is fixed. 0: no such
    /// layer.
    pub initial_marginal: usize,
    /// Whether a frozen rotation to the principal components comes before the first block.
    pub initial_pca: bool,
    /// Progress must exceed this many standard errors, without validation rows.
    pub significance: f64,
    /// Blocks without progress before the loop ends; `None` to run all and keep all.
    pub patience: Option<usize>,
    /// How the mixtures are fitted. Its seed is ignored for `seed`.
    pub em: EmOptions,
    /// Seed of everything random.
    pub seed: u64,
}

impl Default for RbigOptions {
    fn default() -> Self {
        Self {
            max_blocks: 30,
            components: 8,
            selection: Selection::default(),
            rotation: RotationKind::default(),
            reflections: 2,
            standardize: true,
            initial_marginal: 0,
            initial_pca: false,
            significance: 2.0,
            patience: Some(3),
            em: EmOptions::default(),
            seed: 0,
        }
    }
}

impl RbigOptions {
    /// Whether every option is in its range.
    ///
    /// # Errors
    /// [`Error::Option`].
    pub fn validate(&self) -> Result<(), Error> {
        let bad = |option, value, expected| {
            Err(Error::Option { name: option, value, requirement: expected })
        };
        if self.components == 0 {
            return bad("components", 0.0, "at least 1");
        }
        if self.patience == Some(0) {
            return bad("patience", 0.0, "at least 1");
        }
        if !(self.significance >= 0.0 && self.significance.is_finite()) {
            return bad("significance", self.significance, "finite and at least 0");
        }
        self.em.validate()
    }
}
