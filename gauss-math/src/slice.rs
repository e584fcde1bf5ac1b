//! The elementary functions over slices.
//!
//! Each takes any length; the last, partial vector is done in a padded copy. Bounds are those
//! of [`crate::simd`]; arguments outside a function's domain go through [`crate::normal`]'s
//! scalar code where the documentation says so.

use crate::normal;
use crate::simd::{self, LOGICAL_LANES, TINY};
use pulp::{Simd, WithSimd};

macro_rules! slice_function {
    ($(#[$doc:meta])* $name:ident, $kernel:ident, $pad:expr, $function:path) => {
        struct $kernel<'a>(&'a [f64], &'a mut [f64]);

        impl WithSimd for $kernel<'_> {
            type Output = ();
            #[inline(always)]
            fn with_simd<S: Simd>(self, s: S) {
                let out = simd::vectors_mut::<S>(self.1);
                for (x, out) in simd::vectors::<S>(self.0).iter().zip(out) {
                    *out = $function(s, *x);
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
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let pdf = simd::vectors_mut::<S>(self.pdf);
        let tail = simd::vectors_mut::<S>(self.tail);
        for (x, (pdf, tail)) in simd::vectors::<S>(self.x).iter().zip(pdf.iter_mut().zip(tail)) {
            let a = s.min_f64s(s.splat_f64s(simd::T_MAX), s.abs_f64s(*x));
            let e = simd::exp_neg_half_square(s, a);
            *pdf = s.mul_f64s(e, s.splat_f64s(normal::INV_SQRT_2PI));
            *tail = s.mul_f64s(e, simd::mills(s, a));
        }
    }
}

/// `pdf[i]` = φ(`x[i]`) and `tail[i]` = Φ(-|`x[i]`|), from one exponential; any x, NaN for NaN;
/// relative errors <= 2.5 ε and 4.5 ε.
///
/// # Panics
/// When the slices' lengths differ.
pub fn pdf_and_tail(x: &[f64], pdf: &mut [f64], tail: &mut [f64]) {
    assert!(x.len() == pdf.len() && x.len() == tail.len());
    let whole = x.len() / LOGICAL_LANES * LOGICAL_LANES;
    simd::run(PdfAndTail { x: &x[..whole], pdf: &mut pdf[..whole], tail: &mut tail[..whole] });
    tail[whole..].fill(f64::NAN); // the rest is left to the scalar code
    for ((&x, pdf), tail) in x.iter().zip(pdf).zip(tail) {
        if !(*tail >= TINY) || !(x.abs() < simd::T_MAX) {
            (*pdf, *tail) = (normal::pdf(x), normal::cdf(-x.abs()));
        }
    }
}
