//! A mixture as a flow: its Knothe-Rosenblatt map.

use super::Mixture;
use crate::Error;
use gauss_flow::{Flow, LayerSpec};

impl Mixture {
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
