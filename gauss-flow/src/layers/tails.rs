//! z_i = T_i(x_i) per column, frozen: the identity between two thresholds, and beyond them a tail that
//! falls like a power made one that falls like a normal's.
//!
//! Whatever follows ends in normal tails; a tail that is not normal is made so here, by its own
//! index, before anything else sees it. The mathematics is in [`gauss_math::tail`]; this file walks
//! over the columns.

use super::BoundLayer;
use crate::error::InvalidLayer;
use crate::layer::{Layer, Pass};
use gauss_math::tail::{ParetoTail, TailMap};
use serde::{Deserialize, Serialize};

/// Numbers of one tail, and of both of a column.
const TAIL: usize = 4;
const COLUMN: usize = 2 * TAIL;

/// One tail of a column: beyond the threshold t, ln P(X beyond x) = ln p - ln(1 + ξ |x - t|/β)/ξ.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tail {
    /// t
    pub threshold: f64,
    /// p, in (0, ½].
    pub probability: f64,
    /// β > 0, in the units of the column.
    pub scale: f64,
    /// ξ > 0: moments exist up to order 1/ξ.
    pub index: f64,
}

/// Parameters `[8 d]` of [`crate::LayerSpec::Tails`]: of each column its lower and its upper tail.
///
/// ```
/// use gauss_flow::layers::tails::{Tail, params};
/// use gauss_flow::{Flow, LayerSpec};
/// let tail = Tail { threshold: 3.08, probability: 0.1, scale: 3.29, index: 1.0 };
/// let flow = Flow::from_parts(1, vec![LayerSpec::Tails], params(&[[None, Some(tail)]]))?;
/// let (z, _) = flow.forward(faer::mat![[2.0], [1e12]].as_ref())?;
/// assert_eq!(z[(0, 0)], 2.0);
/// assert!(z[(1, 0)] < 100.0);
/// # Ok::<(), gauss_flow::Error>(())
/// ```
#[must_use]
pub fn params(columns: &[[Option<Tail>; 2]]) -> Vec<f64> {
    let d = columns.len();
    let mut params = vec![0.0; COLUMN * d];
    for (j, sides) in columns.iter().enumerate() {
        for (side, tail) in sides.iter().enumerate() {
            let Some(Tail { threshold, probability, scale, index }) = *tail else { continue };
            for (k, number) in [threshold, probability, scale, index].into_iter().enumerate() {
                params[(TAIL * side + k) * d + j] = number;
            }
        }
    }
    params
}

/// Threshold, probability, scale and index of both sides of column j.
fn numbers(params: &[f64], j: usize) -> [[f64; TAIL]; 2] {
    let d = params.len() / COLUMN;
    [0, TAIL].map(|first| [0, 1, 2, 3].map(|k| params[(first + k) * d + j]))
}

/// Both tails of column j; an index of 0 is none.
fn sides(params: &[f64], j: usize) -> [Option<Tail>; 2] {
    numbers(params, j).map(|[threshold, probability, scale, index]| {
        (index != 0.0).then_some(Tail { threshold, probability, scale, index })
    })
}

/// No choice.
pub(crate) struct Shape;

impl crate::layer::Shape for Shape {
    fn name(&self) -> &'static str {
        "tails"
    }

    fn describe(&self) -> String {
        "power-law tails per column".to_owned()
    }

    fn n_params(&self, dim: usize) -> usize {
        dim.saturating_mul(COLUMN)
    }

    fn n_trainable(&self, _: usize) -> usize {
        0
    }

    fn validate(&self, dim: usize, params: &[f64]) -> Result<(), InvalidLayer> {
        for column in 0..dim {
            for side in numbers(params, column) {
                let [_, probability, scale, index] = side;
                let is_none = side == [0.0; TAIL];
                let is_tail = probability > 0.0 && probability <= 0.5 && scale > 0.0 && index > 0.0;
                if !(is_none || is_tail) {
                    return Err(InvalidLayer::Tail { column, probability, scale, index });
                }
            }
            if let [Some(Tail { threshold: lower, .. }), Some(Tail { threshold: upper, .. })] =
                sides(params, column)
                && !(lower <= upper)
            {
                return Err(InvalidLayer::Thresholds { column, lower, upper });
            }
        }
        Ok(())
    }

    fn bind(&self, dim: usize) -> BoundLayer {
        BoundLayer::Tails(Tails { maps: vec![TailMap::default(); dim] })
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Tails {
    /// `[d]`
    maps: Vec<TailMap>,
}

impl Layer for Tails {
    /// Parameters: as [`params`] lays them out.
    fn set(&mut self, params: &[f64]) {
        for (j, map) in self.maps.iter_mut().enumerate() {
            let bound = |tail: Tail| {
                (tail.threshold, ParetoTail::new(tail.probability, tail.scale, tail.index))
            };
            let [lower, upper] = sides(params, j).map(|tail| tail.map(bound));
            *map = TailMap::new(lower, upper);
        }
    }

    fn forward(&self, x: &[f64], _: &[f64], z: &mut [f64], log_det: &mut [f64], _: &mut Vec<f64>) {
        let n = log_det.len();
        for ((x, z), map) in x.chunks_exact(n).zip(z.chunks_exact_mut(n)).zip(&self.maps) {
            map.forward(x, z, log_det);
        }
    }

    fn inverse(&self, z: &[f64], _: &[f64], x: &mut [f64], n: usize, _: &mut Vec<f64>) {
        for ((z, x), map) in z.chunks_exact(n).zip(x.chunks_exact_mut(n)).zip(&self.maps) {
            map.inverse(z, x);
        }
    }

    fn backward(
        &self,
        pass: Pass<'_>,
        _: &[f64],
        x_bar: &mut [f64],
        _: &mut [f64],
        _: &mut Vec<f64>,
        _: &mut [f64],
    ) {
        let n = pass.log_det_bar.len();
        let columns = pass.x.chunks_exact(n).zip(pass.z_bar.chunks_exact(n));
        for (((x, z_bar), x_bar), map) in columns.zip(x_bar.chunks_exact_mut(n)).zip(&self.maps) {
            map.backward(x, z_bar, pass.log_det_bar, x_bar);
        }
    }
}
