//! Which orthogonal matrix comes before the marginal maps.
//!
//! Marginal maps make every coordinate normal; a rotation then turns what is left of the
//! dependence between coordinates into non-normal marginals, for the next maps to remove. Any
//! sequence of rotations that mixes all coordinates converges (Laparra, Camps-Valls and Malo
//! 2011); they differ in how much one block removes.
//!
//! Every choice here has the form Q = diag(R, I) Vᵀ, V the principal components: R turns the
//! directions in which the data vary, and directions without variance (constant columns, exact
//! linear combinations) stay apart from them. They have no density, and mixed with the others
//! they would pretend to a gain in every block.
//!
//! **The greatest gain.** What a block gains is Σ_i KL(p_i ‖ N(0, 1)) over the rotated marginals
//! p_i. The default tries several R (the principal components, the independent components of two
//! contrasts, some random ones; in two dimensions a fan of angles) and takes the one whose gain,
//! estimated from histograms, is greatest. The independent components are sought on one half of
//! the rows and all candidates judged on the other: in many dimensions there are always
//! directions that look far from normal on the rows they were found on. If they win, they are
//! refined on all rows.
//!
//! None is best everywhere: `cargo run --release -p gauss-rbig --example rotations` compares all four
//! on rows that were not fitted.

use crate::Error;
use crate::greedy::candidates::{White, candidates, greatest_gain};
use crate::linear::ica::Contrast;
use crate::linear::moments::Moments;
use crate::linear::pca::Pca;
use crate::linear::product;
use crate::marginal::scale::Scale;
use crate::sampling::parts;
use faer::{Mat, MatRef};
use gauss_flow::Rows;
use gauss_math::householder;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

/// A direction whose standard deviation is below this fraction of the largest has no variance:
/// eigenvalues are known to ε times the largest, standard deviations to √ε.
const RELATIVE_RANK: f64 = 1e-7;
/// Spreads beyond which a value counts as this far when the first rotation is chosen.
const FAR: f64 = 30.0;
/// Rows that candidates are sought on, and as many to judge them.
const ROWS: usize = 8192;

/// The rotation of each block. In the first block, where the scales differ, R = I always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum RotationKind {
    /// The candidate with the greatest gain.
    #[default]
    GreatestGain,
    /// The principal components: R = I. Removes all correlation, but when the covariance is
    /// nearly I the components follow its sampling noise.
    Pca,
    /// A random orthogonal R, uniform on the group.
    Random,
    /// R by FastICA: directions whose marginals are as far from normal as possible by
    /// E[ln cosh].
    Ica,
}

/// A rotation and what was learnt on the way.
#[derive(Debug, Clone)]
pub(crate) struct Chosen {
    /// Q [d, d].
    pub q: Mat<f64>,
    /// The number of directions with variance; the last d - rank rows of Q have none.
    pub rank: usize,
}

