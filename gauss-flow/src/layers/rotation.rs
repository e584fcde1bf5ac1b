//! z = Q x with Q = H_1 H_2 ... H_r B orthogonal; `log_det` is 0.
//!
//! The batch sees the d × d product, so a block costs one matrix product forward and two back:
//! x̄ = Qᵀ z̄ and Q̄ = Σ z̄ xᵀ. The gradient of the reflectors follows from Q̄ once a batch, at a cost
//! that does not depend on the rows: reflection by reflection in few dimensions
//! ([`householder::Product`]), by matrix products in many (`compact.rs`).

use crate::error::{Error, InvalidLayer};
use crate::layer::{Layer, Pass, counted};
use crate::layers::BoundLayer;
use crate::layers::compact::Compact;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use gauss_math::simd::{LOGICAL_LANES, tree_sum};
use gauss_math::{householder, matrix};

/// From this dimension on faer's GEMM is the faster one.
const GEMM_DIM: usize = 16;
/// How far |BᵀB - I| may be from 0: far above rounding, far below what a wrong matrix has.
const ORTHOGONAL_TOL: f64 = 1e-8;

pub(crate) struct Shape {
    pub reflections: usize,
    pub base: bool,
}

impl crate::layer::Shape for Shape {
    fn name(&self) -> &'static str {
        "rotation"
    }

    fn describe(&self) -> String {
        if self.reflections == 0 && self.base {
            return "fixed".to_owned();
        }
        let base = if self.base { " after a fixed rotation" } else { "" };
        counted(self.reflections, "reflection") + base
    }

    fn n_params(&self, dim: usize) -> usize {
        let base = if self.base { dim.saturating_mul(dim) } else { 0 };
        self.n_trainable(dim).saturating_add(base)
    }

    fn n_trainable(&self, dim: usize) -> usize {
        dim.saturating_mul(self.reflections)
    }

    fn validate(&self, dim: usize, params: &[f64]) -> Result<(), InvalidLayer> {
        let (reflectors, base) = params.split_at(self.reflections * dim);
        let is_zero = |v: &[f64]| v.iter().all(|x| *x == 0.0);
        if let Some(index) = reflectors.chunks_exact(dim).position(is_zero) {
            return Err(InvalidLayer::ZeroReflector { index });
        }
        if base.is_empty() {
            Ok(())
        } else {
            check_orthogonal(MatRef::from_row_major_slice(base, dim, dim))
        }
    }

    fn bind(&self, dim: usize) -> BoundLayer {
        let compact = (dim >= GEMM_DIM && self.reflections > 0)
            .then(|| Box::new(Compact::new(dim, self.reflections)));
        BoundLayer::Rotation(Rotation {
            dim,
            reflections: self.reflections,
            product: householder::Product::default(),
            compact,
            base: self.base.then(Vec::new),
            q: Vec::new(),
            q_transposed: Vec::new(),
            work: Vec::new(),
        })
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Rotation {
    dim: usize,
    reflections: usize,
    product: householder::Product,
    /// From [`GEMM_DIM`] on, with reflections.
    compact: Option<Box<Compact>>,
    base: Option<Vec<f64>>,
    /// Q, row-major.
    q: Vec<f64>,
    /// Qᵀ, row-major, for [`matrix::multiply`]: below [`GEMM_DIM`] only.
    q_transposed: Vec<f64>,
    work: Vec<f64>,
}

impl Rotation {
    fn multiply(&self, transposed: bool, x: &[f64], z: &mut [f64], n: usize) {
        let d = self.dim;
        if d < GEMM_DIM {
            let q = if transposed { &self.q_transposed } else { &self.q };
            matrix::multiply(q, x, z, n);
        } else {
            // A block [d][n] is, column-major, the matrix Xᵀ (n × d): Zᵀ = Xᵀ Qᵀ.
            let q = MatRef::from_row_major_slice(&self.q, d, d);
            let q = if transposed { q } else { q.transpose() };
            let x = MatRef::from_column_major_slice(x, n, d);
            let z = MatMut::from_column_major_slice_mut(z, n, d);
            matmul(z, Accum::Replace, x, q, 1.0, Par::Seq);
        }
    }
}

impl Layer for Rotation {
    /// Parameters: reflectors `[r][d]`, then B `[d][d]` if there is a base.
    fn set(&mut self, params: &[f64]) {
        let dim = self.dim;
        let (reflectors, base) = params.split_at(self.reflections * dim);
        self.q.clear();
        if let Some(kept) = &mut self.base {
            kept.clear();
            kept.extend_from_slice(base);
            self.q.extend_from_slice(base);
        } else {
            self.q.resize(dim * dim, 0.0);
            self.q.iter_mut().step_by(dim + 1).for_each(|q| *q = 1.0);
        }
        if dim < GEMM_DIM {
            self.product.set(reflectors, dim);
            self.product.expand(&mut self.q, &mut self.work);
            self.q_transposed.resize(dim * dim, 0.0);
            for i in 0..dim {
                for j in 0..dim {
                    self.q_transposed[j * dim + i] = self.q[i * dim + j];
                }
            }
        } else if let Some(compact) = &mut self.compact {
            compact.expand(reflectors, self.base.is_some(), &mut self.q);
        }
    }

    fn forward(&self, x: &[f64], _: &[f64], z: &mut [f64], log_det: &mut [f64], _: &mut Vec<f64>) {
        self.multiply(false, x, z, log_det.len());
    }

    fn forward_row(&self, x: &[f64], _: &[f64], z: &mut [f64], _: &mut f64, _: &mut Vec<f64>) {
        if self.dim < GEMM_DIM {
            matrix::multiply_row(&self.q_transposed, x, z);
        } else {
            for (row, z) in self.q.chunks_exact(self.dim).zip(z) {
                *z = dot(row, x);
            }
        }
    }

    fn inverse(&self, z: &[f64], _: &[f64], x: &mut [f64], n: usize, _: &mut Vec<f64>) {
        self.multiply(true, z, x, n);
    }

    fn backward(
        &self,
        pass: Pass<'_>,
        _: &[f64],
        x_bar: &mut [f64],
        _: &mut [f64],
        _: &mut Vec<f64>,
        sums: &mut [f64],
    ) {
        let (d, n) = (self.dim, pass.log_det_bar.len());
        self.multiply(true, pass.z_bar, x_bar, n);
        if sums.is_empty() {
            return; // nothing trainable, or not asked for
        }
        if d < GEMM_DIM {
            matrix::add_outer(pass.z_bar, pass.x, sums, n);
        } else {
            let q_bar = MatMut::from_row_major_slice_mut(sums, d, d);
            let z_bar = MatRef::from_row_major_slice(pass.z_bar, d, n);
            let x = MatRef::from_column_major_slice(pass.x, n, d);
            matmul(q_bar, Accum::Add, z_bar, x, 1.0, Par::Seq);
        }
    }

    fn n_sums(&self) -> usize {
        if self.reflections == 0 { 0 } else { self.dim * self.dim }
    }

    fn finish_gradient(&self, q_bar: &[f64], grad: &mut [f64], work: &mut Vec<f64>) {
        let grad = &mut grad[..self.reflections * self.dim];
        let base = self.base.as_deref();
        if let Some(compact) = &self.compact {
            compact.gradient(base, q_bar, grad, work);
        } else if !grad.is_empty() {
            self.product.gradient(base, q_bar, grad, work);
        }
    }
}

/// Σ a b, in as many partial sums as the processor can add at once.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; LOGICAL_LANES];
    let (a, a_rest) = a.as_chunks::<LOGICAL_LANES>();
    let (b, b_rest) = b.as_chunks::<LOGICAL_LANES>();
    for (a, b) in a.iter().zip(b) {
        for (lane, (a, b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
            *lane += a * b;
        }
    }
    tree_sum(lanes) + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>()
}

fn check_orthogonal(b: MatRef<'_, f64>) -> Result<(), InvalidLayer> {
    let gram = b.transpose() * b;
    let mut deviation = 0.0_f64;
    for i in 0..b.ncols() {
        for j in 0..b.ncols() {
            let identity = if i == j { 1.0 } else { 0.0 };
            let own = (gram[(i, j)] - identity).abs();
            if own.is_nan() || own > deviation {
                deviation = own; // once NaN, always NaN
            }
        }
    }
    if deviation <= ORTHOGONAL_TOL {
        Ok(())
    } else {
        Err(InvalidLayer::NotOrthogonal { deviation })
    }
}

/// The parameters of [`Rotation`](crate::LayerSpec::Rotation) `{ reflections, base }` whose Q is
/// the orthogonal matrix `q` (d × d).
///
/// The first reflectors are those of q's exact factorisation
/// ([`gauss_math::householder::factor`]); whatever they leave goes into the frozen base. Surplus
/// reflectors come in pairs that cancel. Without a base there must be at least d - 1
/// reflections, of which the parity fits: det q = (-1)^reflections.
///
/// # Errors
/// [`Error::NeedsBase`] where q is no product of `reflections` reflections; [`Error::Columns`]
/// where it is not square, and [`Error::InvalidLayer`] (of layer 0) where it is not orthogonal.
pub fn params_for_orthogonal(
    q: MatRef<'_, f64>,
    reflections: usize,
    base: bool,
) -> Result<Vec<f64>, Error> {
    let d = q.nrows();
    if d == 0 {
        return Err(Error::NoDimensions);
    }
    if q.ncols() != d {
        return Err(Error::Columns { expected: d, got: q.ncols() });
    }
    check_orthogonal(q).map_err(|reason| Error::InvalidLayer { layer: 0, reason })?;
    let rows: Vec<f64> = (0..d).flat_map(|i| (0..d).map(move |j| q[(i, j)])).collect();
    let factors = householder::factor(&rows, d);
    let used = reflections.min(d - 1);
    let mut params = factors.reflectors[..used * d].to_vec();
    let unit = |i: usize| (0..d).map(move |j| if i == j { 1.0 } else { 0.0 });
    // A surplus reflector carries the sign of the last coordinate, or is undone by the base.
    let mut surplus = reflections - used;
    let mut exact = used == d - 1;
    if surplus % 2 == 1 {
        params.extend(unit(d - 1));
        surplus -= 1;
        exact &= factors.flip_last;
    } else {
        exact &= !factors.flip_last;
    }
    for pair in 0..surplus / 2 {
        params.extend(unit(pair % d));
        params.extend(unit(pair % d));
    }
    if base {
        if exact {
            params.extend(householder::identity(d));
        } else {
            // B = (H_1 ... H_r)ᵀ Q, the reflections applied from the left in their own order.
            let reversed: Vec<f64> = params.chunks_exact(d).rev().flatten().copied().collect();
            let mut rest = rows;
            householder::expand(&reversed, d, &mut rest);
            params.extend(rest);
        }
    } else if !exact {
        return Err(Error::NeedsBase { reflections });
    }
    Ok(params)
}
