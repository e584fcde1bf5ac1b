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

/// A reflector times a power of two, its largest entry in [1, 2): so that ‖v‖² neither overflows
/// nor underflows, whatever the length.
struct Scaled {
    v: Vec<f64>,
    /// 2/‖v‖²
    tau: f64,
    /// v = 2^-exponent times the raw reflector.
    exponent: i32,
}

impl Scaled {
    /// # Panics
    /// When v is 0 or not finite.
    fn new(v: &[f64]) -> Self {
        let largest = v.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        let finite = v.iter().all(|x| x.is_finite());
        assert!(largest > 0.0 && finite, "a reflector is finite and not 0");
        let exponent = libm::ilogb(largest);
        let v: Vec<f64> = v.iter().map(|x| libm::scalbn(*x, -exponent)).collect();
        let tau = 2.0 / dot(&v, &v);
        Self { v, tau, exponent }
    }
}

/// x `[d]` <- H x.
///
/// # Panics
/// When v is 0 or not finite.
pub fn reflect(v: &[f64], x: &mut [f64]) {
    let Scaled { v, tau, .. } = Scaled::new(v);
    reflect_scaled(&v, tau, x);
}

fn reflect_scaled(v: &[f64], tau: f64, x: &mut [f64]) {
    let c = tau * dot(v, x);
    for (x, v) in x.iter_mut().zip(v) {
        *x -= c * v;
    }
}

/// m `[d][d]` <- H m.
fn reflect_rows(v: &[f64], tau: f64, m: &mut [f64]) {
    let d = v.len();
    let mut w = vec![0.0; d];
    for (v, row) in v.iter().zip(m.chunks_exact(d)) {
        w.iter_mut().zip(row).for_each(|(w, m)| *w += v * m);
    }
    for (v, row) in v.iter().zip(m.chunks_exact_mut(d)) {
        row.iter_mut().zip(&w).for_each(|(m, w)| *m -= tau * v * w);
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
    for v in reflectors.chunks_exact(d).rev() {
        let Scaled { v, tau, .. } = Scaled::new(v);
        reflect_rows(&v, tau, q);
    }
}

/// The identity matrix `[d][d]`.
pub fn identity(d: usize) -> Vec<f64> {
    let mut q = vec![0.0; d * d];
    q.iter_mut().step_by(d + 1).for_each(|x| *x = 1.0);
    q
}

/// ∂L/∂reflectors `[r][d]`, ADDED to `grad`, from ∂L/∂Q of Q = H_1 ... H_r B.
///
/// q_bar `[d][d]` = ∂L/∂Q; base: B `[d][d]`, or `None` for I. In O(rd²): with the suffixes
/// S_i = H_i ... H_r B peeled off from the left (H_i S_i = S_{i+1}, as H_i is its own inverse)
/// and the prefix moved onto q̄, each reflection's matrix gradient is
/// H̄_i = q̄_i S_{i+1}ᵀ, of which only H̄ v and H̄ᵀ v are needed:
/// v̄ = -τ (H̄ v + H̄ᵀ v) + τ² (vᵀ H̄ v) v.
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
    let mut suffix = base.map_or_else(|| identity(d), <[f64]>::to_vec);
    expand(reflectors, d, &mut suffix);
    let mut q_bar = q_bar.to_vec();
    for (v, grad) in reflectors.chunks_exact(d).zip(grad.chunks_exact_mut(d)) {
        let Scaled { v, tau, exponent } = Scaled::new(v);
        reflect_rows(&v, tau, &mut suffix); // S_{i+1}
        // H̄ v = q̄ (Sᵀ v), H̄ᵀ v = S (q̄ᵀ v)
        let transposed_times = |m: &[f64]| {
            let mut out = vec![0.0; d];
            for (v, row) in v.iter().zip(m.chunks_exact(d)) {
                out.iter_mut().zip(row).for_each(|(o, m)| *o += v * m);
            }
            out
        };
        let sv = transposed_times(&suffix);
        let qv = transposed_times(&q_bar);
        let hv: Vec<f64> = q_bar.chunks_exact(d).map(|row| dot(row, &sv)).collect();
        let htv: Vec<f64> = suffix.chunks_exact(d).map(|row| dot(row, &qv)).collect();
        let vhv = dot(&v, &hv);
        // v is a scaled copy of the raw reflector: the gradient scales the same way.
        for j in 0..d {
            let g = tau * tau * vhv * v[j] - tau * (hv[j] + htv[j]);
            grad[j] += libm::scalbn(g, -exponent);
        }
        reflect_rows(&v, tau, &mut q_bar); // onto H_{i+1}'s place
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
pub fn factor(q: &[f64], d: usize) -> Factors {
    let mut rest = q.to_vec();
    let mut reflectors = Vec::with_capacity(d.saturating_sub(1) * d);
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
        let Scaled { v, tau, .. } = Scaled::new(&v);
        reflect_rows(&v, tau, &mut rest);
        reflectors.extend(v);
    }
    Factors { reflectors, flip_last: rest[d * d - 1] < 0.0 }
}