/// The rotation for rows `z` [n, d], all with weight, in parallel.
pub(crate) fn choose(
    kind: RotationKind,
    z: Rows<'_>,
    first: bool,
    seed: u64,
) -> Result<Chosen, Error> {
    let moments = if first { winsorized_moments(z) } else { Moments::of(z) };
    let pca = Pca::of_covariance(moments.covariance().as_ref())?;
    let least = RELATIVE_RANK * RELATIVE_RANK * pca.eigenvalues[0];
    let rank = pca.eigenvalues.iter().filter(|&&v| v > least).count();
    let mut q = pca.rotation();
    if first || rank < 2 {
        return Ok(Chosen { q, rank });
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let [seek, judge] = parts::<2>(z.nrows(), 2 * ROWS, seed);
    let all = [seek.as_slice(), &judge].concat();
    let y = |at: &[usize]| components(z.x(), at, &moments, &pca, rank);
    let white = |at: &[usize]| White { y: whitened(y(at), &pca), weights: weights(z, at) };
    let turned = match kind {
        RotationKind::Pca => return Ok(Chosen { q, rank }),
        RotationKind::Random => haar(rank, &mut rng),
        RotationKind::Ica => white(&all).independent(Contrast::Tails, haar(rank, &mut rng))?,
        RotationKind::GreatestGain => {
            let candidates = candidates(&white(&seek), &mut rng)?;
            match greatest_gain(candidates, &y(&judge), &weights(z, &judge)) {
                (None, r) => r,
                (Some(contrast), r) => white(&all).independent(contrast, r)?,
            }
        }
    };
    let top = product(turned.as_ref(), q.as_ref().subrows(0, rank));
    q.as_mut().subrows_mut(0, rank).copy_from(&top);
    Ok(Chosen { q, rank })
}

/// The moments of the rows with every value pulled in to [`FAR`] spreads from its column's
/// median. Only the first block sees the data's own tails, and one value at 10¹² would be the
/// only principal component there is; data without such values are left as they are.
fn winsorized_moments(z: Rows<'_>) -> Moments {
    let bounds: Vec<(f64, f64)> = z
        .x()
        .par_col_iter()
        .map(|column| {
            let values: Vec<f64> = column.iter().copied().collect();
            let Scale { centre, spread, .. } = Scale::of(&values, z.weights());
            (centre - FAR * spread, centre + FAR * spread)
        })
        .collect();
    Moments::of_parts(z, |rows| {
        let mut pulled = rows.copied();
        for (column, (low, high)) in pulled.x_mut().col_iter_mut().zip(&bounds) {
            column.iter_mut().for_each(|v| *v = v.clamp(*low, *high));
        }
        Moments::of_part(pulled.rows())
    })
}

/// A random orthogonal matrix [d, d], uniform up to the signs of its rows: the product of
/// reflections along Gaussian vectors of falling dimension (Stewart 1980).
pub(crate) fn haar(d: usize, rng: &mut impl Rng) -> Mat<f64> {
    let mut reflectors = Vec::with_capacity(d * d);
    for i in 0..d.saturating_sub(1) {
        let mut v: Vec<f64> = vec![0.0; d];
        v[i..].fill_with(|| StandardNormal.sample(rng));
        let norm = v.iter().map(|v| v * v).sum::<f64>().sqrt();
        v[i] += norm.copysign(v[i]);
        reflectors.extend(v);
    }
    let mut q = householder::identity(d);
    householder::expand(&reflectors, d, &mut q);
    MatRef::from_row_major_slice(&q, d, d).to_owned()
}

/// The weights of the given rows.
fn weights(z: Rows<'_>, at: &[usize]) -> Vec<f64> {
    at.iter().map(|&i| z.weight(i)).collect()
}

/// The given rows, centred, in the leading `rank` components [m, rank].
fn components(
    z: MatRef<'_, f64>,
    rows: &[usize],
    moments: &Moments,
    pca: &Pca,
    rank: usize,
) -> Mat<f64> {
    let mean = moments.mean();
    let centred = Mat::from_fn(rows.len(), z.ncols(), |i, j| z[(rows[i], j)] - mean[j]);
    product(centred.as_ref(), pca.components.as_ref().subcols(0, rank))
}

/// [`components`], each divided by its standard deviation.
fn whitened(mut y: Mat<f64>, pca: &Pca) -> Mat<f64> {
    for j in 0..y.ncols() {
        let scale = 1.0 / pca.eigenvalues[j].sqrt();
        y.col_mut(j).iter_mut().for_each(|v| *v *= scale);
    }
    y
}

#[cfg(test)]
mod tests {
    use super::*;
    use RotationKind::{GreatestGain, Ica, Pca, Random};

    const ALL: [RotationKind; 4] = [GreatestGain, Pca, Random, Ica];

    fn deviation_from_orthogonal(q: &Mat<f64>) -> f64 {
        let gram = product(q.as_ref(), q.transpose());
        (gram - Mat::<f64>::identity(q.nrows(), q.nrows())).norm_max()
    }

    #[test]
    fn random_rotations_are_orthogonal_and_differ() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        for d in [1, 2, 3, 10, 40] {
            let (a, b) = (haar(d, &mut rng), haar(d, &mut rng));
            assert!(deviation_from_orthogonal(&a) < 1e-14);
            assert!(d == 1 || (&a - &b).norm_max() > 1e-3);
        }
    }

    #[test]
    fn ica_finds_independent_uniform_sources() {
        // Two independent uniform sources, rotated by 30 degrees: their axes come back.
        let (sin, cos) = (0.5, 0.75_f64.sqrt());
        let z = Mat::from_fn(4000, 2, |i, j| {
            let a = ((i as f64 * 0.754_877_666_2).fract() - 0.5) * 12f64.sqrt();
            let b = ((i as f64 * 0.569_840_291).fract() - 0.5) * 12f64.sqrt();
            if j == 0 { cos * a - sin * b } else { sin * a + cos * b }
        });
        for (kind, least) in [(Ica, 0.999), (GreatestGain, 0.99)] {
            let Chosen { q, .. } = choose(kind, z.as_ref().into(), false, 1).unwrap();
            assert!(deviation_from_orthogonal(&q) < 1e-12);
            let along = |a: f64, b: f64| (q[(0, 0)] * a + q[(0, 1)] * b).abs();
            let aligned = along(cos, sin).max(along(sin, -cos));
            assert!(aligned > least, "{kind:?}: {aligned}");
        }
    }

    #[test]
    fn directions_without_variance_come_last_and_stay_apart() {
        let z = Mat::from_fn(500, 3, |i, j| {
            let a = (i as f64 * 0.754_877_666_2).fract();
            let b = (i as f64 * 0.569_840_291).fract();
            [a, b, a + b][j]
        });
        for kind in ALL {
            let Chosen { q, rank } = choose(kind, z.as_ref().into(), false, 1).unwrap();
            assert_eq!(rank, 2);
            assert!(deviation_from_orthogonal(&q) < 1e-12);
            let along: Vec<f64> =
                (0..500).map(|i| (0..3).map(|j| q[(2, j)] * z[(i, j)]).sum()).collect();
            assert!(along.iter().all(|v| (v - along[0]).abs() < 1e-12));
        }
    }
}
