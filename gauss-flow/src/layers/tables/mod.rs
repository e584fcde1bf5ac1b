//! Discrete columns with probabilities of their own, and the end of a flow: the layers before it map
//! the other columns alone, and are given the discrete values.
//!
//! ```text
//! p(x) = P(c) p(y | c),    P(c) = Σ_k w_k Π_j p_kj(c_j)
//! ```
//!
//! c being the values of the m discrete columns, each known by its position in a table, and y the
//! other columns. P is a mixture of products of tables (latent classes); p(y | c) is what the
//! layers before this one are under the features of c as their context, a sum of a row of numbers
//! per value.
//!
//! A discrete value v is a point u of its cell (v - ½, v + ½], wherever in it, with the density
//! P(c) on all of the cell: the integral over the cell is P(c), without error. The map is that of
//! Rosenblatt, column by column: with γ the classes' weights given the columns before, and t the
//! place within the cell,
//!
//! ```text
//! F_j = Σ_k γ_k (Σ_{v before c_j} p_kj(v) + t p_kj(c_j)),    z_j = Φ⁻¹(F_j)
//! ```
//!
//! the randomised residual of Brockwell (2007) where t is uniform. Both tails are summed.
//!
//! A column of whole numbers may go on beyond its table: a value then stands for all beyond, whose
//! probabilities fall geometrically, by a ratio ρ from one to the next; and where the table has gaps, one
//! for all numbers in them, which share it equally.
//!
//! Per row K m look-ups and K exponentials. Source: Lazarsfeld and Henry, Latent Structure Analysis
//! (1968).

mod bound;
mod parts;
mod place;

use super::BoundLayer;
use crate::error::InvalidLayer;
use crate::layer::counted;
pub(crate) use bound::Tables;
pub use parts::{Parts, Values};
use place::LARGEST;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shape {
    pub components: usize,
    pub columns: usize,
    pub values: usize,
    pub features: usize,
}

impl crate::layer::Shape for Shape {
    fn name(&self) -> &'static str {
        "tables"
    }

    fn describe(&self) -> String {
        let classes = match self.components {
            1 => "1 class".to_owned(),
            classes => format!("{classes} classes"),
        };
        format!(
            "{} of {}, {classes}",
            counted(self.values, "value"),
            counted(self.columns, "column")
        )
    }

    fn n_params(&self, dim: usize) -> usize {
        let tables = self.components.saturating_mul(self.values.saturating_add(1));
        let features = self.values.saturating_mul(self.features);
        let numbers = dim.saturating_mul(3).saturating_add(self.values);
        numbers.saturating_add(tables).saturating_add(features)
    }

    fn n_trainable(&self, _: usize) -> usize {
        0
    }

    fn validate(&self, dim: usize, params: &[f64]) -> Result<(), InvalidLayer> {
        if self.components == 0 {
            return Err(InvalidLayer::NoComponents);
        }
        let whole = |v: f64| v.fract() == 0.0 && v.abs() <= LARGEST;
        for column in 0..dim {
            let [count, below, above] = [0, 1, 2].map(|k| params[k * dim + column]);
            let is_none = [count, below, above] == [0.0; 3];
            let ratios = [below, above].iter().all(|ratio| (0.0..1.0).contains(ratio));
            let is_table = whole(count) && count > 0.0 && ratios;
            if !(is_none || is_table) {
                return Err(InvalidLayer::Table { column, count, below, above });
            }
        }
        let parts = Parts::of(self, dim, params);
        for Values { column, own, .. } in &parts.columns {
            let increasing = own.windows(2).all(|pair| pair[0] < pair[1]);
            if own.is_empty() || !increasing || !own.iter().all(|v| whole(*v)) {
                return Err(InvalidLayer::Numbers { column: *column });
            }
        }
        let (columns, values) = (parts.columns.len(), parts.values());
        if columns != self.columns || values != self.values {
            return Err(InvalidLayer::Values { columns, values });
        }
        Ok(())
    }

    fn context(&self) -> usize {
        0
    }

    fn bind(&self, dim: usize) -> BoundLayer {
        BoundLayer::Tables(Tables::new(*self, dim))
    }
}
