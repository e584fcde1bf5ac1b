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

use crate::Error;
use crate::pca::{Moments, Pca};
use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use gauss_math::householder;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// A direction whose standard deviation is below this fraction of the largest has no variance:
/// eigenvalues are known to ε times the largest, standard deviations to √ε.
const RELATIVE_RANK: f64 = 1e-7;
/// Rows that FastICA looks at.
const ICA_ROWS: usize = 8192;
/// It usually needs 5 to 15 iterations; the last digits are worth nothing here.
const ICA_ITERATIONS: usize = 30;
const ICA_TOLERANCE: f64 = 1e-3;

/// The rotation of each block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum RotationKind {
    /// The principal components: R = I. Removes all correlation, but when the covariance is
    /// nearly I the components follow its sampling noise.
    Pca,
    /// A random orthogonal R, uniform on the group. In the first block, R = I.
    Random,
    /// R by symmetric FastICA (Hyvärinen 1999): directions whose marginals are as far from
    /// normal as possible by E[ln cosh]. In the first block, where the scales differ, R = I.
    #[default]
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

/// The rotation for rows `z` [n, d], in parallel over rows.
pub(crate) fn choose(
    kind: RotationKind,
    z: MatRef<'_, f64>,
    first: bool,
    seed: u64,
) -> Result<Chosen, Error> {
    let moments = Moments::of(z);
    let pca = Pca::of_covariance(moments.covariance().as_ref())?;
    let least = RELATIVE_RANK * RELATIVE_RANK * pca.eigenvalues[0];
    let rank = pca.eigenvalues.iter().filter(|&&v| v > least).count();
    let mut q = pca.rotation();
    if !first && rank > 1 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let turned = match kind {
            RotationKind::Pca => None,
            RotationKind::Random => Some(haar(rank, &mut rng)),
            RotationKind::Ica => Some(fast_ica(&whiten(z, &moments, &pca, rank), &mut rng)?),
        };
        if let Some(r) = turned {
            let top = &r * q.as_ref().subrows(0, rank);
            q.as_mut().subrows_mut(0, rank).copy_from(&top);
        }
    }
    Ok(Chosen { q, rank })
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

/// Rows of unit covariance [m, rank] in the leading components, m <= n of them.
fn whiten(z: MatRef<'_, f64>, moments: &Moments, pca: &Pca, rank: usize) -> Mat<f64> {
    let stride = z.nrows().div_ceil(ICA_ROWS);
    let rows = z.nrows().div_ceil(stride);
    let centred = Mat::from_fn(rows, z.ncols(), |i, j| z[(i * stride, j)] - moments.mean()[j]);
    let scaled = Mat::from_fn(z.ncols(), rank, |i, j| {
        pca.components[(i, j)] / pca.eigenvalues[j].sqrt()
    });
    product(centred.as_ref(), scaled.as_ref())
}

/// The orthogonal W [r, r] of FastICA for white rows y [m, r]: fixed point of
/// w ← E[y tanh(wᵀy)] - E[1 - tanh²(wᵀy)] w, all rows at once, W ← (W Wᵀ)^(-½) W.
fn fast_ica(y: &Mat<f64>, rng: &mut impl Rng) -> Result<Mat<f64>, Error> {
    let (rows, r) = (y.nrows() as f64, y.ncols());
    let mut w = haar(r, rng);
    for _ in 0..ICA_ITERATIONS {
        let mut s = product(y.as_ref(), w.transpose());
        let mut slope = vec![0.0; r];
        for j in 0..r {
            let column = s.col_mut(j).try_as_col_major_mut().expect("owned columns are contiguous");
            slope[j] = tanh_in_place(column.as_slice_mut()) / rows;
        }
        let g = product(s.transpose(), y.as_ref());
        let next = Mat::from_fn(r, r, |i, j| g[(i, j)] / rows - slope[i] * w[(i, j)]);
        let next = symmetric_orthogonal(&next)?;
        let aligned = (0..r).map(|i| (0..r).map(|j| next[(i, j)] * w[(i, j)]).sum::<f64>().abs());
        let change = aligned.fold(0.0_f64, |worst, cosine| worst.max(1.0 - cosine));
        w = next;
        if change < ICA_TOLERANCE {
            break;
        }
    }
    Ok(w)
}

