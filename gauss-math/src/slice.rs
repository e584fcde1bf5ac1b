//! The elementary functions over slices.
//!
//! Each takes any length; the last, partial vector is done in a padded copy. Bounds are those
//! of [`crate::simd`]; arguments outside a function's domain go through [`crate::normal`]'s
//! scalar code where the documentation says so.

use crate::normal;
use crate::simd::{self, LOGICAL_LANES, Pack, SIDE_BY_SIDE};
use pulp::{Simd, WithSimd};

macro_rules! slice_function {
    ($(#[$doc:meta])* $name:ident, $kernel:ident, $pad:expr, $function:path) => {
        struct $kernel<'a>(&'a [f64], &'a mut [f64]);

        impl WithSimd for $kernel<'_> {
            type Output = ();
            #[inline(always)]
            fn with_simd<S: Simd>(self, s: S) {
                let (x, out) = (simd::vectors::<S>(self.0), simd::vectors_mut::<S>(self.1));
                for i in (0..x.len()).step_by(SIDE_BY_SIDE) {
                    $function(Pack::<S, SIDE_BY_SIDE>::load(s, x, i)).store(out, i);
                }
            }
        }

        $(#[$doc])*
        ///
        /// # Panics
        /// When the slices' lengths differ.
        pub fn $name(x: &[f64], out: &mut [f64]) {
            assert_eq!(x.len(), out.len());
            let whole = x.len() / LOGICAL_LANES * LOGICAL_LANES;
            simd::run($kernel(&x[..whole], &mut out[..whole]));
            if whole < x.len() {
                let rest = x.len() - whole;
                let mut buffer = [$pad; LOGICAL_LANES];
                buffer[..rest].copy_from_slice(&x[whole..]);
                let mut result = [0.0; LOGICAL_LANES];
                simd::run($kernel(&buffer, &mut result));
                out[whole..].copy_from_slice(&result[..rest]);
            }
        }
    };
}

slice_function!(
    /// `out[i]` = e^`x[i]` for x <= 709: 0 below -708, NaN for NaN; relative error <= 1.5 ε.
    exp, Exp, 0.0, simd::exp
);
slice_function!(
    /// `out[i]` = ln `x[i]` for normal x > 0; relative error <= 2 ε.
    ln, Ln, 1.0, simd::ln
);
slice_function!(
    /// `out[i]` = -Φ⁻¹(`x[i]`) >= 0 for x in [1e-300, ½]; error <= 4.5 ε max(1, |z|).
    upper_quantile, UpperQuantile, 0.5, simd::upper_quantile
);

struct PdfAndTail<'a> {
    x: &'a [f64],
    pdf: &'a mut [f64],
    tail: &'a mut [f64],
}

impl WithSimd for PdfAndTail<'_> {
    /// Whether every x was near enough to the centre.
    type Output = bool;
    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) -> bool {
        let x = simd::vectors::<S>(self.x);
        let (pdf, tail) = (simd::vectors_mut::<S>(self.pdf), simd::vectors_mut::<S>(self.tail));
        let mut all_near = true;
        for i in (0..x.len()).step_by(SIDE_BY_SIDE) {
            let distance = Pack::<S, SIDE_BY_SIDE>::load(s, x, i).abs();
            all_near &= distance.less(FAR).all();
            let a = distance.min(simd::T_MAX);
            let e = simd::exp_neg_half_square(a);
            let (p, q) = simd::mills(a);
            (e * normal::INV_SQRT_2PI).store(pdf, i);
            (e * p / q).store(tail, i);
        }
        all_near
    }
}

/// The scalar code takes over well before φ and Φ's tail become subnormal.
const FAR: f64 = 35.0;

