//! A mixture as a flow: its Knothe-Rosenblatt map.

use super::{Mixture, triangle};
use crate::Error;
use faer::Mat;
use gauss_flow::{Flow, LayerSpec};

impl Mixture {
    /// One normal distribution, with this mean `[d]` and L⁻¹ `[d, d]`.
    pub(in crate::multivariate) fn of_normal(mean: &[f64], whitening: &Mat<f64>) -> Mixture {
        let dim = mean.len();
        let factors = triangle::entries(dim).map(|(i, j)| whitening[(i, j)]).collect();
        Mixture { dim, log_weights: vec![0.0], means: mean.to_vec(), factors }
    }

    /// The flow with this density: standardise, then map column after column to a standard normal
    /// by its distribution given the columns before. standardization `[2 d]`: shifts and ln scales
    /// ([`gauss_flow::standardization`]); any will do, for they change the units alone.
    ///
    /// # Errors
    /// [`Error::Columns`] for a standardisation of another length; where a number is out of the
    /// layers' range.
    pub fn to_flow(&self, standardization: &[f64]) -> Result<Flow, Error> {
        let d = self.dim;
        if standardization.len() != 2 * d {
            return Err(Error::Columns { expected: d, got: standardization.len() / 2 });
        }
        let (shift, log_scale) = standardization.split_at(d);
        let scale: Vec<f64> = log_scale.iter().map(|l| l.exp()).collect();
        let inward = self.standardized(shift, &scale);
        let layers = vec![LayerSpec::Standardize, LayerSpec::Rosenblatt { components: self.len() }];
        let params = [standardization, &inward.to_params()].concat();
        Flow::from_parts(d, layers, params)
    }
}