/// values [n]: becomes tanh. Returns Σ (1 - tanh²).
fn tanh_in_place(values: &mut [f64]) -> f64 {
    const PIECE: usize = 256;
    let mut doubled = [0.0; PIECE];
    let mut exp = [0.0; PIECE];
    let mut sum = 0.0;
    for piece in values.chunks_mut(PIECE) {
        let n = piece.len();
        // tanh s = 1 - 2/(e^2s + 1); beyond ±20 it is ±1 to the last bit.
        for (d, v) in doubled.iter_mut().zip(&*piece) {
            *d = (2.0 * v).clamp(-40.0, 40.0);
        }
        gauss_math::slice::exp(&doubled[..n], &mut exp[..n]);
        for (v, e) in piece.iter_mut().zip(&exp) {
            *v = 1.0 - 2.0 / (e + 1.0);
            sum += 1.0 - *v * *v;
        }
    }
    sum
}

/// (W Wᵀ)^(-½) W, the orthogonal matrix nearest to W.
fn symmetric_orthogonal(w: &Mat<f64>) -> Result<Mat<f64>, Error> {
    let gram = product(w.as_ref(), w.transpose());
    let pca = Pca::of_covariance(gram.as_ref())?;
    let least = f64::EPSILON * pca.eigenvalues[0].max(f64::MIN_POSITIVE);
    let u = pca.components.as_ref();
    let scaled = Mat::from_fn(u.nrows(), u.ncols(), |i, j| {
        u[(i, j)] / pca.eigenvalues[j].max(least).sqrt()
    });
    let root = product(scaled.as_ref(), u.transpose());
    let nearest = product(root.as_ref(), w.as_ref());
    // Once more from close by: orthogonal to rounding whatever W's condition.
    let gram = product(nearest.as_ref(), nearest.transpose());
    let half = Mat::from_fn(u.nrows(), u.ncols(), |i, j| {
        f64::from(u8::from(i == j)) * 1.5 - 0.5 * gram[(i, j)]
    });
    Ok(product(half.as_ref(), nearest.as_ref()))
}

/// a b, on this thread.
fn product(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Mat<f64> {
    let mut c = Mat::zeros(a.nrows(), b.ncols());
    matmul(&mut c, Accum::Replace, a, b, 1.0, Par::Seq);
    c
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let chosen = choose(RotationKind::Ica, z.as_ref(), false, 1).unwrap();
        assert!(deviation_from_orthogonal(&chosen.q) < 1e-12);
        let row = chosen.q.row(0);
        let aligned = (row[0] * cos + row[1] * sin).abs().max((row[0] * sin - row[1] * cos).abs());
        assert!(aligned > 0.999, "{aligned}");
    }

    #[test]
    fn directions_without_variance_come_last_and_stay_apart() {
        let z = Mat::from_fn(500, 3, |i, j| {
            let a = (i as f64 * 0.754_877_666_2).fract();
            let b = (i as f64 * 0.569_840_291).fract();
            [a, b, a + b][j]
        });
        for kind in [RotationKind::Pca, RotationKind::Random, RotationKind::Ica] {
            let Chosen { q, rank } = choose(kind, z.as_ref(), false, 1).unwrap();
            assert_eq!(rank, 2);
            assert!(deviation_from_orthogonal(&q) < 1e-12);
            let along: Vec<f64> =
                (0..500).map(|i| (0..3).map(|j| q[(2, j)] * z[(i, j)]).sum()).collect();
            assert!(along.iter().all(|v| (v - along[0]).abs() < 1e-12));
        }
    }
}