/// `pdf[i]` = φ(`x[i]`) and `tail[i]` = Φ(-|`x[i]`|), from one exponential; any x, NaN for NaN;
/// relative errors <= 2.5 ε and 4.5 ε.
///
/// # Panics
/// When the slices' lengths differ.
pub fn pdf_and_tail(x: &[f64], pdf: &mut [f64], tail: &mut [f64]) {
    assert!(x.len() == pdf.len() && x.len() == tail.len());
    let whole = x.len() / LOGICAL_LANES * LOGICAL_LANES;
    let kernel = PdfAndTail { x: &x[..whole], pdf: &mut pdf[..whole], tail: &mut tail[..whole] };
    let all_near = simd::run(kernel);
    let scalar = if all_near { whole.. } else { 0.. };
    for i in scalar.start..x.len() {
        if i >= whole || !(x[i].abs() < FAR) {
            (pdf[i], tail[i]) = (normal::pdf(x[i]), normal::cdf(-x[i].abs()));
        }
    }
}

/// Values that go through a kernel's buffers at a time.
const PIECE: usize = 256;

/// `out[i]` = Φ(`x[i]`); any x, NaN for NaN; relative error <= 5 ε.
///
/// ```
/// let mut p = [0.0; 3];
/// gauss_math::slice::cdf(&[-30.0, 0.0, 2.0], &mut p);
/// assert!(p[0] > 0.0 && p[1] == 0.5 && (p[2] - 0.977_249_868_051_820_8).abs() < 1e-15);
/// ```
///
/// # Panics
/// When the slices' lengths differ.
pub fn cdf(x: &[f64], out: &mut [f64]) {
    assert_eq!(x.len(), out.len());
    let mut pdf = [0.0; PIECE];
    for (x, out) in x.chunks(PIECE).zip(out.chunks_mut(PIECE)) {
        pdf_and_tail(x, &mut pdf[..x.len()], out);
        for (p, x) in out.iter_mut().zip(x) {
            if *x > 0.0 {
                *p = 1.0 - *p;
            }
        }
    }
}

/// `out[i]` = ln φ(`x[i]`); any x, NaN for NaN; error <= 2 ε max(1, |ln φ|).
///
/// # Panics
/// When the slices' lengths differ.
pub fn log_pdf(x: &[f64], out: &mut [f64]) {
    assert_eq!(x.len(), out.len());
    out.iter_mut().zip(x).for_each(|(out, x)| *out = normal::log_pdf(*x));
}

/// `out[i]` = ln Φ(`x[i]`), by [`normal::log_cdf`] and with its error; any x, NaN for NaN.
///
/// # Panics
/// When the slices' lengths differ.
pub fn log_cdf(x: &[f64], out: &mut [f64]) {
    assert_eq!(x.len(), out.len());
    out.iter_mut().zip(x).for_each(|(out, x)| *out = normal::log_cdf(*x));
}

/// `out[i]` = Φ⁻¹(`p[i]`): ∓∞ at 0 and 1, NaN outside and for NaN; error <= 4.5 ε max(1, |z|).
///
/// ```
/// let mut z = [0.0; 3];
/// gauss_math::slice::quantile(&[0.0, 0.5, 0.975], &mut z);
/// assert!(z[0] == f64::NEG_INFINITY && z[1] == 0.0 && (z[2] - 1.959_963_984_540_054).abs() < 1e-14);
/// ```
///
/// # Panics
/// When the slices' lengths differ.
pub fn quantile(p: &[f64], out: &mut [f64]) {
    assert_eq!(p.len(), out.len());
    let mut smaller = [0.0; PIECE];
    for (p, out) in p.chunks(PIECE).zip(out.chunks_mut(PIECE)) {
        // 1 - p is exact from a half on.
        let tails = smaller[..p.len()].iter_mut().zip(p);
        tails.for_each(|(tail, p)| *tail = if *p > 0.5 { 1.0 - p } else { *p });
        upper_quantile(&smaller[..p.len()], out);
        for ((z, p), tail) in out.iter_mut().zip(p).zip(&smaller) {
            if !(*tail >= LEAST) {
                *z = normal::quantile(*p);
            } else if *p <= 0.5 {
                *z = 0.0 - *z; // no -0
            }
        }
    }
}

/// The kernel's domain begins here.
const LEAST: f64 = 1e-300;
