//! Rows so far out that the numbers on their way through the layers are beyond a double.
//!
//! A finite row has a density. Where its latent, or a number on the way, overflows, -|z|²/2 is
//! below -10³⁰⁰ and its logarithm is -∞ in doubles; but sums of infinities of both signs are NaN,
//! which would say that the row has a missing value. So a NaN of a finite row is -∞, and its
//! latent is found by its direction: every layer but the tails is asymptotically linear, f(s x)/s
//! tends to a limit, and a row is carried through as s v with v a double and s a factor beside it.
//! (The numbers of a layer are finite: of a finite row nothing but an overflow makes a NaN.)

use crate::derived::Derived;
use crate::layer::Layer as _;
use crate::layers::each_layer;
use faer::{Mat, MatRef};

/// v is held below the first of these at which the layer's own arithmetic does not overflow.
const LEVELS: [f64; 5] = [f64::MAX, 1e270, 1e150, 1e50, 1.0];

/// log_prob `[n]` of the rows x `[n, d + c]`: -∞ in place of the NaN of a finite row.
pub(crate) fn mend_log_prob(x: MatRef<'_, f64>, log_prob: &mut [f64]) {
    for (i, log_prob) in log_prob.iter_mut().enumerate() {
        *log_prob = mended(*log_prob, x.row(i).iter());
    }
}

/// [`mend_log_prob`] of one row.
pub(crate) fn mended<'a>(log_prob: f64, row: impl IntoIterator<Item = &'a f64>) -> f64 {
    if log_prob.is_nan() && is_finite(row) { f64::NEG_INFINITY } else { log_prob }
}

fn is_finite<'a>(row: impl IntoIterator<Item = &'a f64>) -> bool {
    row.into_iter().all(|v| v.is_finite())
}

/// z `[n, d]` and log_det `[n]` of the rows x `[n, d + c]`: a finite or infinite latent, and -∞, in
/// place of the NaN of a finite row.
pub(crate) fn mend_latent(
    derived: &Derived,
    x: MatRef<'_, f64>,
    z: &mut Mat<f64>,
    log_det: &mut [f64],
) {
    mend_log_prob(x, log_det);
    for i in 0..x.nrows() {
        if z.row(i).iter().any(|z| z.is_nan()) && is_finite(x.row(i).iter()) {
            let row: Vec<f64> = x.row(i).iter().copied().collect();
            for (j, latent) in derived.far_latent(&row).into_iter().enumerate() {
                z[(i, j)] = latent;
            }
        }
    }
}

impl Derived {
    /// z `[d]` of a finite row `[d + c]`.
    fn far_latent(&self, row: &[f64]) -> Vec<f64> {
        let (x, context) = row.split_at(self.dim());
        let Some(tables) = self.tables() else { return self.far_latent_given(x, context) };
        let (mut others, mut discrete) = (x.to_vec(), Vec::new());
        tables.part(&mut others, &mut discrete, 1);
        others.truncate(tables.others().len());
        let mut features = vec![0.0; tables.n_features()];
        tables.add_features(&discrete, &mut features, 1);
        let is_value = is_finite(&features);
        let mut z = if is_value { self.far_latent_given(&others, &features) } else { others };
        z.resize(x.len(), 0.0);
        tables.join(&mut z, &discrete, 1);
        let joined = z.clone();
        tables.forward_row(&joined, &[], &mut z, &mut 0.0, &mut Vec::new());
        z
    }

    /// The same through the layers but for tables.
    fn far_latent_given(&self, x: &[f64], context: &[f64]) -> Vec<f64> {
        let (mut v, mut scale) = (x.to_vec(), 1.0);
        let (mut next, mut work) = (vec![0.0; v.len()], Vec::new());
        for layer in self.inner() {
            let most = v.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
            for level in LEVELS {
                let shrink = if most > level { level / most } else { 1.0 };
                let near: Vec<f64> = v.iter().map(|v| v * shrink).collect();
                let log_det = &mut 0.0;
                each_layer!(layer, l => l.forward_row(&near, context, &mut next, log_det, &mut work));
                if is_finite(&next) {
                    v.copy_from_slice(&next);
                    scale /= shrink;
                    break;
                }
            }
        }
        // 0 times an infinite scale is 0: the direction has no part in that column.
        v.into_iter().map(|v| if v == 0.0 { v } else { v * scale }).collect()
    }
}
