//! Products of Householder reflections Q = H_1 H_2 ... H_r, H_i = I - 2 v_i v_iᵀ/‖v_i‖².
//!
//! A reflector is any vector but 0; its length does not matter. Every orthogonal d × d matrix is
//! the product of d - 1 reflections and one change of sign of the last coordinate or none
//! ([`factor`]); the sign is det Q · (-1)^(d-1).
//!
//! The batch never sees reflectors: [`expand`] multiplies Q out once, rows are multiplied by the
//! d × d matrix, and the gradient goes through ∂L/∂Q ([`gradient`]), at a cost that does not
//! depend on the number of rows.
//!
//! Matrices are row-major slices `[d][d]`, reflectors rows of `[r][d]`.
//! Source: Householder, Unitary triangularization of a nonsymmetric matrix (1958); Golub & Van
//! Loan, Matrix Computations, 5.1.

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The power of two that brings a reflector's largest entry into [1, 2), so that ‖v‖² neither
/// overflows nor underflows, as (factor's exponent, 2/‖v‖² of the scaled reflector).
///
/// # Panics
/// When v is 0 or not finite.
fn scaling(v: &[f64]) -> (i32, f64) {
    let largest = v.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    let finite = v.iter().all(|x| x.is_finite());
    assert!(largest > 0.0 && finite, "a reflector is finite and not 0");
    let exponent = -libm::ilogb(largest);
    let square: f64 = v.iter().map(|x| libm::scalbn(*x, exponent)).map(|x| x * x).sum();
    (exponent, 2.0 / square)
}

/// x `[d]` <- H x.
///
/// # Panics
/// When v is 0 or not finite.
pub fn reflect(v: &[f64], x: &mut [f64]) {
    let (exponent, tau) = scaling(v);
    let v = || v.iter().map(|v| libm::scalbn(*v, exponent));
    let c = tau * v().zip(&*x).map(|(v, x)| v * x).sum::<f64>();
    for (x, v) in x.iter_mut().zip(v()) {
        *x -= c * v;
    }
}

/// w `[d]` <- mᵀ v.
fn transposed_times(m: &[f64], v: &[f64], w: &mut [f64]) {
    w.fill(0.0);
    for (v, row) in v.iter().zip(m.chunks_exact(v.len())) {
        w.iter_mut().zip(row).for_each(|(w, m)| *w += v * m);
    }
}

/// m `[d][d]` <- H m. w `[d]`: overwritten.
fn reflect_rows(v: &[f64], tau: f64, m: &mut [f64], w: &mut [f64]) {
    transposed_times(m, v, w);
    for (v, row) in v.iter().zip(m.chunks_exact_mut(v.len())) {
        row.iter_mut().zip(&*w).for_each(|(m, w)| *m -= tau * v * w);
    }
}

/// x `[d]` <- H_1 ... H_r x, in O(rd).
///
/// # Panics
/// When a reflector is 0 or not finite.
pub fn apply(reflectors: &[f64], x: &mut [f64]) {
    for v in reflectors.chunks_exact(x.len()).rev() {
        reflect(v, x);
    }
}

/// x `[d]` <- (H_1 ... H_r)ᵀ x = H_r ... H_1 x.
///
/// # Panics
/// When a reflector is 0 or not finite.
pub fn apply_transposed(reflectors: &[f64], x: &mut [f64]) {
    for v in reflectors.chunks_exact(x.len()) {
        reflect(v, x);
    }
}

/// q `[d][d]` <- H_1 ... H_r q, in O(rd²).
///
/// # Panics
/// When a reflector is 0 or not finite.
pub fn expand(reflectors: &[f64], d: usize, q: &mut [f64]) {
    let mut product = Product::default();
    product.set(reflectors, d);
    product.expand(q, &mut Vec::new());
}

/// The identity matrix `[d][d]`.
#[must_use]
pub fn identity(d: usize) -> Vec<f64> {
    let mut q = vec![0.0; d * d];
    q.iter_mut().step_by(d + 1).for_each(|x| *x = 1.0);
    q
}

/// ∂L/∂reflectors `[r][d]`, ADDED to `grad`, from ∂L/∂Q of Q = H_1 ... H_r B: see
/// [`Product::gradient`].
///
/// # Panics
/// When a reflector is 0 or not finite.
pub fn gradient(
    reflectors: &[f64],
    d: usize,
    base: Option<&[f64]>,
    q_bar: &[f64],
    grad: &mut [f64],
) {
    let mut product = Product::default();
    product.set(reflectors, d);
    product.gradient(base, q_bar, grad, &mut Vec::new());
}

/// A product of reflections for many calls, made ready once.
#[derive(Clone, Debug, Default)]
pub struct Product {
    d: usize,
    /// `[r][d]`: 2^exponent times the raw reflectors.
    v: Vec<f64>,
    /// `[r]`: 2/‖v‖² and the exponent.
    scalings: Vec<(i32, f64)>,
}

/// The first `len` numbers of `work`, which grows to hold them.
fn room(work: &mut Vec<f64>, len: usize) -> &mut [f64] {
    work.resize(work.len().max(len), 0.0);
    &mut work[..len]
}

