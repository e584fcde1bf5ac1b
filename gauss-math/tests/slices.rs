//! Functions over slices are those of single values, and a mixture's are those of its logarithms.

use gauss_math::mixture::Mixture;
use gauss_math::{normal, slice};

/// Two routes to the same value, each within its own budget.
const TOL: f64 = 10.0 * f64::EPSILON;

/// From far below to far above, with what is no number.
fn values() -> Vec<f64> {
    let mut x: Vec<f64> = (-4000..=4000).map(|i| f64::from(i) * 0.011).collect();
    x.extend([0.0, -0.0, 1e-300, -1e308, 1e308, f64::INFINITY, f64::NEG_INFINITY, f64::NAN]);
    x
}

fn assert_alike(got: f64, want: f64, at: f64) {
    let same = got == want || got.is_nan() && want.is_nan();
    assert!(
        same || (got - want).abs() <= TOL * want.abs().max(f64::MIN_POSITIVE),
        "{at:e}: {got:e} {want:e}"
    );
}

#[test]
fn slices_are_single_values_of_any_number() {
    let x = values();
    type OverSlice = fn(&[f64], &mut [f64]);
    let functions: [(OverSlice, fn(f64) -> f64); 3] = [
        (slice::cdf, normal::cdf),
        (slice::log_pdf, normal::log_pdf),
        (slice::log_cdf, normal::log_cdf),
    ];
    for (over_slice, of_one) in functions {
        for n in [0, 1, 15, 16, 17, 300, x.len()] {
            let mut out = vec![0.0; n];
            over_slice(&x[x.len() - n..], &mut out);
            for (x, got) in x[x.len() - n..].iter().zip(out) {
                assert_alike(got, of_one(*x), *x);
            }
        }
    }
}

#[test]
fn quantiles_lead_back_and_keep_to_their_domain() {
    let mut p: Vec<f64> = (0..=2000).map(|i| f64::from(i) / 2000.0).collect();
    p.extend([1e-320, 1e-301, 1e-299, 1e-20, 0.5 + f64::EPSILON, -0.1, 1.1, f64::NAN]);
    let mut z = vec![0.0; p.len()];
    slice::quantile(&p, &mut z);
    for (p, z) in p.iter().zip(z) {
        let want = normal::quantile(*p);
        let same = z == want || z.is_nan() && want.is_nan();
        assert!(same || (z - want).abs() <= TOL * want.abs().max(1.0), "{p:e}: {z} {want}");
    }
}

#[test]
fn a_mixture_is_what_its_logarithms_say() {
    let mixture = Mixture::new(&[0.0, 1.0, -2.0], &[-1.0, 0.5, 9.0], &[0.0, -1.0, 1.0]);
    for i in -400..=400 {
        let x = f64::from(i) * 0.1;
        assert_alike(mixture.pdf(x), mixture.log_pdf(x).exp(), x);
        assert_alike(mixture.cdf(x), mixture.log_cdf(x).exp(), x);
        assert_alike(mixture.sf(x), mixture.log_sf(x).exp(), x);
        assert!((mixture.cdf(x) + mixture.sf(x) - 1.0).abs() <= TOL);
    }
    for p in [1e-12, 0.01, 0.3, 0.5, 0.9, 0.999] {
        let x = mixture.quantile(p);
        assert!((mixture.cdf(x) / p - 1.0).abs() < 1e-12, "{p}: {}", mixture.cdf(x));
    }
    assert_eq!(mixture.quantile(0.0), f64::NEG_INFINITY);
    assert!(mixture.quantile(1.5).is_nan());
}
