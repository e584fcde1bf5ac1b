//! A product of many reflections by matrix products alone.
//!
//! With unit vectors v_i as the columns of V (d × r), the reflections' product has the compact form
//!
//! ```text
//! H_1 H_2 ... H_r = I - V T Vᵀ,    T⁻¹ = M = U ∘ (Vᵀ V),
//! ```
//!
//! U one above the diagonal, ½ on it, 0 below: from H orthogonal, T⁻¹ + T⁻ᵀ = Vᵀ V. So Q = B - P Y
//! with P = V T and Y = Vᵀ B costs a triangular inverse and a few products, instead of r updates
//! of a d × d matrix that each wait for the one before. The gradient goes the same way: with Q̄ =
//! ∂L/∂Q,
//!
//! ```text
//! A = Q̄ Yᵀ,   C = B Q̄ᵀ P,   M̄ = Pᵀ A Tᵀ,   W = U ∘ M̄,
//! V̄ = V (W + Wᵀ) - A Tᵀ - C.
//! ```
//!
//! (The first term is the change of T: dT = -T dM T.) Nothing here depends on the rows of the data.
//!
//! Sources: Schreiber & Van Loan, A storage-efficient WY representation for products of Householder
//! transformations (1989); Joffrain et al., Accumulating Householder transformations, revisited
//! (2006), for T⁻¹.

use crate::layer::room;
use crate::norm::norm;
use faer::linalg::matmul::matmul;
use faer::linalg::triangular_inverse::invert_upper_triangular;
use faer::{Accum, Mat, MatMut, MatRef, Par, prelude::*};

/// The product and the buffers for its gradient; what it allocates, it keeps.
#[derive(Clone, Debug)]
pub(crate) struct Compact {
    /// `[r]`: the two factors of 1/‖raw reflector‖, the first a power of two: their product may
    /// overflow.
    scales: Vec<(f64, f64)>,
    /// V, d × r.
    v: Mat<f64>,
    /// T, r × r.
    t: Mat<f64>,
    /// P = V T, d × r.
    p: Mat<f64>,
    /// Y = Vᵀ B, r × d; not used where B = I.
    y: Mat<f64>,
    /// M, r × r, of the last [`Compact::expand`]: a buffer.
    m: Mat<f64>,
}

/// c <- a b.
fn product(c: MatMut<'_, f64>, a: MatRef<'_, f64>, b: MatRef<'_, f64>) {
    matmul(c, Accum::Replace, a, b, 1.0, Par::Seq);
}

/// U ∘ m, in place.
fn mask(mut m: MatMut<'_, f64>) {
    for j in 0..m.ncols() {
        m[(j, j)] *= 0.5;
        m.rb_mut().col_mut(j).split_at_row_mut(j + 1).1.fill(0.0);
    }
}

impl Compact {
    /// Room for r >= 1 reflections in d dimensions.
    pub fn new(d: usize, r: usize) -> Self {
        let tall = || Mat::zeros(d, r);
        let square = || Mat::zeros(r, r);
        let (scales, y) = (vec![(1.0, 1.0); r], Mat::zeros(r, d));
        Self { scales, v: tall(), t: square(), p: tall(), y, m: square() }
    }

    /// Takes the reflectors `[r][d]` and multiplies q `[d][d]`, row-major, by their product from
    /// the left; `has_base` unless q is I.
    pub fn expand(&mut self, reflectors: &[f64], has_base: bool, q: &mut [f64]) {
        let (d, r) = (self.v.nrows(), self.v.ncols());
        for (i, (raw, scales)) in reflectors.chunks_exact(d).zip(&mut self.scales).enumerate() {
            let v = self.v.col_as_slice_mut(i);
            let largest = raw.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
            let power = libm::scalbn(1.0, -libm::ilogb(largest).max(-1022));
            v.iter_mut().zip(raw).for_each(|(v, x)| *v = x * power);
            let scale = 1.0 / norm(v);
            for v in v.iter_mut() {
                *v *= scale;
            }
            *scales = (power, scale);
        }
        product(self.m.as_mut(), self.v.transpose(), self.v.as_ref());
        mask(self.m.as_mut());
        // A unit vector's length is known to rounding; its half is exact.
        for i in 0..r {
            self.m[(i, i)] = 0.5;
        }
        self.t.fill(0.0);
        invert_upper_triangular(self.t.as_mut(), self.m.as_ref(), Par::Seq);
        product(self.p.as_mut(), self.v.as_ref(), self.t.as_ref());
        let mut q = MatMut::from_row_major_slice_mut(q, d, d);
        if has_base {
            product(self.y.as_mut(), self.v.transpose(), q.as_ref());
        }
        let y = if has_base { self.y.as_ref() } else { self.v.transpose() };
        matmul(q.as_mut(), Accum::Add, self.p.as_ref(), y, -1.0, Par::Seq);
    }