impl Product {
    /// Takes the reflectors `[r][d]`, in the memory at hand.
    ///
    /// # Panics
    /// When a reflector is 0 or not finite.
    pub fn set(&mut self, reflectors: &[f64], d: usize) {
        self.d = d;
        self.scalings.clear();
        self.scalings.extend(reflectors.chunks_exact(d).map(scaling));
        self.v.clear();
        for (v, (exponent, _)) in reflectors.chunks_exact(d).zip(&self.scalings) {
            self.v.extend(v.iter().map(|x| libm::scalbn(*x, *exponent)));
        }
    }

    /// q `[d][d]` <- H_1 ... H_r q, in O(rd²). work: resized at will.
    pub fn expand(&self, q: &mut [f64], work: &mut Vec<f64>) {
        self.expand_with(q, room(work, self.d));
    }

    /// w `[d]`: overwritten.
    fn expand_with(&self, q: &mut [f64], w: &mut [f64]) {
        for (v, (_, tau)) in self.v.chunks_exact(self.d).zip(&self.scalings).rev() {
            reflect_rows(v, *tau, q, w);
        }
    }

    /// ∂L/∂reflectors `[r][d]`, ADDED to `grad`, from ∂L/∂Q of Q = H_1 ... H_r B.
    ///
    /// q_bar `[d][d]` = ∂L/∂Q; base: B `[d][d]`, or `None` for I; work: resized at will. In O(rd²):
    /// with the suffixes S_i = H_i ... H_r B peeled off from the left (H_i S_i = S_{i+1}, as H_i is
    /// its own inverse) and the prefix moved onto q̄, each reflection's matrix gradient is
    /// H̄_i = q̄_i S_{i+1}ᵀ, of which only H̄ v and H̄ᵀ v are needed:
    /// v̄ = -τ (H̄ v + H̄ᵀ v) + τ² (vᵀ H̄ v) v.
    pub fn gradient(
        &self,
        base: Option<&[f64]>,
        q_bar: &[f64],
        grad: &mut [f64],
        work: &mut Vec<f64>,
    ) {
        let d = self.d;
        let (suffix, rest) = room(work, 2 * d * d + 3 * d).split_at_mut(d * d);
        let (moved, rest) = rest.split_at_mut(d * d);
        let (w, rest) = rest.split_at_mut(d);
        let (sv, qv) = rest.split_at_mut(d);
        if let Some(base) = base {
            suffix.copy_from_slice(base);
        } else {
            suffix.fill(0.0);
            suffix.iter_mut().step_by(d + 1).for_each(|x| *x = 1.0);
        }
        self.expand_with(suffix, w);
        moved.copy_from_slice(q_bar);
        let reflectors = self.v.chunks_exact(d).zip(&self.scalings);
        for ((v, &(exponent, tau)), grad) in reflectors.zip(grad.chunks_exact_mut(d)) {
            reflect_rows(v, tau, suffix, w); // S_{i+1}
            // H̄ v = q̄ (Sᵀ v), H̄ᵀ v = S (q̄ᵀ v)
            transposed_times(suffix, v, sv);
            transposed_times(moved, v, qv);
            for (hv, q_bar) in w.iter_mut().zip(moved.chunks_exact(d)) {
                *hv = dot(q_bar, sv);
            }
            let vhv = dot(v, w);
            // v is a scaled copy of the raw reflector: the gradient scales the same way.
            let rows = suffix.chunks_exact(d).zip(&*w);
            for ((g, v), (suffix, hv)) in grad.iter_mut().zip(v).zip(rows) {
                let own = tau * tau * vhv * v - tau * (hv + dot(suffix, qv));
                *g += libm::scalbn(own, exponent);
            }
            reflect_rows(v, tau, moved, w); // onto H_{i+1}'s place
        }
    }
}

/// An orthogonal matrix as a product of reflections.
#[derive(Clone, Debug, PartialEq)]
pub struct Factors {
    /// `[d-1][d]`
    pub reflectors: Vec<f64>,
    /// Whether the last coordinate changes sign first: Q = H_1 ... H_{d-1} diag(1, ..., 1, ±1).
    pub flip_last: bool,
}

/// Factors an orthogonal matrix q `[d][d]` exactly: Q = H_1 ... H_{d-1} diag(1, ..., 1, ±1).
///
/// Column by column, H_i moves the i-th column of H_{i-1} ... H_1 Q to e_i; v = q - e_i, computed
/// without cancellation. A column that already is e_i to the last bit must still be a
/// reflection: it gets v = e_d, which changes the sign of the last coordinate.
#[must_use]
pub fn factor(q: &[f64], d: usize) -> Factors {
    let mut rest = q.to_vec();
    let mut reflectors = Vec::with_capacity(d.saturating_sub(1) * d);
    let (mut product, mut work) = (Product::default(), Vec::new());
    for i in 0..d.saturating_sub(1) {
        let mut v = vec![0.0; d];
        for j in i..d {
            v[j] = rest[j * d + i];
        }
        // v_i - 1 = -Σ_{j>i} v_j²/(1 + v_i) for a unit vector
        let below = dot(&v[i + 1..], &v[i + 1..]);
        v[i] = if v[i] > 0.0 { -below / (1.0 + v[i]) } else { v[i] - 1.0 };
        if v.iter().all(|x| x.abs() < f64::MIN_POSITIVE) || below < 1e-300 && v[i].abs() < 1e-300 {
            v.fill(0.0);
            v[d - 1] = 1.0;
        }
        product.set(&v, d);
        product.expand(&mut rest, &mut work);
        reflectors.extend(v);
    }
    Factors { reflectors, flip_last: rest[d * d - 1] < 0.0 }
}
