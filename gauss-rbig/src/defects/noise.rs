//! A noise floor: uniform dequantisation.
//!
//! Let a column hold value v with probability P(v), and let U be uniform on (-w/2, w/2). Then
//! v + U has a density, (1/w) Σ_v P(v) 1[|x - v| < w/2] whatever P is, so no log-density of it
//! exceeds ln(1/w), and at an atom of mass P it is ln(P/w) where nothing else lies within w/2. A
//! model that is fitted to the noisy column learns *that* density; for w the step of a grid its
//! integral over one cell is the probability of the rounded value (Theis, van den Oord and
//! Bethge 2016), so ln p + ln w is a lower bound, on average, of the log-probability of v.

use crate::Error;
use faer::Mat;
use gauss_flow::stream::{Purpose, stream};
use rand::RngExt;

/// Adds U(-width/2, width/2) to a column of `x` [n, d]. The noise follows from the seed, the
/// column and the row's number alone; give training and validation rows different seeds.
///
/// The density of the noisy column is that of value + noise: its logarithm is at most -ln width
/// and in the units of the column.
///
/// ```
/// let mut x = faer::Mat::from_fn(100, 1, |i, _| (i % 5) as f64);
/// gauss_rbig::defects::add_noise(&mut x, 0, 1.0, 7)?;
/// assert!((0..100).all(|i| (x[(i, 0)] - (i % 5) as f64).abs() <= 0.5));
/// assert!(gauss_rbig::defects::examine(x.as_ref())?.is_empty());
/// # Ok::<(), gauss_rbig::Error>(())
/// ```
///
/// # Errors
/// [`Error::Option`] unless the width is finite and positive.
///
/// # Panics
/// If there is no such column.
pub fn add_noise(x: &mut Mat<f64>, column: usize, width: f64, seed: u64) -> Result<(), Error> {
    if !(width > 0.0 && width.is_finite()) {
        let (name, requirement) = ("noise width", "finite and above 0");
        return Err(Error::Option { name, requirement, value: width });
    }
    let mut rng = stream(seed, Purpose::ColumnNoise { column: column as u64 });
    for value in x.col_mut(column).iter_mut() {
        *value += width * (rng.random::<f64>() - 0.5);
    }
    Ok(())
}