    /// ∂L/∂reflectors `[r][d]`, ADDED to `grad`, of the last [`Compact::expand`]; base, q_bar
    /// `[d][d]`, row-major: B, or `None` for I, and ∂L/∂Q. work: resized at will.
    pub fn gradient(
        &self,
        base: Option<&[f64]>,
        q_bar: &[f64],
        grad: &mut [f64],
        work: &mut Vec<f64>,
    ) {
        let (d, r) = (self.v.nrows(), self.v.ncols());
        let q_bar = MatRef::from_row_major_slice(q_bar, d, d);
        // Buffers; their names are those of the formulas above.
        let (tall, square) = (d * r, r * r);
        let (m, rest) = room(work, 4 * tall + square).split_at_mut(square);
        let mut m = MatMut::from_column_major_slice_mut(m, r, r);
        let mut buffers = rest.chunks_exact_mut(tall);
        let [mut a, mut at, mut q_bar_p, mut v_bar] = std::array::from_fn(|_| {
            let buffer = buffers.next().expect("four of them");
            MatMut::from_column_major_slice_mut(buffer, d, r)
        });
        let y = if base.is_some() { self.y.as_ref() } else { self.v.transpose() };
        product(a.rb_mut(), q_bar, y.transpose());
        product(at.rb_mut(), a.rb(), self.t.transpose());
        product(m.rb_mut(), self.p.transpose(), at.rb());
        mask(m.rb_mut());
        for j in 0..r {
            for i in 0..j {
                m[(j, i)] = m[(i, j)];
            }
            m[(j, j)] *= 2.0;
        }
        product(v_bar.rb_mut(), self.v.as_ref(), m.rb());
        product(q_bar_p.rb_mut(), q_bar.transpose(), self.p.as_ref());
        match base {
            Some(b) => {
                let b = MatRef::from_row_major_slice(b, d, d);
                matmul(v_bar.rb_mut(), Accum::Add, b, q_bar_p.rb(), -1.0, Par::Seq);
            }
            None => v_bar -= q_bar_p.rb(),
        }
        v_bar -= at.rb();
        for (i, (grad, (power, scale))) in grad.chunks_exact_mut(d).zip(&self.scales).enumerate() {
            for (g, v_bar) in grad.iter_mut().zip(v_bar.rb().col(i).iter()) {
                *g += v_bar * scale * power;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gauss_math::householder;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    /// Two orders of the same products of r reflections in d dimensions.
    const TOL: f64 = 1e-12;

    fn normals(n: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
        (0..n).map(|_| StandardNormal.sample(rng)).collect()
    }

    fn assert_near(a: &[f64], b: &[f64], what: &str) {
        let unit = b.iter().fold(1e-300_f64, |m, b| m.max(b.abs()));
        for (a, b) in a.iter().zip(b) {
            assert!((a - b).abs() <= TOL * unit, "{what}: {a}, not {b}");
        }
    }

    #[test]
    fn equals_the_reflections_one_by_one() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for (d, r, scale) in [(16, 1, 1.0), (16, 16, 1e200), (20, 33, 1e-200), (5, 3, 1e-310)] {
            let mut reflectors: Vec<f64> = normals(r * d, &mut rng);
            if r > 2 {
                // Parallel neighbours: H² = I.
                let (first, second) = reflectors.split_at_mut(d);
                second[..d].copy_from_slice(first);
            }
            for x in &mut reflectors {
                *x *= scale;
            }
            let mut base = householder::identity(d);
            householder::expand(&normals(3 * d, &mut rng), d, &mut base);
            let q_bar = normals(d * d, &mut rng);
            for base in [None, Some(base.as_slice())] {
                let mut q = base.map_or_else(|| householder::identity(d), <[f64]>::to_vec);
                let mut want_q = q.clone();
                let mut compact = Compact::new(d, r);
                compact.expand(&reflectors, base.is_some(), &mut q);
                householder::expand(&reflectors, d, &mut want_q);
                assert_near(&q, &want_q, "Q");
                let (mut grad, mut want) = (vec![0.0; r * d], vec![0.0; r * d]);
                compact.gradient(base, &q_bar, &mut grad, &mut Vec::new());
                householder::gradient(&reflectors, d, base, &q_bar, &mut want);
                if scale > 1e-300 {
                    for (g, w) in grad.chunks_exact(d).zip(want.chunks_exact(d)) {
                        assert_near(g, w, "the gradient");
                    }
                }
            }
        }
    }
}
